"""Norms that are written out operator by operator: x / rms(x), (x - mean) / sqrt(variance), x / |x|, with their weights."""

from collections.abc import Iterator

from archscope.graph import Node, kinds
from archscope.views.recognition.dataflow import Flow, is_move
from archscope.views.recognition.found import Found

NEEDS = frozenset({"rsqrt", "sqrt", "linalg_vector_norm", "pow"})


def find(flow: Flow) -> Iterator[Found]:
    """Root mean square and layer norms, and division by the length of a vector."""
    for node in flow.nodes:
        if node.id not in flow.live:
            continue
        if node.name in ("rsqrt", "sqrt") or (node.name == "pow" and node.attrs.get("exponent") in (-0.5, 0.5)):
            found = _by_spread(flow, node)
        elif node.name == "linalg_vector_norm":
            found = _by_length(flow, node)
        else:
            continue
        if found is not None:
            yield found


def _by_spread(flow: Flow, root: Node) -> Found | None:
    """From the root of a mean square or variance: what it is of, and what it divides."""
    at = _back(flow, root.inputs[0], ("add", "clamp_min", "clamp", "maximum"))
    spread = flow.maker(at)
    if spread is None or not _over_channels(flow, spread):
        return None
    squares = [] if spread.name == "var" else _square(flow, spread.inputs[0])
    if spread.name == "sum" and squares:
        divided = _divides(flow, root.outputs[0], flow.origin(squares[-1].inputs[0]), root.name == "rsqrt")
        inside = {spread.id, root.id, *(node.id for node in squares)}
        return None if divided is None else _with_weights(flow, inside | {divided.id}, divided, "L2 norm")
    if spread.name not in ("mean", "var") or (spread.name == "mean" and not squares):
        return None
    of = flow.origin(squares[-1].inputs[0] if squares else spread.inputs[0])
    inverse = root.name == "rsqrt" or root.attrs.get("exponent") == -0.5
    divided = _divides(flow, root.outputs[0], of, inverse)
    if divided is None:
        return None
    members = {spread.id, root.id, divided.id, *(node.id for node in squares)}
    weighted = next((t for t in divided.inputs if flow.origin(t) != flow.origin(root.outputs[0])), of)
    made = flow.maker(flow.origin(weighted))
    if made is not None and made.name == "mul" and _learned(flow, made) and flow.origin(weighted) != of:
        members.add(made.id)
        weighted = next(t for t in made.inputs if not flow.is_constant(t))
    centred = [*_centring(flow, of), *_centring(flow, flow.origin(weighted))]
    members |= {node.id for node in centred}
    word = "ln" if centred else "rms norm"
    return _with_weights(flow, members, divided, word) if centred or spread.name == "mean" else None


def _by_length(flow: Flow, length: Node) -> Found | None:
    if not _over_channels(flow, length):
        return None
    divided = _divides(flow, length.outputs[0], flow.origin(length.inputs[0]), inverse=False)
    return None if divided is None else _with_weights(flow, {length.id, divided.id}, divided, "L2 norm")


def _back(flow: Flow, tensor: int, past: tuple[str, ...]) -> int:
    """What a tensor is before casts and the small number that was added to it."""
    tensor = flow.origin(tensor)
    made = flow.maker(tensor)
    while made is not None and made.name in past and sum(not flow.is_constant(t) for t in made.inputs) == 1:
        tensor = flow.origin(next(t for t in made.inputs if not flow.is_constant(t)))
        made = flow.maker(tensor)
    return tensor


def _over_channels(flow: Flow, node: Node) -> bool:
    """Whether it is taken over the last dimension, or over the channels in their other place, and keeps the rest."""
    dims, rank = node.attrs.get("dim"), len(flow.shape(node.inputs[0])) if node.inputs else 0
    if isinstance(dims, int):
        dims = [dims]
    if not isinstance(dims, list) or len(dims) != 1 or not isinstance(dims[0], int) or rank < 2:
        return False
    return dims[0] % rank == rank - 1 or (dims[0] % rank == 1 and rank == 4)


def _square(flow: Flow, tensor: int) -> list[Node]:
    """The operator that squares; [] where there is none."""
    made = flow.maker(flow.origin(tensor))
    if made is None:
        return []
    by_itself = made.name == "mul" and len(made.inputs) == 2 and len({flow.origin(t) for t in made.inputs}) == 1
    alone = made.name == "mul" and len(made.inputs) == 1 and "other" not in made.attrs and not made.params
    squares = by_itself or alone or made.name == "square" or (made.name == "pow" and made.attrs.get("exponent") == 2)
    return [made] if squares else []


def _divides(flow: Flow, root: int, of: int, inverse: bool) -> Node | None:
    """The product (with the inverse root) or quotient that scales `of`, or what is left of it without its mean."""
    past = ("add", "clamp_min", "clamp", "maximum", "reciprocal")
    readers = flow.readers(root)
    while len(readers) == 1 and readers[0].name in past:
        inverse = inverse != (readers[0].name == "reciprocal")
        root = readers[0].outputs[0]
        readers = flow.readers(root)
    for node in readers:
        if node.name != ("mul" if inverse else "div") or len(node.inputs) != 2:
            continue
        first, second = map(flow.origin, node.inputs)
        scaled = second if first == flow.origin(root) else first
        made = flow.maker(scaled)
        if scaled != of and made is not None and made.name == "mul" and _learned(flow, made):
            scaled = flow.origin(next(t for t in made.inputs if not flow.is_constant(t)))
        if (inverse or first != flow.origin(root)) and (scaled == of or _without_mean(flow, scaled, of)):
            return node
    return None


def _without_mean(flow: Flow, tensor: int, of: int) -> bool:
    made, other = flow.maker(tensor), flow.maker(of)
    if made is None or made.name != "sub":
        return False
    return flow.origin(made.inputs[0]) in (of, flow.origin(other.inputs[0]) if other is not None and other.name == "sub" else of)


def _centring(flow: Flow, tensor: int) -> list[Node]:
    """The subtraction of the mean over the same dimension, and that mean; [] where `tensor` is not such a difference."""
    made = flow.maker(tensor)
    if made is None or made.name != "sub" or len(made.inputs) != 2:
        return []
    mean = flow.maker(flow.origin(made.inputs[1]))
    if mean is None or mean.name != "mean" or flow.origin(mean.inputs[0]) != flow.origin(made.inputs[0]):
        return []
    return [mean, made] if _over_channels(flow, mean) else []


def _with_weights(flow: Flow, members: set[int], last: Node, word: str) -> Found | None:
    """Also the multiplication by the weight and the addition of the bias behind it."""
    main = last
    for name in ("mul", "add"):
        after = flow.readers(last.outputs[0])
        if len(after) == 1 and after[0].name == name and _learned(flow, after[0]) and not flow.is_claimed(after[0]):
            last = after[0]
            members.add(last.id)
    nodes = flow.between(members)
    if nodes is None or any(flow.is_claimed(node) or kinds.kind(node) in kinds.WEIGHTED for node in nodes):
        return None
    return Found(nodes, main, kinds.NORMALISATION, word)


def _learned(flow: Flow, node: Node) -> bool:
    """Whether the other factor or summand is a parameter, or computed from nothing but parameters (1 + weight)."""
    if sum(not flow.is_constant(t) for t in node.inputs) != 1 or is_move(flow, node):
        return False
    return bool(node.params) or any(flow.is_constant(t) for t in node.inputs)
