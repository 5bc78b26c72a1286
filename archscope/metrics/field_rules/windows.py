"""Convolution, pooling, and windows cut out and put back."""

from collections.abc import Iterable, Sequence
from math import gcd

from archscope.graph import kinds
from archscope.metrics.field_rules.rule import Answer, Run, Shape, Window, dim_of, dims_of, rule
from archscope.metrics.places import MOST, Digit, Read, UnclearError, mixed, plain, resampled


def window(read: Read, dim: int, sizes: tuple[int, int], k: int, s: int, p: int, d: int) -> Read:
    """Through a kernel of k taps, d apart, with stride s and padding p; sizes: before and after."""
    read = plain(read, dim, sizes[0])
    if k > MOST:
        raise UnclearError("its window is too large")
    reach = d * (k - 1)
    step = max(reach, 1) if len(read.seen) == 1 else d  # of equal places, the outermost see all
    return resampled(read, sizes[1], lambda o: range(s * o - p, s * o - p + reach + 1, step), 1, s)


def slid(window: Window, read: Read, out: Shape) -> Read | None:
    """The ordinary case of `windowed`: the places are a dimension of the map, and all see alike. None where it is another."""
    digits, seen, shift, apart = read
    if len(digits) != 1 or len(seen) != 1 or seen[0] is None or shift < 0 or window.transposed:
        return None
    dim, inner, size, weight = digits[0]
    at = dim - len(out) + len(window.axes)
    if at < 0 or inner != 1 or weight != 1:
        return None
    k, s, p, d = window.axes[at]
    if k == s == 1 and p == 0:
        return read
    if not 0 < k <= MOST or s < 1:
        return None
    low, high = seen[0]  # the first tap sees lowest, the last one highest
    after = out[dim]
    there = digits if after == size else (Digit(dim, 1, after, 1),) if after > 1 else ()
    return Read(there, ((low - p * shift, high + (d * (k - 1) - p) * shift),), shift * s, apart)


def transposed(read: Read, dim: int, sizes: tuple[int, int], k: int, s: int, p: int, d: int) -> Read:
    """Through a transposed convolution: place o is fed by the places (o + p - d * j) / s that are whole."""
    read = plain(read, dim, sizes[0])

    def taps(o: int) -> Iterable[int]:
        return [(o + p - d * j) // s for j in range(k) if (o + p - d * j) % s == 0]

    return resampled(read, sizes[1], taps, s, 1)


def windowed(run: Run, k: int, read: Read) -> Answer:
    """Convolution and pooling over the last dimensions."""
    looks = _window(run)
    if k > 0 and looks.convolves:
        return _weights(read)
    shape = run.shapes[k]
    first = len(shape) - len(looks.axes)  # of the dimensions that it moves over
    dims = [read.digits[0].dim] if len(read.digits) == 1 else sorted(dims_of(read))
    if looks.convolves and first - 1 in dims:
        if looks.groups != 1:
            raise UnclearError("it mixes groups of channels that hold places")
        read, everything = mixed(read, {first - 1})
        if everything:
            return [read], True
        dims.remove(first - 1)
    through = transposed if looks.transposed else window
    for dim in dims:
        if dim >= first and (along := looks.axes[dim - first])[:3] != (1, 1, 0):
            read = through(read, dim, (shape[dim], run.out[dim]), *along)
    return [read], False


def _window(run: Run) -> Window:
    key = run.node.op, id(run.node.attrs)
    found = run.windows.get(key)
    if found is None:
        kernel, stride, padding, dilation = run.sizes
        dilation = dilation or [1] * len(kernel)
        if not len(stride) == len(padding) == len(dilation) == len(kernel):
            raise UnclearError("its window is not told")
        convolves, across = kinds.kind(run.node) == kinds.CONVOLUTION, bool(run.node.attrs.get("transposed"))
        axes = tuple(zip(kernel, stride, padding, dilation, strict=True))
        found = run.windows[key] = Window(axes, convolves, run.number("groups", 1), across)
    return found


def _weights(read: Read) -> Answer:
    """Of weights that were computed: they must not have places."""
    if read.digits:
        raise UnclearError("its weights have places")
    return [read], False


def _pairs(run: Run) -> list[tuple[int, ...]]:
    """(kernel, stride, padding, dilation) of rows and of columns."""
    return list(zip(*(values * 2 if len(values) == 1 else values for values in run.sizes), strict=True))


def _counts(shape: Sequence[int], pairs: Sequence[tuple[int, ...]]) -> list[int]:
    """How many windows fit into a map [*, h, w], along each axis."""
    return [(size + 2 * p - d * (k - 1) - 1) // s + 1 for size, (k, s, p, d) in zip(shape[-2:], pairs, strict=True)]


@rule("im2col")
def _unfolded(run: Run, k: int, read: Read) -> Answer:
    """[n, c, h, w] -> [n, c * kh * kw, oh * ow]: a place is s * o + d * j - p, of window o and offset j in it."""
    shape, pairs, last = run.shapes[k], _pairs(run), len(run.out) - 1
    counts = _counts(shape, pairs)
    for at, (size, s, p, d) in enumerate(pairs):
        dim = len(shape) - 2 + at
        if dim in dims_of(read):
            read = resampled(plain(read, dim, shape[dim]), shape[dim] + 2 * p, lambda o, p=p: (o - p,), 1, 1)  # type: ignore[misc]
            window = Digit(last, counts[1] if at == 0 else 1, counts[at], s)
            offset = Digit(last - 1, pairs[1][0] if at == 0 else 1, size, d)
            return [read._replace(digits=tuple(digit for digit in (window, offset) if digit.size > 1))], False
    return [read], False


@rule("col2im")
def _folded(run: Run, k: int, read: Read) -> Answer:
    """[n, c * kh * kw, oh * ow] -> [n, c, h, w]: where windows overlap, they are added."""
    out, pairs, last = run.out, _pairs(run), len(run.shapes[k]) - 1
    counts = _counts(out, pairs)
    for at, (size, s, p, d) in enumerate(pairs):
        inner, dim = (counts[1], pairs[1][0]) if at == 0 else (1, 1), len(out) - 2 + at
        window, offset = Digit(last, inner[0], counts[at], s), Digit(last - 1, inner[1], size, d)
        if read.digits == tuple(digit for digit in (window, offset) if digit.size > 1) and offset.size > 1:
            here = read._replace(digits=(Digit(dim, 1, read.places, 1),))
            return [resampled(here, out[dim], lambda o, p=p: (o + p,), 1, 1)], False  # type: ignore[misc]
        if len(read.digits) == 1 and read.digits[0] == window._replace(weight=1):
            here = read._replace(digits=(Digit(dim, 1, counts[at], 1),))
            return [transposed(here, dim, (counts[at], out[dim]), size, s, p, d)], False
    if read.digits:
        raise UnclearError("the places are not its windows")
    return [read], False


@rule("unfold")
def _sliding(run: Run, k: int, read: Read) -> Answer:
    """A view with a dimension more at the end: windows of a size, a step apart."""
    dim, size, step = dim_of(run, k, "dimension"), run.number("size"), run.number("step", 1)
    if dim not in dims_of(read):
        return [read], False
    read = plain(read, dim, run.shapes[k][dim])
    outer, inner = Digit(dim, 1, run.out[dim], step), Digit(len(run.out) - 1, 1, size, 1)
    return [read._replace(digits=tuple(d for d in (outer, inner) if d.size > 1))], False


@rule("adaptive_avg_pool1d adaptive_avg_pool2d _adaptive_avg_pool2d adaptive_avg_pool3d _adaptive_avg_pool3d adaptive_max_pool1d "
      "adaptive_max_pool2d adaptive_max_pool3d")  # fmt: skip
def _adaptive(run: Run, k: int, read: Read) -> Answer:
    """From floor(o * size / count) up to ceil((o + 1) * size / count)."""
    shape, out = run.shapes[k], run.out
    everything = False
    for dim in dims_of(read) & {at for at in range(2, len(shape)) if shape[at] != out[at]}:
        size, count = shape[dim], out[dim]
        if count == 1:
            read, everything = mixed(read, {dim})
            continue
        apart = gcd(size, count)

        def taps(o: int, size: int = size, count: int = count) -> Iterable[int]:
            return range(o * size // count, -(-(o + 1) * size // count))

        read = resampled(plain(read, dim, size), count, taps, count // apart, size // apart)
    return [read], everything
