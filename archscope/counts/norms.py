"""Normalisation layers: batch, layer, group, instance and root mean square norm.

With the statistics of this very input, n values are normalised by: their sum and its division (n - 1 additions, 1 division),
the n differences from the mean, their squares and the sum of those (n multiplications, n - 1 additions, 1 division), the square
root of the variance plus epsilon (1 addition, 1 exponential), n multiplications; the affine map is n multiplications and n
additions more.
Source: Ioffe and Szegedy, "Batch Normalization", 2015, algorithm 1; Ba, Kiros and Hinton, "Layer Normalization", 2016, eq. 3.
"""

from collections.abc import Sequence
from math import prod
from typing import Any

from archscope.counts.formulas import formula
from archscope.graph import Cost, Tensor


def normalise(n: int, groups: int, weight: object, bias: object) -> Cost:
    """`n` values in `groups` groups, each with its own mean and variance; without an affine map `weight` and `bias` are None."""
    return Cost(
        adds=3 * n - groups + (n if bias is not None else 0),
        muls=2 * n + (n if weight is not None else 0),
        divs=2 * groups,
        exponentials=groups,
    )


def _batch_norm(x: Tensor, weight: object, bias: object, running_mean: object, training: bool) -> Cost:
    # In eval mode mean, variance and the affine map are known beforehand: together one scale and one shift per element.
    n = x.numel
    if not training:
        return Cost(muls=n, adds=n)
    channels = x.shape[1]
    running = Cost(muls=4 * channels, adds=2 * channels) if running_mean is not None else Cost()
    return normalise(n, channels, weight, bias) + running


@formula("aten.native_batch_norm", "aten._native_batch_norm_legit", "aten._native_batch_norm_legit_functional", "aten.batch_norm",
         "aten.cudnn_batch_norm", "aten.miopen_batch_norm", "aten._batch_norm_impl_index")  # fmt: skip
def batch_norm(x: Tensor, weight: Any, bias: Any, running_mean: Any, *rest: Any, out: Any) -> Cost:
    """Per channel. In eval mode one multiplication and one addition per element; in train mode also statistics and averages."""
    if isinstance(running_mean, bool):  # the overload without running statistics: (x, weight, bias, training, momentum, eps)
        return _batch_norm(x, weight, bias, None, running_mean)
    training = rest[1]  # after running_var
    return _batch_norm(x, weight, bias, running_mean, training)


@formula("aten._native_batch_norm_legit_no_training")
def batch_norm_eval(x: Tensor, *_: Any, out: Any) -> Cost:
    """A batch norm in eval mode: one multiplication and one addition per element."""
    return _batch_norm(x, None, None, None, False)


@formula("aten._batch_norm_with_update", "aten._batch_norm_with_update_functional")
def batch_norm_train(x: Tensor, weight: Any, bias: Any, running_mean: Any, *_: Any, out: Any) -> Cost:
    """A batch norm in train mode."""
    return _batch_norm(x, weight, bias, running_mean, True)


@formula("aten._batch_norm_no_update")
def batch_norm_no_update(x: Tensor, weight: Any, bias: Any, running_mean: Any, *_: Any, out: Any) -> Cost:
    """A batch norm by its running statistics where it has them."""
    return _batch_norm(x, weight, bias, None, running_mean is None)


@formula("aten.quantized_batch_norm", "quantized.batch_norm2d", "quantized.batch_norm3d")
def quantized_batch_norm(x: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """A batch norm of quantised numbers, always in eval mode."""
    return _batch_norm(x, None, None, None, False)


@formula("aten.native_layer_norm", "aten.layer_norm")
def layer_norm(x: Tensor, shape: Sequence[int], weight: Any = None, bias: Any = None, *_: Any, out: Any) -> Cost:
    """Over the last dimensions."""
    # [*, *shape] = layer_norm([*, *shape], shape, weight [*shape], bias [*shape])
    n = x.numel
    return normalise(n, n // prod(shape), weight, bias)


@formula("aten.native_group_norm")
def native_group_norm(
    x: Tensor, weight: Any, bias: Any, samples: int, channels: int, spatial: int, groups: int, eps: float, *, out: Any
) -> Cost:
    """Over the channels of each group and all positions."""
    return normalise(samples * channels * spatial, samples * groups, weight, bias)


@formula("aten.group_norm")
def group_norm(x: Tensor, groups: int, weight: Any = None, bias: Any = None, *_: Any, out: Any) -> Cost:
    """Over the channels of each group and all positions."""
    return normalise(x.numel, x.shape[0] * groups, weight, bias)


@formula("aten.instance_norm")
def instance_norm(
    x: Tensor, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool, *_: Any, out: Any
) -> Cost:
    """Over the positions of each channel of each sample."""
    n, channels = x.shape[:2]
    return normalise(x.numel, n * channels, weight, bias) if use_input_stats else Cost(muls=x.numel, adds=x.numel)


@formula("aten.rms_norm", "aten._fused_rms_norm")
def rms_norm(x: Tensor, shape: Sequence[int], weight: Any = None, eps: Any = None, *, out: Any) -> Cost:
    """Divides by the root of the mean of the squares.

    Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019, eq. 4.
    """
    n = x.numel
    rows = n // prod(shape)
    return Cost(muls=2 * n + (n if weight is not None else 0), adds=n, divs=rows, exponentials=rows)


@formula("aten._weight_norm", "aten._weight_norm_interface")
def weight_norm(v: Tensor, g: Tensor, dim: int = 0, *, out: Any) -> Cost:
    """g v / |v|: a norm and one scale per slice, one multiplication per element."""
    n, slices = v.numel, g.numel
    return Cost(muls=2 * n, adds=n - slices, divs=slices, exponentials=slices)


__all__ = ["normalise"]
