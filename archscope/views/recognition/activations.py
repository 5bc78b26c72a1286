"""Activation functions that are written out: GELU by erf, by tanh of a cube or by a sigmoid, SiLU, the square of ReLU."""

from collections.abc import Sequence

from archscope.graph import Node, kinds


def spelled_out(nodes: Sequence[Node]) -> str:
    """What pointwise operators are together, in execution order; "" for none that has a name."""
    names = [node.name for node in nodes]
    cube = any(node.name == "pow" and node.attrs.get("exponent") in (3, 3.0) for node in nodes)
    if "erf" in names or ("tanh" in names and cube):
        return "gelu"
    if names in (["relu", "square"], ["relu", "pow"]) and nodes[-1].attrs.get("exponent", 2) in (2, 2.0):
        return "squared relu"
    gates = names.count("sigmoid") == 1 and names[-1] == "mul" and len(nodes[-1].inputs) == 2
    factors = [node.attrs.get("other") for node in nodes if node.name == "mul" and len(node.inputs) == 1]
    if not gates or not set(names) <= {"sigmoid", "mul"}:
        return ""
    return "silu" if not factors else "gelu" if factors == [1.702] else ""


def activation(nodes: Sequence[Node]) -> str:
    """The one activation function among these operators, with the products and powers that belong to it; "" where there is none,
    or several.
    """
    found = [at for at, node in enumerate(nodes) if kinds.kind(node) == kinds.ACTIVATION]
    if len(found) != 1:
        return ""
    at = found[0]
    node = nodes[at]
    before = [one for one in nodes[:at] if node.inputs[0] in one.outputs and one.name == "mul" and len(one.inputs) == 1]
    behind = [one for one in nodes[at + 1 :] if node.outputs[0] in one.inputs and one.name in ("mul", "pow", "square")]
    of = (before[-1] if before else node).inputs[0]
    whole = [*before, node, *(one for one in behind if one.name != "mul" or of in one.inputs)]
    return spelled_out(whole) or kinds.word(node)
