"""Views, padding, slices, rolls, joins: places that move and stay places."""

from math import prod

from archscope.metrics.field_rules.rule import Answer, Run, dim_of, dims_of, renumbered, rule
from archscope.metrics.places import Digit, Read, UnclearError, loosened, picked, plain, resampled, reshaped, together


@rule("view _unsafe_view reshape _reshape_alias _reshape_copy view_copy unsqueeze squeeze flatten")
def _viewed(run: Run, k: int, read: Read) -> Answer:
    if prod(run.shapes[k]) != prod(run.out):
        raise UnclearError("it is no view of the whole")
    return [reshaped(read, run.shapes[k], run.out)], False


@rule("permute permute_copy")
def _permuted(run: Run, k: int, read: Read) -> Answer:
    order = [dim % len(run.shapes[k]) for dim in run.numbers("dims")]
    return [renumbered(read, order.index)], False


@rule("transpose t transpose_copy swapaxes")
def _transposed(run: Run, k: int, read: Read) -> Answer:
    rank = len(run.shapes[k])
    a, b = (0, rank - 1) if run.node.name == "t" else (dim_of(run, k, "dim0"), dim_of(run, k, "dim1"))
    swap = {a: b, b: a}
    return [renumbered(read, lambda dim: swap.get(dim, dim))], False


@rule("constant_pad_nd reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d")
def _padded(run: Run, k: int, read: Read) -> Answer:
    """Padding is seen like any other place: place o was place o - before."""
    pad, shape = run.numbers("pad") or run.numbers("padding"), run.shapes[k]
    for dim in dims_of(read):
        at = 2 * (len(shape) - 1 - dim)
        if at < len(pad) and (pad[at] or pad[at + 1]):
            read = _steps(read, dim, shape[dim], run.out[dim], -pad[at])
    return [read], False


def _steps(read: Read, dim: int, size: int, count: int, start: int, step: int = 1) -> Read:
    """Places start, start + step, ..."""
    some = resampled(plain(read, dim, size), count, lambda o: (start + step * o,), 1, step)
    return some._replace(apart=True) if count == 1 < size else some


@rule("slice narrow")
def _sliced(run: Run, k: int, read: Read) -> Answer:
    dim, shape = dim_of(run, k), run.shapes[k]
    if dim not in dims_of(read) or shape == run.out:
        return [read], False
    start = run.number("start")
    start = max(0, start + shape[dim]) if start < 0 else start
    if any(digit.inner == 0 for digit in read.digits):  # of places in any order, some
        return [read._replace(digits=(Digit(dim, 0, run.out[dim], 1),))], False
    return [_steps(read, dim, shape[dim], run.out[dim], start, run.number("step", 1))], False


@rule("split split_with_sizes chunk unsafe_split unsafe_chunk tensor_split split_copy")
def _split(run: Run, k: int, read: Read) -> Answer:
    dim, shape = dim_of(run, k), run.shapes[k]
    if dim not in dims_of(read):
        return [read], False
    sizes = run.numbers("split_sizes") or run.numbers("split_size")
    if not sizes:
        raise UnclearError("its sizes are not told")
    start = sum(sizes[: run.at]) if len(sizes) > 1 else sizes[0] * run.at
    return [_steps(read, dim, shape[dim], run.out[dim], start)], False


@rule("select unbind")
def _selected(run: Run, k: int, read: Read) -> Answer:
    dim = dim_of(run, k)
    index = run.number("index") % run.shapes[k][dim] if run.node.name == "select" else run.at
    return [renumbered(picked(read, dim, index), lambda old: old - (old > dim))], False


@rule("roll")
def _rolled(run: Run, k: int, read: Read) -> Answer:
    """Places that come in on the other side count like padding: at the border, and not cut."""
    shape = run.shapes[k]
    for shift, dim in zip(run.numbers("shifts"), run.numbers("dims"), strict=True):
        dim %= len(shape)
        if dim in dims_of(read) and shift:
            read = _steps(read, dim, shape[dim], shape[dim], -shift)
    return [read], False


@rule("flip")
def _flipped(run: Run, k: int, read: Read) -> Answer:
    shape = run.shapes[k]
    for dim in (dim % len(shape) for dim in run.numbers("dims")):
        if dim in dims_of(read):
            read = _steps(read, dim, shape[dim], shape[dim], shape[dim] - 1, -1)
    return [read], False


@rule("cat concat")
def _joined(run: Run, k: int, read: Read) -> Answer:
    """Along a dimension of places, the places of one input lie somewhere among those of the others."""
    dim = run.number("dim") % len(run.out)
    return [loosened(together(read), dim) if run.shapes[k] != run.out else read], False


@rule("stack")
def _stacked(run: Run, k: int, read: Read) -> Answer:
    dim = run.number("dim") % len(run.out)
    return [renumbered(together(read), lambda old: old + (old >= dim))], False


@rule("index_select")
def _gathered(run: Run, k: int, read: Read) -> Answer:
    dim = dim_of(run, k)
    if dim in dims_of(read) and run.shapes[k] != run.out:
        raise UnclearError("it picks places")
    return [loosened(read, dim)], False


@rule("channel_shuffle native_channel_shuffle")
def _channels(run: Run, k: int, read: Read) -> Answer:
    if 1 in dims_of(read):
        raise UnclearError("its channels hold places")
    return [read], False
