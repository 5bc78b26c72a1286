"""Tensor -> figures. The first two are those of the signal propagation plots of Brock, De and Smith, "Characterizing signal
propagation to close the performance gap in unnormalized ResNets", ICLR 2021 (arXiv 2101.08692), section 3.
"""

import math

import torch
from torch import Tensor

ROWS = 256  # examples and places that the covariance is taken of, at most
_SMALL, _LARGE = 1e-12, 1e12  # beyond these, squares leave float32


def moments(x: Tensor, axis: int, factor: float = 1.0) -> dict[str, float | None]:
    """mean_squared, variance and second_moment of `factor` times x.

    Arguments:
        axis: of the channels: [B, C, H, W] has 1.

    The variance is the unbiased one (n - 1), and does not exist where a channel has one value.
    """
    x = _roomy(x)
    over = [dim for dim in range(x.dim()) if dim != axis]
    count = x.numel() // max(1, x.shape[axis])
    if count > 1:
        variances, means = torch.var_mean(x, dim=over, correction=1)
        mean_squared, variance = torch.stack([means.square().mean(), variances.mean()]).double().tolist()
        second = mean_squared + variance * (count - 1) / count
    else:
        second = mean_squared = float(x.square().mean())
        variance = None
    square = factor * factor
    return {
        "mean_squared": square * mean_squared,
        "variance": None if variance is None else square * variance,
        "second_moment": square * second,
    }


def dead_share(x: Tensor, axis: int) -> float | None:
    """Share of channels that are nowhere positive; None where some value is negative: then silence is not death."""
    if bool(x.min() < 0):
        return None
    most = x.amax(dim=[dim for dim in range(x.dim()) if dim != axis])
    return float((most <= 0).double().mean())


def rank(x: Tensor, axis: int) -> tuple[float | None, int]:
    """Participation ratio of the covariance of the channels, tr(C)² / tr(C²), and the largest that it could be.

    It is n where n directions share the variance equally, and near 1 where all activations lie along one line. The covariance is
    taken over at most `ROWS` of the examples and places, evenly chosen; None where they do not vary.
    """
    rows = _rows(_roomy(x), axis)
    limit = min(rows.shape[0] - 1, rows.shape[1])
    if limit < 1:
        return None, limit
    rows = rows - rows.mean(dim=0)
    scale = float(rows.abs().max())
    if not 0 < scale < math.inf:
        return None, limit
    rows = rows / scale
    gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    trace = float(gram.diagonal().double().sum())
    return trace * trace / float(gram.double().square().sum()), limit


def _rows(x: Tensor, axis: int) -> Tensor:
    """[B, C, H, W] -> [at most ROWS, C]: of every example, places at even distances."""
    examples, channels = x.shape[0] if axis else 1, x.shape[axis]
    if axis == 0:
        return x.reshape(channels, -1).T[:ROWS]
    flat = x.movedim(axis, 1).flatten(2) if x.dim() > 2 else x.unsqueeze(2)
    keep = max(1, ROWS // examples)
    step = max(1, flat.shape[2] // keep)
    return flat[:ROWS, :, ::step][:, :, :keep].movedim(1, 2).reshape(-1, channels)


def norm(x: Tensor) -> float:
    """The Euclidean norm, in float64: gradients may be smaller than float32 can square."""
    return float(torch.linalg.vector_norm(x.detach(), dtype=torch.float64))


def _roomy(x: Tensor) -> Tensor:
    """x in a type that can hold its squares."""
    if x.dtype in (torch.float16, torch.bfloat16):
        x = x.float()
    if x.dtype is torch.float32 and x.numel():
        largest = max(abs(float(end)) for end in torch.aminmax(x))
        if largest > _LARGE or 0 < largest < _SMALL:
            return x.double()
    return x
