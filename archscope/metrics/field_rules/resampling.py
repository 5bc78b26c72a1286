"""Interpolation of every mode, and channels that become places."""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor
from typing import Any

from archscope.metrics.field_rules.rule import Answer, Run, dims_of, rule
from archscope.metrics.places import Read, UnclearError, plain, resampled


def resized(run: Run, k: int, read: Read) -> Answer:
    """Every operator of torch.nn.functional.interpolate: [n, c, *in] -> [n, c, *out]."""
    shape, out = run.shapes[k], run.out
    for dim in sorted(dims_of(read)):
        if dim >= 2:
            corners = bool(run.node.attrs.get("align_corners"))
            read = interpolated(read, dim, (shape[dim], out[dim]), run.node.name, corners)
    return [read], False


def interpolated(read: Read, dim: int, sizes: tuple[int, int], name: str, corners: bool) -> Read:
    """Nearest looks at one place, linear at two, cubic at four; a place of weight 0 is not looked at."""
    before, size = sizes
    if before == size and not name.startswith("_upsample_bi"):
        return read
    read = plain(read, dim, before)
    if corners and "nearest" not in name and size > 1:
        scale, offset = Fraction(before - 1, size - 1), Fraction(0)
    else:
        scale = Fraction(before, size)
        offset = Fraction(0) if name.endswith(("nearest1d", "nearest2d", "nearest3d")) else (scale - 1) / 2
    reach = 2 if "cubic" in name else 1
    smooth = max(scale, Fraction(1)) if name.endswith("_aa") else Fraction(1)

    def taps(o: int) -> Iterable[int]:
        centre = o * scale + offset
        if "nearest" in name:
            return (floor(centre + (Fraction(1, 2) if "exact" in name else 0)),)
        near = range(floor(centre - reach * smooth), ceil(centre + reach * smooth) + 1)
        return [at for at in near if _weighs(abs(at - centre) / smooth, reach)]

    return resampled(read, size, taps, scale.denominator, scale.numerator)


def _weighs(distance: Fraction, reach: int) -> bool:
    """Whether a place at this distance has a weight: the kernels are 0 from `reach` on, the cubic one at whole distances too."""
    return distance == 0 or (distance < reach and not (reach == 2 and distance.denominator == 1))


@rule("pixel_shuffle")
def _shuffled(run: Run, k: int, read: Read) -> Answer:
    """[c * r * r, h, w] -> [c, h * r, w * r]."""
    return _resized(run, k, read, lambda r: lambda o: (o // r,), lambda r: (r, 1)), False


@rule("pixel_unshuffle")
def _unshuffled(run: Run, k: int, read: Read) -> Answer:
    """[c, h * r, w * r] -> [c * r * r, h, w]."""
    return _resized(run, k, read, lambda r: lambda o: range(r * o, r * o + r), lambda r: (1, r)), False


def _resized(run: Run, k: int, read: Read, taps: Any, pace: Any) -> list[Read]:
    shape = run.shapes[k]
    factor = run.number("upscale_factor") or run.number("downscale_factor")
    for dim in dims_of(read):
        if dim == len(shape) - 3:
            raise UnclearError("its channels hold places")
        if dim > len(shape) - 3:
            read = resampled(plain(read, dim, shape[dim]), run.out[dim], taps(factor), *pace(factor))
    return [read]
