"""Cross-attention: the queries come from one thing, the keys from another, as a decoder's from its tokens and from what the
encoder has made (Vaswani et al., arXiv 1706.03762, sec. 3.2.3), or a latent's from a parameter and from the input.
"""

from archscope.graph import Node, kinds
from archscope.views.recognition.dataflow import Flow
from archscope.views.recognition.found import Attention, Recurrence

_SUMS = 1  # that are looked behind: positions that are added to the queries, or a cache of keys


def is_cross(flow: Flow, queries: int, keys: int) -> bool:
    """Whether nothing that queries are made of is among what keys are made of, back to the attention or recurrence before."""
    return _made_of(flow, queries).isdisjoint(_made_of(flow, keys))


def _made_of(flow: Flow, tensor: int) -> set[int]:
    """The tensors behind this one, past layers, norms and whatever else reads one tensor only."""
    left_at: dict[int, int] = {}
    waiting = [(tensor, _SUMS)]
    while waiting:
        at, left = waiting.pop()
        if left_at.get(at, -1) >= left:
            continue
        left_at[at] = left
        made = flow.maker(at)
        read = _read(flow, made) if made is not None else set()
        left -= len(read) > 1
        if left >= 0:
            waiting += [(t, left) for t in sorted(read)]
    return set(left_at)


def _read(flow: Flow, node: Node) -> set[int]:
    """The activations that an operator reads, or what it is recognised as part of; none of attention or a recurrence."""
    found = flow.claimed_by(node)
    if found is not None and isinstance(found.facts, (Attention, Recurrence)):
        return set()
    if kinds.kind(node) == kinds.RECURRENT or (kinds.kind(node) == kinds.PRODUCT and not node.params):
        return set()
    nodes = found.nodes if found is not None else (node,)
    written = {t for one in nodes for t in one.outputs}
    return {t for one in nodes for t in one.inputs if t not in written and not flow.is_constant(t)}
