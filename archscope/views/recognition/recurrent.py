"""Recurrent layers that a trace spells step by step: LSTM, GRU and plain recurrence, with all their steps, layers and directions;
and their cells, which take one step.

A module without modules inside that reads one square weight (a multiple of it for the gates) again and again; a cell reads it
once, beside one as high for what comes from below.
"""

from collections import Counter
from collections.abc import Iterator

from archscope.graph import Node, kinds
from archscope.views.recognition.dataflow import Flow
from archscope.views.recognition.found import Found, Recurrence

NEEDS = frozenset({"tanh", "relu", "sigmoid"})
_WORDS = {4: "LSTM", 3: "GRU", 1: "RNN"}  # by the number of products with the state


def find(flow: Flow) -> Iterator[Found]:
    """The layers, one for each run of a module."""
    graph = flow.graph
    used: dict[int, Counter[str]] = {}
    for node in flow.nodes:
        if kinds.kind(node) == kinds.LINEAR and node.params and not graph.children[node.call]:
            used.setdefault(node.call, Counter()).update(node.params)
    for call, counted in used.items():
        again = [name for name, times in counted.items() if times > 1]
        found = _layer(flow, call, again) if again else _cell(flow, call, [name for name in counted if "weight" in name])
        if found is not None:
            yield found


def _layer(flow: Flow, call: int, again: list[str]) -> Found | None:
    graph = flow.graph
    known = [(name, *_state(flow, name, again)) for name in _of_state(again)]
    known = [(name, gates, width) for name, gates, width in known if gates in _WORDS]
    nodes = tuple(node for node in graph.inside(call) if node.id in flow.live)
    if not known or not nodes or flow.between({node.id for node in nodes}) is None:
        return None
    _, gates, width = known[-1]
    if gates > 1 and not any(node.name == "sigmoid" for node in nodes):
        return None
    recurrent = [name for name, *sizes in known if sizes == [gates, width]]
    main, output = _result(flow, nodes)
    projected = next((graph.param[name].shape[0] for name in again if _PROJECTION in name), 0)
    both = flow.shape(output)[-1:] == (2 * (projected or width),)
    if both and len(recurrent) % 2:
        return None
    facts = Recurrence(width, max(len(recurrent) // (2 if both else 1), 1), both, projected)
    return Found(nodes, main, kinds.RECURRENT, _WORDS[gates], facts=facts, output=output)


def _of_state(again: list[str]) -> list[str]:
    """The weights that multiply the state, by torch's names: those that multiply what comes from below may look the same.
    All of them, where no name tells.
    """
    return [name for name in again if _STATE in name] or again


def _state(flow: Flow, name: str, again: list[str]) -> tuple[int, int]:
    """How many gates a weight is for, and the width of the state; (0, 0) where it is none of a state. What a projection makes of
    the state is narrower: there the projection tells the width.
    """
    shape = flow.graph.param[name].shape
    above = flow.graph.param[projection].shape if (projection := name.replace(_STATE, _PROJECTION)) in again else shape
    if len(shape) != 2 or len(above) != 2 or not above[1] or shape[0] % above[1]:
        return 0, 0
    return shape[0] // above[1], above[1]


_STATE, _PROJECTION = "_hh", "_hr"


def _cell(flow: Flow, call: int, weights: list[str]) -> Found | None:
    graph = flow.graph
    shapes = sorted(graph.param[name].shape for name in weights)
    if len(shapes) != 2 or any(len(shape) != 2 for shape in shapes) or shapes[0][0] != shapes[1][0]:
        return None
    width = next((shape[1] for name in weights if _STATE in name for shape in [graph.param[name].shape]), 0)
    gates, rest = divmod(shapes[0][0], width) if width else (0, 0)
    nodes = tuple(node for node in graph.inside(call) if node.id in flow.live)
    if rest or gates not in _WORDS or not nodes or flow.between({node.id for node in nodes}) is None:
        return None
    if not {"tanh", "relu"} & {node.name for node in nodes}:
        return None
    main, output = _result(flow, nodes)
    return Found(nodes, main, kinds.RECURRENT, f"{_WORDS[gates]} cell", facts=Recurrence(width, 1, False), output=output)


def _result(flow: Flow, nodes: tuple[Node, ...]) -> tuple[Node, int]:
    """The tensor that the layer hands on: the last that is read outside, else the last one."""
    inside = {node.id for node in nodes}
    for node in reversed(nodes):
        for t in node.outputs:
            if any(reader.id not in inside for reader in flow.reading(t)):
                return node, t
    last = next(node for node in reversed(nodes) if node.outputs)
    return last, last.outputs[0]
