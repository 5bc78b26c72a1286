"""Every rule against torch's own meta kernel, over random shapes, strides, dtypes and arguments: the same answer, or none."""

import re
from collections.abc import Callable
from math import prod
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archscope
from archscope.tracing.shape_rules import RULES

aten = torch.ops.aten
YOUNG = {"aten._grouped_mm.default"}  # not yet in the oldest torch that pyproject.toml allows


def resolved(name: str):
    """torch's own object for "aten.relu.default"; None where this torch has no such operator."""
    _, operator, kind = name.split(".")
    return getattr(getattr(aten, operator, None), kind, None)


# torch's meta kernel leaves out the workspace of an LSTM layer: that one is held against oneDNN, in training/test_kept.py.
OVERLOADS = {name: found for name in RULES if (found := resolved(name)) is not None and "mkldnn" not in name}
# An older torch keeps channels last through a convolution of meta tensors; the rule answers as the newest in every torch.
_LAST = torch.empty((1, 2, 3, 3), device="meta").to(memory_format=torch.channels_last)
OLD_FORMATS = not aten.convolution(
    _LAST, torch.empty((2, 2, 1, 1), device="meta"), None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1
).is_contiguous()
Draw = Callable[[st.SearchStrategy], Any]

# Mostly what networks use, and enough of the rest to show that the rules leave it to torch.
DTYPES = [torch.float32] * 6 + [torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool, torch.complex64]
SCALARS = st.one_of(st.integers(-3, 3), st.floats(-3, 3), st.booleans(), st.just(1j))


def tensor(draw: Draw, shape: tuple[int, ...], dtype: torch.dtype | None = None) -> torch.Tensor:
    """A meta tensor of this shape: contiguous, channels last, transposed, expanded or a slice."""
    kind = draw(st.sampled_from(DTYPES)) if dtype is None else dtype
    make = lambda *sizes: torch.empty(sizes, dtype=kind, device="meta")  # noqa: E731
    layout = draw(st.sampled_from(["contiguous"] * 5 + ["channels last", "permuted", "transposed", "expanded", "slice"]))
    if layout == "channels last" and len(shape) in (4, 5):
        form = torch.channels_last if len(shape) == 4 else torch.channels_last_3d
        return make(*shape).to(memory_format=form)
    if layout == "permuted":
        order = draw(st.permutations(range(len(shape))))
        return make(*(shape[at] for at in order)).permute([order.index(at) for at in range(len(shape))])
    if layout == "transposed" and len(shape) > 1:
        a, b = draw(st.integers(0, len(shape) - 1)), draw(st.integers(0, len(shape) - 1))
        swapped = list(shape)
        swapped[a], swapped[b] = swapped[b], swapped[a]
        return make(*swapped).transpose(a, b)
    if layout == "expanded" and shape:
        at = draw(st.integers(0, len(shape) - 1))
        return make(*shape[:at], 1, *shape[at + 1 :]).expand(shape)
    if layout == "slice" and shape:
        return make(*shape[:-1], 2 * shape[-1])[..., ::2]
    return make(*shape)


def shape(draw: Draw, rank: int | None = None, most: int = 6, least: int = 0) -> tuple[int, ...]:
    sizes = st.integers(max(least, 1), most) if draw(st.integers(0, 9)) else st.integers(least, most)
    rank = draw(st.integers(0, 5)) if rank is None else rank
    return tuple(draw(sizes) for _ in range(rank))


def broadcastable(draw: Draw, to: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that mostly broadcasts with `to`."""
    if draw(st.booleans()):
        return to
    sizes = [draw(st.sampled_from([size, size, 1])) for size in to][draw(st.integers(0, len(to))) :]
    return tuple(sizes) if draw(st.integers(0, 4)) else shape(draw)


def unary(draw):
    return (tensor(draw, shape(draw)),), {}


def softmax(draw):
    return (tensor(draw, shape(draw)), draw(st.integers(-6, 5)), draw(st.booleans())), {}


def safe_softmax(draw):
    dtypes = st.sampled_from([None, None, torch.float64])
    return (tensor(draw, shape(draw)), draw(st.integers(-6, 5))), {"dtype": draw(dtypes)}


def with_numbers(count: int) -> Callable:
    def make(draw):
        return (tensor(draw, shape(draw)), *(draw(st.floats(0, 1)) + at for at in range(draw(st.integers(0, count))))), {}

    return make


def clamped(*names: str) -> Callable:
    def make(draw):
        bounds = {name: draw(SCALARS) for name in names if draw(st.integers(0, 4))}
        return (tensor(draw, shape(draw)), *(() if len(names) > 1 else bounds.values())), bounds if len(names) > 1 else {}

    return make


def vector_norm(draw):
    (x, dims, keepdim), more = mean(draw)
    return (x, draw(st.sampled_from([2, 2.0, 1, 0, float("inf")])), dims, keepdim), more


def filled(draw):
    return (tensor(draw, shape(draw)), draw(SCALARS)), {}


def binary(draw):
    x = tensor(draw, shape(draw))
    y = tensor(draw, broadcastable(draw, tuple(x.shape)), draw(st.sampled_from([x.dtype] * 4 + DTYPES[-6:])))
    return (x, y), {}


def summed(draw):
    (x, y), _ = binary(draw)
    return (x, y), {"alpha": draw(st.sampled_from([1, 1, 2, 0.5, 1j, True]))} if draw(st.booleans()) else {}


def with_scalar(draw):
    return (tensor(draw, shape(draw)), draw(SCALARS)), {}


def cloned(draw):
    forms = [None, torch.preserve_format, torch.contiguous_format, torch.channels_last]
    x = tensor(draw, shape(draw))
    return (x,), {"memory_format": draw(st.sampled_from(forms))} if draw(st.booleans()) else {}


def viewed(draw):
    sizes = shape(draw, least=0)
    x = tensor(draw, sizes)
    halves = (2, x.numel() // 2) if x.numel() % 2 == 0 else (x.numel(), 1)
    return (x, list(draw(st.sampled_from([(x.numel(),), halves, sizes[::-1], (-1,), (*sizes, 2)])))), {}


def made(draw):
    sizes = draw(st.lists(st.integers(0, 9), max_size=4)) + draw(st.sampled_from([[], [], [], [-1]]))
    forms, layouts = [None, torch.contiguous_format, torch.channels_last], [None, torch.strided, torch.sparse_coo]
    settings = {"dtype": draw(st.sampled_from([None, *DTYPES])), "memory_format": draw(st.sampled_from(forms))}
    return (sizes,), {**settings, "layout": draw(st.sampled_from(layouts)), "device": torch.device("meta")}


def window(draw, axes: int, least: int, most: int) -> list[int]:
    sizes = draw(st.sampled_from([axes] * 5 + [1] * 2 + [axes + 1]))
    return [draw(st.integers(least, most)) for _ in range(sizes)]


def mostly(draw, ordinary: st.SearchStrategy, odd: st.SearchStrategy):
    return draw(ordinary if draw(st.integers(0, 9)) else odd)


def convolution(draw):
    axes = draw(st.sampled_from([1, 2, 2, 2, 3, 0]))
    groups = mostly(draw, st.sampled_from([1, 1, 2, 3]), st.integers(-1, 4))
    transposed = draw(st.booleans())
    per_group, out = draw(st.integers(1, 3)), draw(st.integers(1, 3)) * max(groups, 1)
    dtype = draw(st.sampled_from(DTYPES))
    kernel = [draw(st.integers(1, 3)) for _ in range(axes)]
    channels = per_group * max(groups, 1)
    x = tensor(draw, (draw(st.integers(0, 2)) if draw(st.booleans()) else 1, channels, *shape(draw, axes, 9)), dtype)
    lead = (channels, out // max(groups, 1)) if transposed else (out, per_group)
    weight = tensor(draw, (*lead, *kernel), dtype if draw(st.integers(0, 9)) else torch.float64)
    if not draw(st.integers(0, 9)):
        weight = tensor(draw, shape(draw, axes + 2, 3), dtype)
    bias = draw(st.sampled_from([None, "right", "right", "wrong"]))
    bias = None if bias is None else tensor(draw, (out,) if bias == "right" else shape(draw, 1), dtype)
    odd = [-1, 0] if not draw(st.integers(0, 9)) else [1, 0]
    return (
        x, weight, bias, window(draw, axes, odd[0], 3), window(draw, axes, odd[0] - (odd[0] > 0), 2), window(draw, axes, odd[0], 3),
        transposed, window(draw, axes, 0, 1), groups,
    ), {}  # fmt: skip


def pooling(indices: bool, axes: int = 2) -> Callable:
    def make(draw):
        x = tensor(draw, shape(draw, draw(st.sampled_from([*[axes + 2] * 4, axes + 1, axes])), 9))
        odd = 0 if not draw(st.integers(0, 9)) else 1
        arguments: list[Any] = [x, window(draw, axes, odd, 4)]
        rest = [
            lambda: window(draw, axes, odd, 3) if draw(st.integers(0, 3)) else [],
            lambda: window(draw, axes, odd - 1, 2),
            *([lambda: window(draw, axes, odd, 2)] if indices else []),
            lambda: draw(st.booleans()),
            *([] if indices else [lambda: draw(st.booleans()), lambda: draw(st.sampled_from([None, None, 3, 0]))]),
        ]
        arguments += [make() for make in rest[: draw(st.integers(0, len(rest)))]]
        return tuple(arguments), {}

    return make


def adaptive(draw):
    return (
        tensor(draw, shape(draw, draw(st.sampled_from([4, 4, 4, 3])), 9)),
        window(draw, 2, draw(st.sampled_from([1, 1, 1, 0])), 5),
    ), {}


def batch_norm(draw):
    x = tensor(draw, shape(draw, draw(st.integers(1, 5)), 5))
    channels = x.shape[1] if x.dim() > 1 else 1

    def vector(rarely_none: int):
        if not draw(st.integers(0, rarely_none)):
            return None
        size = channels if draw(st.integers(0, 19)) else channels + 1
        return tensor(draw, (size,), x.dtype if draw(st.integers(0, 9)) else torch.float64)

    weight, bias, mean, var = vector(4), vector(4), vector(9), vector(9)
    return (x, weight, bias, mean, var, draw(st.booleans()), 0.1, 1e-5), {}


def layer_norm(draw):
    sizes = shape(draw, draw(st.integers(1, 4)), 5)
    x = tensor(draw, sizes)
    axes = draw(st.integers(0, len(sizes)))
    over = list(sizes[len(sizes) - axes :]) if draw(st.integers(0, 9)) else list(shape(draw, axes))

    def vector():
        return (
            tensor(draw, tuple(over), x.dtype if draw(st.integers(0, 9)) else torch.float64) if draw(st.integers(0, 4)) else None
        )

    return (x, over, vector(), vector(), 1e-5), {}


def mean(draw):
    x = tensor(draw, shape(draw))
    dims = draw(st.one_of(st.none(), st.lists(st.integers(-5, 4), max_size=3)))
    return (x, dims, draw(st.booleans())), {"dtype": draw(st.sampled_from([None, torch.float64]))} if draw(st.booleans()) else {}


def group_norm(draw):
    sizes = shape(draw, draw(st.integers(1, 5)), 6)
    n, c = (*sizes, 1, 1)[:2]
    x = tensor(draw, sizes)

    def vector():
        size = c if draw(st.integers(0, 9)) else c + 1
        return tensor(draw, (size,), x.dtype if draw(st.integers(0, 9)) else torch.float64) if draw(st.integers(0, 4)) else None

    places = prod(sizes[2:]) if draw(st.integers(0, 9)) else 3
    return (x, vector(), vector(), n, c, places, draw(st.integers(0 if not draw(st.integers(0, 9)) else 1, 3)), 1e-5), {}


def extreme(draw):
    (x, dims, *keepdim), _ = mean(draw)
    return (x, dims or [], *keepdim), {}


def embedding(draw):
    indices = tensor(
        draw,
        shape(draw, draw(st.integers(0, 3))),
        draw(st.sampled_from([torch.int64] * 4 + [torch.int32, torch.int16, torch.float32])),
    )
    return (
        tensor(draw, shape(draw, draw(st.sampled_from([2] * 9 + [1])))),
        indices,
        *draw(st.sampled_from([(), (-1,), (0, True, False)])),
    ), {}


def indexed(draw):
    indices = [
        tensor(draw, shape(draw, draw(st.integers(0, 3))), draw(st.sampled_from([torch.int64] * 4 + [torch.int32, torch.bool])))
    ]
    return (
        tensor(draw, shape(draw)),
        [*indices * draw(st.sampled_from([1] * 9 + [0, 2])), *([None] if not draw(st.integers(0, 9)) else [])],
    ), {}


def rolled(draw):
    x = tensor(draw, shape(draw))
    dims = draw(st.lists(st.integers(-5, 4), max_size=3))
    return (
        x,
        draw(st.lists(st.integers(-9, 9), min_size=len(dims), max_size=len(dims) + (not draw(st.integers(0, 9))))),
        dims,
    ), {}


def stacked(draw):
    (tensors, dim), _ = cat(draw)
    first = tensors[:1]
    return (
        [tensor(draw, tuple(t.shape), t.dtype) if draw(st.integers(0, 9)) else t for t in first * draw(st.integers(0, 3))]
        + tensors[:1],
        dim,
    ), {}


def upsampled(bilinear: bool) -> Callable:
    def make(draw):
        x = tensor(draw, shape(draw, draw(st.sampled_from([4] * 9 + [3])), 5))
        size = window(draw, 2, 0 if not draw(st.integers(0, 9)) else 1, 9)
        return (x, size, *([draw(st.booleans())] if bilinear else []), *draw(st.sampled_from([(), (None, None), (2.0, 2.0)]))), {}

    return make


def masked(draw):
    x = tensor(draw, shape(draw))
    mask = tensor(draw, broadcastable(draw, tuple(x.shape)), draw(st.sampled_from([torch.bool] * 9 + [torch.int64])))
    return (x, mask, draw(SCALARS)), {}


def grouped(draw):
    """Rows of 16 bytes, as the kernel wants them."""
    (rows, experts), (k, n, other) = shape(draw, 2, least=1), (8 * size for size in shape(draw, 3, 3, least=1))
    dtype = draw(st.sampled_from([torch.float32] * 4 + [torch.bfloat16]))
    make = lambda *sizes: torch.empty(sizes, dtype=dtype, device="meta")  # noqa: E731
    offs = torch.empty((experts,), dtype=torch.int32, device="meta")
    return (make(rows, k), make(experts, k if draw(st.integers(0, 9)) else other, n), offs), {}


def baddbmm(draw):
    a, b = matrices(draw, draw(st.sampled_from([3] * 9 + [2])))
    out = (*a.shape[:-1], b.shape[-1])
    bias = draw(st.sampled_from([out, out[1:], out[2:], (1, *out[1:]), (*out[:-1], 1), (1,), (), (2, *out), shape(draw, 1)]))
    return (tensor(draw, bias, a.dtype), a, b), {"beta": 2, "alpha": 0.5} if draw(st.booleans()) else {}


def matrices(draw, rank: int, dtype=None) -> tuple[torch.Tensor, torch.Tensor]:
    n, m, p = shape(draw, 3)
    lead = shape(draw, rank - 2, 3)
    a = tensor(draw, (*lead, n, m), dtype)
    other = m if draw(st.integers(0, 9)) else m + 1
    b = tensor(draw, (*lead, other, p), a.dtype if draw(st.integers(0, 9)) else torch.float64)
    return a, b


def mm(draw):
    return matrices(draw, draw(st.sampled_from([2] * 9 + [3]))), {}


def bmm(draw):
    return matrices(draw, draw(st.sampled_from([3] * 9 + [2]))), {}


def addmm(draw):
    a, b = matrices(draw, 2)
    out = (a.shape[0], b.shape[1])
    bias = draw(st.sampled_from([out, out[1:], (1, out[1]), (out[0], 1), (1,), (), (2, *out), shape(draw, 1)]))
    return (tensor(draw, bias, a.dtype), a, b), {"beta": 2, "alpha": 0.5} if draw(st.booleans()) else {}


def cat(draw):
    rank = draw(st.integers(0, 4))
    first = shape(draw, rank)
    dim = draw(st.integers(-max(rank, 1), max(rank - 1, 0))) if draw(st.integers(0, 9)) else draw(st.integers(-6, 6))
    dtype = draw(st.sampled_from(DTYPES))
    tensors = []
    for _ in range(draw(st.integers(0 if not draw(st.integers(0, 9)) else 1, 3))):
        sizes = list(first)
        if rank:
            sizes[dim % rank] = draw(st.integers(0, 3))
        if not draw(st.integers(0, 9)):
            sizes = [0]
        tensors.append(tensor(draw, tuple(sizes), dtype if draw(st.integers(0, 9)) else torch.float64))
    return (tensors, dim), {}


def pad(draw):
    x = tensor(draw, shape(draw))
    return (
        x,
        [draw(st.integers(-1 if not draw(st.integers(0, 4)) else 0, 3)) for _ in range(draw(st.integers(0, 2 * x.dim() + 1)))],
    ), {}


_NUMBERS = {
    "leaky_relu": 1,
    "elu": 3,
    "hardtanh": 2,
    "softplus": 2,
    "uniform_": 2,
    "normal_": 2,
    "leaky_relu_": 1,
    "elu_": 3,
    "hardtanh_": 2,
}
_DRAWN: dict[str, Callable] = {
    "clamp": clamped("min", "max"), "clamp_min": clamped("min"), "clamp_max": clamped("max"), "linalg_vector_norm": vector_norm,
    "_softmax": softmax, "_log_softmax": softmax, "_safe_softmax": safe_softmax, "fill_": filled, "clone": cloned, "convolution": convolution,
    "max_pool2d_with_indices": pooling(True), "avg_pool2d": pooling(False),
    "avg_pool3d": pooling(False, 3), "_adaptive_avg_pool2d": adaptive, "adaptive_avg_pool2d": adaptive,
    "native_batch_norm": batch_norm, "native_layer_norm": layer_norm, "mean": mean, "sum": mean, "mm": mm, "bmm": bmm, "addmm": addmm, "cat": cat,
    "native_group_norm": group_norm, "amax": extreme, "amin": extreme, "embedding": embedding, "index": indexed, "roll": rolled,
    "stack": stacked, "upsample_nearest2d": upsampled(False), "upsample_bilinear2d": upsampled(True), "upsample_bicubic2d": upsampled(True),
    "_grouped_mm": grouped, "masked_fill": masked, "baddbmm": baddbmm, **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), with_scalar),
    "constant_pad_nd": pad, "empty": made, **{name: with_numbers(count) for name, count in _NUMBERS.items()},
}  # fmt: skip
_ARITHMETIC = {"add": summed, "sub": summed, "mul": binary, "div": binary, "pow": with_scalar}


def arguments(overload) -> Callable:
    """How to draw arguments for this overload."""
    name, _, kind = overload.name().removeprefix("aten::").partition(".")
    if name.rstrip("_") in _ARITHMETIC and name not in _DRAWN:
        return with_scalar if "Scalar" in kind else _ARITHMETIC[name.rstrip("_")]
    return _DRAWN.get(name, unary)


def outside(result) -> list[tuple]:
    """Shape, dtype, device and the strides that matter of each tensor of a result."""
    tensors = [result] if isinstance(result, torch.Tensor) else list(result)
    return [
        (tuple(t.shape), t.dtype, t.device, [s for s, n in zip(t.stride(), t.shape, strict=True) if n > 1] if t.numel() else None)
        for t in tensors
    ]


def torch_says(overload, args, kwargs):
    """What torch's meta kernel answers; None where it refuses."""
    try:
        if overload is aten.native_batch_norm.default:
            # In eval mode the meta kernel hands on the running statistics, the CPU's kernel nothing: the rule does as the latter.
            real = [torch.empty_strided(a.shape, a.stride(), dtype=a.dtype) if isinstance(a, torch.Tensor) else a for a in args]
            return outside(t.to("meta") for t in overload(*real, **kwargs))
        if overload is aten.convolution.default and OLD_FORMATS:
            return outside([overload(*args, **kwargs).contiguous()])
        if overload.name() == "aten::_grouped_mm":
            # The meta kernel takes bfloat16 only, the CPU's kernel float32 too.
            return outside([overload(*(torch.zeros(a.shape, dtype=a.dtype) for a in args), **kwargs).to("meta")])
        return outside(overload(*args, **kwargs))
    except Exception:
        return None


def test_every_rule_is_of_an_operator_that_there_is():
    """A misspelt name would be a rule that is never asked."""
    assert {name for name in RULES if resolved(name) is None} <= YOUNG


@pytest.mark.parametrize("overload", OVERLOADS.values(), ids=str)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_rule_answers_as_torch_does_or_not_at_all(overload, data):
    args, kwargs = arguments(overload)(data.draw)
    try:
        ours = RULES[str(overload)](*args, **kwargs)
    except RuntimeError as refusal:  # as torch's kernel on the CPU does
        real = [torch.zeros(a.shape, dtype=a.dtype) if isinstance(a, torch.Tensor) else a for a in args]
        with pytest.raises(RuntimeError, match=f"^{re.escape(str(refusal))}"):
            overload(*real, **kwargs)
        return
    if ours is not None:
        assert outside(ours) == torch_says(overload, args, kwargs)


ORDINARY: dict[str, tuple] = {
    "clamp": ((2, 3), 0.5, None), "clamp_min": ((2, 3), 1e-12), "clamp_max": ((2, 3), 6), "linalg_vector_norm": ((2, 3), 2.0, [1], True),
    "_softmax": ((2, 3), 1, False), "_log_softmax": ((2, 3), 1, False), "_safe_softmax": ((2, 3), 1), "fill_": ((2, 3), 1.0),
    "convolution": ((1, 4, 9, 9), [(6, 2, 3, 3)], [(6,)], [2, 2], [1, 1], [1, 1], False, [0, 0], 2),
    "max_pool2d_with_indices": ((1, 4, 9, 9), [3, 3], [2, 2]), "avg_pool2d": ((1, 4, 9, 9), [3, 3], [2, 2], [1, 1], True, False),
    "avg_pool3d": ((1, 4, 9, 9, 9), [5, 1, 1], [1, 1, 1]), "_adaptive_avg_pool2d": ((1, 4, 9, 9), [1, 1]), "adaptive_avg_pool2d": ((1, 4, 9, 9), [7, 7]),
    "native_batch_norm": ((2, 4, 3, 3), [(4,)], [(4,)], [(4,)], [(4,)], False, 0.1, 1e-5),
    "native_layer_norm": ((2, 5, 8), [8], [(8,)], [(8,)], 1e-5), "mean": ((2, 4, 3, 3), [-1, -2], True),
    "sum": ((2, 4, 3, 3), [2]),
    "native_group_norm": ((2, 6, 3, 3), [(6,)], [(6,)], 2, 6, 9, 3, 1e-5), "amax": ((2, 3, 4), [1], True), "amin": ((2, 3, 4), [-1]),
    "roll": ((1, 4, 4, 3), [-1, -1], [1, 2]), "upsample_nearest2d": ((1, 3, 4, 4), [8, 8]), "upsample_bilinear2d": ((1, 3, 4, 4), [8, 8], False),
    "upsample_bicubic2d": ((1, 3, 4, 4), [8, 8], True), "baddbmm": ((4,), [(5, 2, 3)], [(5, 3, 4)]),
    **dict.fromkeys(("eq", "ne", "lt", "le", "gt", "ge"), ((2, 3), 0)),
    "mm": ((2, 3), [(3, 4)]), "bmm": ((5, 2, 3), [(5, 3, 4)]), "addmm": ((4,), [(2, 3)], [(3, 4)]), "constant_pad_nd": ((2, 3), [1, 1]),
}  # fmt: skip


@pytest.mark.parametrize("overload", OVERLOADS.values(), ids=str)
def test_a_rule_answers_the_ordinary_case(overload):
    """A rule that declines everything would pass the test above, and leave all the work to torch."""
    name, _, kind = overload.name().removeprefix("aten::").partition(".")
    empty = lambda sizes: torch.empty(sizes, device="meta")  # noqa: E731
    whole = torch.zeros((4, 5), dtype=torch.int64, device="meta")
    kwargs = {}
    if name in ("embedding", "index"):
        args: tuple = (empty((9, 3)), whole if name == "embedding" else [whole])
    elif name == "_grouped_mm":
        args = (empty((10, 16)), empty((3, 16, 8)), empty((3,)).int())
    elif name == "masked_fill":
        args = (empty((2, 4, 5)), whole.bool(), 0.0)
    elif name == "stack":
        args = ([empty((2, 3)), empty((2, 3))], 1)
    elif name == "cat":
        args = ([empty((2, 3, 4)), empty((2, 5, 4))], 1)
    elif name == "empty":
        args, kwargs = ([2, 3],), {"device": torch.device("meta")}
    elif name in ORDINARY:
        first, *rest = ORDINARY[name]
        args = (empty(first), *(empty(r[0]) if isinstance(r, list) and isinstance(r[0], tuple) else r for r in rest))
    elif name.rstrip("_") in _ARITHMETIC:
        args = (empty((2, 3)), 2 if "Scalar" in kind else empty((3,)))
    else:
        args = (empty((2, 3)),)
    ours = RULES[str(overload)](*args, **kwargs)
    assert ours is not None
    assert outside(ours) == torch_says(overload, args, kwargs)


def test_joining_tensors_of_one_channel_keeps_their_memory_format():
    one = torch.empty(2, 1, 4, 4, device="meta").to(memory_format=torch.channels_last)
    ours = RULES["aten.cat.default"]([one, one], 1)
    assert ours is None or outside(ours) == outside(aten.cat.default([one, one], 1))


def permuted(*sizes: int) -> torch.Tensor:
    """Channels last, seen as channels first."""
    return torch.empty(sizes, device="meta").permute(0, 3, 1, 2)


@pytest.mark.parametrize(
    ("overload", "args"),
    [
        (aten.relu.default, (permuted(2, 5, 5, 3),)), (aten.mul.Tensor, (permuted(2, 5, 5, 3), torch.empty((3, 1, 1), device="meta"))),
        (aten.add.Tensor, (torch.empty((3, 1, 1), device="meta"), permuted(2, 5, 5, 3))), (aten.mul.Scalar, (permuted(2, 5, 5, 3), 2)),
        (aten.add.Tensor, (permuted(2, 5, 5, 3), permuted(2, 5, 5, 3))), (aten.clone.default, (permuted(2, 5, 5, 3),)),
        (aten.sub.Tensor, (torch.empty((4, 1, 9), device="meta"), torch.empty((4, 9, 1), device="meta"))),
        (aten.native_layer_norm.default, (permuted(2, 5, 5, 3), [5], None, None, 1e-5)),
        (aten.convolution.default, (permuted(2, 5, 5, 3), torch.empty((4, 3, 3, 3), device="meta"), None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1)),
    ],
)  # fmt: skip
def test_a_permuted_tensor_has_a_rule_too(overload, args):
    """What ConvNeXt and Swin do between their convolutions and their norms."""
    ours = RULES[str(overload)](*args)
    assert ours is not None
    assert outside(ours) == torch_says(overload, args, {})


class AddsToANumber(torch.nn.Module):
    def forward(self, x):
        return torch.add(1e-6, x, alpha=2.0)


def test_a_number_before_a_tensor():
    graph = archscope.trace(AddsToANumber(), torch.Size((1, 3, 4)))
    assert graph.shapes(graph.outputs) == ((1, 3, 4),)
