"""Attention (Vaswani et al., "Attention Is All You Need", arXiv 1706.03762): softmax(Q K^T) V, however it is spelled: with
matmul, einsum, `scaled_dot_product_attention`, `nn.MultiheadAttention`, with masks, biases, windows, shared keys.

Recognised by two products of activations with a softmax between them, the second of which sums over the keys that the first has
made. A softmax that leads to no product, or comes from none, is none.
"""

from collections.abc import Iterator
from math import prod

from archscope.graph import Node, kinds
from archscope.views.recognition.cross_attention import is_cross
from archscope.views.recognition.dataflow import Flow, is_move
from archscope.views.recognition.found import Attention, Found

NEEDS = frozenset({
    "softmax", "_softmax", "_safe_softmax", "scaled_dot_product_attention", "_scaled_dot_product_attention_math",
    "_scaled_dot_product_flash_attention", "_scaled_dot_product_flash_attention_for_cpu",
    "_scaled_dot_product_efficient_attention", "_scaled_dot_product_cudnn_attention",
    "_scaled_dot_product_fused_attention_overrideable",
})  # fmt: skip
_FUSED = frozenset(name for name in NEEDS if "scaled_dot_product" in name)
_REPEATS = frozenset({"mul", "div", "repeat_interleave", "repeat", "index_select"})
_FARTHEST = 12  # operators between a product and the softmax
_MOST = 80  # operators in one attention
_BETWEEN = frozenset({
    "add", "sub", "mul", "div", "where", "masked_fill", "tanh", "clamp", "clamp_min", "maximum", "cat", "dropout",
    "native_dropout", "constant_pad_nd", "sigmoid", "pow", "exp",
})  # fmt: skip


def find(flow: Flow) -> Iterator[Found]:
    """Every attention of the network."""
    for node in flow.nodes:
        if node.name not in NEEDS or node.id not in flow.live:
            continue
        found = _fused(flow, node) if node.name in _FUSED else _spelled(flow, node)
        if found is not None:
            yield found


def _fused(flow: Flow, node: Node) -> Found | None:
    if len(node.inputs) < 3:
        return None
    q, k = flow.shape(node.inputs[0]), flow.shape(node.inputs[1])
    if len(q) < 3 or len(k) != len(q):
        return None
    heads, shared = (q[-3], k[-3]) if len(q) > 3 else (1, 1)
    apart = prod(q[:-3]) // max(flow.graph.batch, 1) if len(q) > 3 else 1
    cross = is_cross(flow, *node.inputs[:2])
    facts = Attention(q[-2], k[-2], heads, q[-1], shared if shared != heads else 0, max(apart, 1), cross)
    members = _with_scales(flow, {node.id})
    nodes = flow.between(members)
    return Found(nodes, node, kinds.ATTENTION, "attention", facts) if nodes is not None else None


def _spelled(flow: Flow, softmax: Node) -> Found | None:
    scores = _scores(flow, softmax.inputs[0], _FARTHEST)
    dim = softmax.attrs.get("dim")
    if scores is None or not isinstance(dim, int):
        return None
    made = flow.shape(softmax.outputs[0])
    over = made[dim]
    for values in _values(flow, softmax):
        keys = _contracted(flow, values, softmax)
        sides = flow.shape(scores.outputs[0])[-2:]
        if keys not in sides or not keys <= over <= keys + 8:  # sinks stand beside the keys
            continue
        queries = sides[0] if keys == sides[1] else sides[1]
        members = {scores.id, softmax.id, values.id}
        inner = flow.between(members)
        if inner is None or len(inner) > _MOST or not all(_may_lie_inside(flow, node, members) for node in inner):
            continue
        nodes = flow.between(_with_scales(flow, {node.id for node in inner})) or inner
        if not any(flow.is_claimed(node) for node in nodes):
            return Found(nodes, values, kinds.ATTENTION, "attention", _facts(flow, scores, made, dim, queries, keys))
    return None


def _scores(flow: Flow, tensor: int, farthest: int) -> Node | None:
    """The product of queries and keys that a softmax is taken of, behind scales, masks and biases."""
    made = flow.maker(tensor)
    if made is None or not farthest:
        return None
    if _is_product(made):
        return made
    if is_move(flow, made) or made.name in _BETWEEN or _mixes_heads(flow, made):
        found = (_scores(flow, t, farthest - 1) for t in made.inputs if not flow.is_constant(t))
        return next((node for node in found if node is not None), None)
    return None


def _values(flow: Flow, softmax: Node) -> Iterator[Node]:
    """The products that a softmax leads to, behind dropouts and what mixes heads."""
    waiting, seen = [(softmax.outputs[0], _FARTHEST)], set()
    while waiting:
        tensor, left = waiting.pop(0)
        for node in flow.reading(tensor):
            if node.id in seen:
                continue
            seen.add(node.id)
            if _is_product(node):
                yield node
            elif left and (is_move(flow, node) or node.name in _BETWEEN or _mixes_heads(flow, node)):
                waiting += [(t, left - 1) for t in node.outputs]


def _is_product(node: Node) -> bool:
    """Whether two activations are multiplied as matrices (neither is a weight)."""
    return kinds.kind(node) == kinds.PRODUCT and not node.params and len(node.inputs) == 2 + (node.name == "baddbmm")


def _mixes_heads(flow: Flow, node: Node) -> bool:
    """Whether it is a layer with weights on the scores (Shazeer et al., "Talking-Heads Attention", arXiv 2003.02436)."""
    layer = kinds.kind(node) in (kinds.LINEAR, kinds.CONVOLUTION) and len(node.inputs) == 1
    return layer and flow.numel(node.inputs[0]) == flow.numel(node.outputs[0])


def _may_lie_inside(flow: Flow, node: Node, ends: set[int]) -> bool:
    return node.id in ends or kinds.kind(node) not in kinds.WEIGHTED or _mixes_heads(flow, node)


def _contracted(flow: Flow, values: Node, softmax: Node) -> int:
    """Over how many places the second product sums."""
    first, second = (flow.shape(t) for t in values.inputs[-2:])
    weights_first = _comes_from(flow, values.inputs[-2], softmax)
    return (first[-1] if first else 0) if weights_first else (second[-2] if len(second) > 1 else 0)


def _comes_from(flow: Flow, tensor: int, softmax: Node) -> bool:
    for _ in range(_FARTHEST):
        made = flow.maker(tensor)
        if made is None or made.id <= softmax.id:
            return made is not None and made.id == softmax.id
        tensor = next((t for t in made.inputs if not flow.is_constant(t)), -1)
    return False


def _with_scales(flow: Flow, inside: set[int]) -> set[int]:
    """Also what only prepares queries, keys and values: scales, repeats of shared keys, products with positions."""
    inside = set(inside)
    waiting = [flow.node(number) for number in sorted(inside)]
    while waiting:
        for t in waiting.pop().inputs:
            made = flow.maker(t)
            if made is None or made.id in inside or len(inside) > _MOST or flow.is_claimed(made):
                continue
            if _prepares(flow, made) and flow.is_only_for(made, inside):
                inside.add(made.id)
                waiting.append(made)
    return inside


def _prepares(flow: Flow, node: Node) -> bool:
    if is_move(flow, node):
        return True
    scales = node.name in ("mul", "div") and sum(not flow.is_constant(t) for t in node.inputs) == 1
    return scales or _is_product(node) or node.name in ("repeat_interleave", "repeat")


def _facts(flow: Flow, scores: Node, made: tuple[int, ...], dim: int, queries: int, keys: int) -> Attention:
    """Heads and tokens, from the shapes of the first product and of the softmax, `made`."""
    q, k = scores.inputs[-2:]  # before them, what a product is added to
    width, batch = flow.shape(q)[-1], flow.graph.batch
    rest = list(made)
    del rest[dim % len(made)]
    if queries in rest:
        rest.reverse()
        rest.remove(queries)
        rest.reverse()
    projected, apart_before = _projected(flow, q)
    if len(rest) > 1:
        heads, apart = rest[-1], prod(rest[:-1]) // batch
    elif rest and rest[0] % batch == 0:
        heads, apart = rest[0] // batch, 1
        if projected % (heads * width) and not apart_before:  # windows and heads in one dimension
            heads = 0
    else:
        heads, apart = 1, 1
    between_channels = (
        heads and queries == keys and projected and projected % (heads * width) and not projected % (heads * queries)
    )
    if between_channels:
        return Attention(0, 0, heads, queries)
    shared = _shared(flow, k, heads)
    return Attention(queries, keys, heads, width, shared, max(apart, 1), is_cross(flow, q, k))


def _projected(flow: Flow, queries: int) -> tuple[int, bool]:
    """How wide the layer that makes the queries is, and whether its heads are told apart by then already."""
    tensor = flow.origin(queries)
    while (made := flow.maker(tensor)) is not None:
        norm = flow.claimed_by(made)
        if norm is not None and norm.kind == kinds.NORMALISATION:
            tensor = flow.origin(norm.nodes[0].inputs[0])
            continue
        if made.name not in ("mul", "div"):
            break
        given = [t for t in made.inputs if not flow.is_constant(t)]
        if len(given) != 1:
            break
        tensor = flow.origin(given[0])
    features = flow.shape(tensor)
    return next((size for size in reversed(features) if size > 1), 0), len(features) > 3


def _shared(flow: Flow, keys: int, heads: int) -> int:
    """How many heads the keys have before they are repeated for those of the queries; 0 where each has its own."""
    whole = least = flow.numel(keys)
    tensor = keys
    while (made := flow.maker(tensor)) is not None and (
        is_move(flow, made) or made.name in ("mul", "repeat_interleave", "repeat")
    ):
        tensor = next((t for t in made.inputs if not flow.is_constant(t)), tensor)
        least = min(least, flow.numel(tensor))
    return heads * least // whole if least < whole and heads * least % whole == 0 else 0
