"""Interpolation: resizing, sampling at given points, regions of interest.

Interpolating along one dimension is 2 multiplications and 1 addition between 2 neighbours (linear), 4 and 3 between 4 (cubic);
in d dimensions it is done along one after the other: 1, 3 or 7 linear interpolations, 5 cubic ones in two dimensions.
"""

import math
from typing import Any

from archscope.counts.formulas import Formula, formula
from archscope.graph import Cost, Tensor

_LINEAR = Cost(muls=2, adds=1)
_CUBIC = Cost(muls=4, adds=3)


def _resize(per_output: Cost) -> Formula:
    def resize(x: Tensor, *_: Any, out: Tensor, **__: Any) -> Cost:
        """Per element of the result; the coefficients follow from the sizes alone and are not counted."""
        return per_output * out.numel

    return resize


formula("aten.upsample_linear1d")(_resize(_LINEAR))
formula("aten.upsample_bilinear2d")(_resize(3 * _LINEAR))
formula("aten.upsample_trilinear3d")(_resize(7 * _LINEAR))
formula("aten.upsample_bicubic2d")(_resize(5 * _CUBIC))


def filter_taps(n: int, m: int, width: int, scale: float) -> int:
    """How many values all windows of an antialiased resize from `n` to `m` read together.

    The filter of `width` values is stretched by `scale` (values in per value out) where it shrinks, and cut at the borders:
    torch's own windows (aten/src/ATen/native/cpu/UpSampleKernel.cpp, `_compute_indices_min_size_weights_aa`).
    """
    support = width / 2 * max(scale, 1.0)
    centres = (scale * (i + 0.5) for i in range(m))
    return sum(min(int(c + support + 0.5), n) - max(int(c - support + 0.5), 0) for c in centres)


def _antialiased(width: int) -> Formula:
    def resize(x: Tensor, size: Any, align_corners: bool, *scales: Any, out: Tensor) -> Cost:
        """Along the rows, then along the columns: a window of k values is k multiplications and k - 1 additions."""
        # [n, c, h, w] -> [n, c, out_h, out_w]
        n, c, h, w = x.shape
        *_, out_h, out_w = out.shape
        given = scales[0] if scales and isinstance(scales[0], list | tuple) else scales
        scale_h, scale_w = (
            (inside - 1) / (outside - 1) if align_corners and outside > 1 else 1 / factor if factor else inside / outside
            for inside, outside, factor in zip((h, w), (out_h, out_w), (*given, None, None), strict=False)
        )
        rows = n * c * h * filter_taps(w, out_w, width, scale_w)
        columns = n * c * out_w * filter_taps(h, out_h, width, scale_h)
        return Cost(muls=rows + columns, adds=rows - n * c * h * out_w + columns - n * c * out_h * out_w)

    return resize


formula("aten._upsample_bilinear2d_aa")(_antialiased(2))
formula("aten._upsample_bicubic2d_aa")(_antialiased(4))
formula("aten._upsample_lanczos2d_aa")(_antialiased(6))


@formula("aten.grid_sampler", "aten.grid_sampler_2d", "aten.grid_sampler_3d", "aten._grid_sampler_2d_cpu_fallback",
         "aten.cudnn_grid_sampler")  # fmt: skip
def grid_sampler(
    x: Tensor, grid: Tensor, mode: int = 0, padding_mode: int = 0, align_corners: bool = False, *, out: Tensor
) -> Cost:
    """Reads the input at the grid's points: bilinear (0), nearest (1) or bicubic (2).

    Per point and dimension, the place in pixels: ((x + 1) size - 1) / 2, or (x + 1) / 2 (size - 1). Linear: the two distances
    to the neighbours per dimension, and the 2^d products of them, then 2^d multiplications and 2^d - 1 additions per channel.
    Cubic: four coefficients per dimension (3 multiplications and 2 or 3 additions each, Keys 1981, and 3 for the distances),
    then 5 interpolations.
    """
    # [n, c, h, w] = grid_sampler([n, c, ...], [n, h, w, 2])
    *points, d = grid.shape
    count = math.prod(points)
    place = Cost(adds=1 if align_corners else 2, muls=1, divs=1) * (d * count)
    if mode == 1:
        return place
    if mode == 2:
        return place + Cost(muls=12, adds=13) * (d * count) + 5 * _CUBIC * out.numel
    corners = 2**d
    return place + Cost(adds=2 * d, muls=corners * (d - 1)) * count + Cost(muls=corners, adds=corners - 1) * out.numel


@formula("torchvision.roi_align", "torchvision.ps_roi_align")
def roi_align(
    x: Tensor, rois: Tensor, spatial_scale: float, height: int, width: int, sampling_ratio: int, *_: Any, out: Any
) -> Cost:
    """The mean of a fixed number of bilinear samples per bin; where that number follows from the boxes there is no formula.

    Per sample 4 multiplications and 3 additions; per sampling point of a box 2 multiplications and 2 additions for its place, 4
    additions for the distances to its neighbours and 4 multiplications for their weights.
    Source: He et al., "Mask R-CNN", 2017, section 3.
    """
    # [k, c, height, width] = roi_align([n, c, ...], [k, 5])
    if sampling_ratio <= 0:
        raise ValueError("the number of samples depends on the boxes")
    result: Tensor = out if type(out) is Tensor else out[0]
    samples = sampling_ratio**2
    points = rois.shape[0] * height * width * samples
    per_point = Cost(muls=6, adds=6)
    return Cost(muls=4 * samples, adds=3 * samples + samples - 1, divs=1) * result.numel + per_point * points


@formula("torchvision.nms")
def non_maximum_suppression(boxes: Tensor, scores: Tensor, threshold: float, *, out: Tensor) -> Cost:
    """Every box with every other, as the kernel for GPUs does it; that for CPUs skips boxes that are already suppressed.

    Per box its area: 2 subtractions and a multiplication. Per pair 4 comparisons for the corners of the intersection, 2
    subtractions and 2 comparisons for its sides, a multiplication, an addition and a subtraction for the union, a division, and
    the comparison with the threshold.
    Source: torchvision/csrc/ops/cuda/nms_kernel.cu.
    """
    count = boxes.shape[0]
    pairs = count * (count - 1) // 2
    return Cost(adds=2, muls=1) * count + Cost(adds=4, muls=1, divs=1, comparisons=7) * pairs
