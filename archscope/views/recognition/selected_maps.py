"""One convolution whose filters each read some of the maps, spelled as several: LeNet-5's C3 with its table, AlexNet's halves.

Parallel convolutions with one window, whose inputs select channels of one tensor and whose outputs are concatenated.
"""

from collections.abc import Iterator

from archscope.graph import Node, kinds
from archscope.views.recognition.dataflow import Flow, is_move
from archscope.views.recognition.found import Found

NEEDS = frozenset({"cat"})
_SELECTS = frozenset(
    {"cat", "index_select", "index", "slice", "select", "split", "chunk", "narrow", "unbind", "split_with_sizes"}
)


def find(flow: Flow) -> Iterator[Found]:
    """The concatenations of such convolutions."""
    for node in flow.nodes:
        if node.name != "cat" or node.id not in flow.live or is_move(flow, node) or len(node.inputs) < 2:
            continue
        made = [flow.maker(t) for t in node.inputs]
        parallel = [conv for conv in made if conv is not None and kinds.kind(conv) == kinds.CONVOLUTION]
        if len(parallel) < len(node.inputs) or len({str(_window(conv)) for conv in parallel}) > 1:
            continue
        found = _joined(flow, node, parallel)
        if found is not None:
            yield found


def _window(conv: Node) -> list[object]:
    return [conv.attrs.get(name) for name in ("kernel", "stride", "padding", "dilation", "transposed")]


def _joined(flow: Flow, concat: Node, parallel: list[Node]) -> Found | None:
    """The convolutions with what selects their inputs and adds their bias, where all of them select from one tensor."""
    members, sources, selecting = {concat.id, *(conv.id for conv in parallel)}, set(), 0
    waiting = [conv.inputs[0] for conv in parallel]
    while waiting:
        tensor = waiting.pop()
        made = flow.maker(tensor)
        if made is not None and made.name in _SELECTS and not made.params:
            selecting += made.name == "cat"
            members |= {made.id} if kinds.kind(made) != kinds.RESHAPE else set()
            waiting += made.inputs
        else:
            sources.add(tensor)
    if len(sources) != 1 or not selecting:
        return None
    nodes = flow.between(members)
    return None if nodes is None else Found(nodes, parallel[0], kinds.CONVOLUTION, "conv")
