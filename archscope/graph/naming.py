"""What an operator is called where it stands: an instance norm runs as a batch norm, and what is around it tells which it is."""

from collections.abc import Collection

from archscope.graph import kinds
from archscope.graph.graph import Graph
from archscope.graph.records import Node

INSTANCE_NORM = "in"
NORMS = {"bn": "batch norm", "in": "instance norm", "ln": "layer norm", "gn": "group norm"}  # what they are short for


def word(graph: Graph, node: Node) -> str:
    """What a paper would call it, as `kinds.word`; with what its place in the graph tells."""
    found = kinds.word(node)
    if found in ("bn", "gn"):
        return INSTANCE_NORM if _is_instance_norm(graph, node, found) else found
    if found == "upsample":
        return "resize" if _shrinks(graph, node) else found
    if found == "mean":
        return "global avg pool" if _is_over_all_places(graph, node) else found
    return found


def norms_explained(words: Collection[str]) -> str:
    """`"bn: batch norm. ln: layer norm."`: what the short names among these words are short for."""
    return " ".join(f"{short}: {name}." for short, name in NORMS.items() if short in words)


def _is_instance_norm(graph: Graph, node: Node, found: str) -> bool:
    """Whether a norm runs over each map of each example by itself: its module says so, or it is a batch norm by the statistics of
    its input over a single example whose channels are those of all examples side by side, as torch runs it.

    A batch of one has the same shapes either way: there the two views around it tell, which a batch norm has not.
    """
    module = graph.calls[node.call].type
    if "InstanceNorm" in module:
        return True
    if found != "bn" or "BatchNorm" in module or node.attrs.get("training") is not True or not node.inputs:
        return False
    before = graph.producer.get(node.inputs[0])
    if before is None or before.name not in _VIEWS or not before.inputs:
        return False
    given, taken = graph.shapes((before.inputs[0], node.inputs[0]))
    readers = graph.consumers.get(node.outputs[0], ())
    again = all(reader.name in _VIEWS and graph.tensors[reader.outputs[0]].shape == given for reader in readers)
    return len(given) > 2 and taken == (1, given[0] * given[1], *given[2:]) and bool(readers) and again


_VIEWS = frozenset({"view", "_unsafe_view", "reshape", "_reshape_copy"})


def _shrinks(graph: Graph, node: Node) -> bool:
    """Whether some side of what is resized becomes shorter."""
    if not node.inputs or not node.outputs:
        return False
    before, after = graph.shapes((node.inputs[0], node.outputs[0]))
    return len(before) == len(after) and any(b < a for a, b in zip(before[2:], after[2:], strict=True))


def _is_over_all_places(graph: Graph, node: Node) -> bool:
    """Whether a mean is over all places of maps whose channels are last: N x H x W x C."""
    dims = node.attrs.get("dim")
    if not node.inputs or not isinstance(dims, list):
        return False
    shape = graph.tensors[node.inputs[0]].shape
    over = sorted(dim % len(shape) for dim in dims if isinstance(dim, int)) if shape else []
    if len(shape) not in (4, 5) or over != [*range(1, len(shape) - 1)]:
        return False
    return _is_square(shape) or _has_channels_last(graph, node.inputs[0])


def _is_square(shape: tuple[int, ...]) -> bool:
    """Two equal sides of more than one place, and then a number of channels that differs: seldom anything but channels last."""
    return 1 < shape[-3] == shape[-2] != shape[-1]


def _has_channels_last(graph: Graph, tensor: int) -> bool:
    """Whether a layer that works along the last dimension made a tensor."""
    made = graph.producer.get(tensor)
    for _ in range(_BACK):
        if made is None or not made.inputs:
            return False
        if made.name == "native_layer_norm":
            return len(_listed(made.attrs.get("normalized_shape"))) == 1
        if kinds.kind(made) == kinds.LINEAR:
            return True
        if kinds.kind(made) not in (kinds.ACTIVATION, kinds.POINTWISE) and made.name not in _VIEWS:
            return False
        made = graph.producer.get(made.inputs[0])
    return False


_BACK = 16  # operators


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
