"""Composite operators of torch in the dispatcher's terms: `conv2d` is `convolution`, `batch_norm` is `native_batch_norm`.

A program that torch.export saves calls operators as the module did; a trace sees what the dispatcher makes of them. Here each
becomes the one that a trace has, with its arguments by the names and in the order of that one's schema.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from archscope.registry import Registry


class Run(NamedTuple):
    """An operator with its arguments.

    Attributes:
        op: without its namespace.
        args: by the names of its schema, in order.
        keywords: those that the schema takes by name only.
    """

    op: str
    args: Mapping[str, Any]
    keywords: Mapping[str, Any] = {}


COMPOSITES: Registry[Callable[..., Run | None]] = Registry("composite operator")
"""Take the operator's arguments; give what it is, None where it only hands on its first one."""

composite = COMPOSITES.register


def _axes(value: Any, axes: int) -> list[int]:
    values = [value] if isinstance(value, int) else list(value)
    return values * axes if len(values) == 1 else values


def _convolution(
    axes: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int, output: Any = None
) -> Run:
    stride, dilation = _axes(stride, axes), _axes(dilation, axes)
    if padding == "valid":
        padding = 0
    elif padding == "same":  # an odd rest is padded on one side; the window is told by half of it
        padding = [d * (k - 1) // 2 for d, k in zip(dilation, weight.shape[2:], strict=True)]
    return Run(
        "convolution",
        {
            "input": x, "weight": weight, "bias": bias, "stride": stride, "padding": _axes(padding, axes), "dilation": dilation,
            "transposed": output is not None, "output_padding": _axes(output or 0, axes), "groups": groups,
        },
    )  # fmt: skip


def _conv(axes: int) -> Callable[..., Run]:
    def conv(
        input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
    ) -> Run:
        return _convolution(axes, input, weight, bias, stride, padding, dilation, groups)

    return conv


def _conv_transposed(axes: int) -> Callable[..., Run]:
    def conv(
        input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, output_padding: Any = 0, groups: int = 1,
        dilation: Any = 1,
    ) -> Run:  # fmt: skip
        return _convolution(axes, input, weight, bias, stride, padding, dilation, groups, output_padding or [0])

    return conv


for _d in (1, 2, 3):
    composite(f"conv{_d}d")(_conv(_d))
    composite(f"conv_transpose{_d}d")(_conv_transposed(_d))


@composite("batch_norm", "cudnn_batch_norm")
def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool, momentum: float, eps: float,
    cudnn_enabled: bool = False,
) -> Run:  # fmt: skip
    """Its statistics are given, or those of the batch."""
    return Run(
        "native_batch_norm",
        {
            "input": input, "weight": weight, "bias": bias, "running_mean": running_mean, "running_var": running_var,
            "training": training or running_mean is None, "momentum": momentum, "eps": eps,
        },
    )  # fmt: skip


@composite("layer_norm")
def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn_enable: bool = False
) -> Run:
    """Over the last dimensions."""
    args = {"input": input, "normalized_shape": normalized_shape, "weight": weight, "bias": bias, "eps": eps}
    return Run("native_layer_norm", args)


@composite("group_norm")
def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, cudnn_enabled: bool = False
) -> Run:
    """Over groups of channels."""
    n, channels, *spatial = input.shape
    places = 1
    for size in spatial:
        places *= size
    return Run(
        "native_group_norm",
        {
            "input": input, "weight": weight, "bias": bias, "N": n, "C": channels, "HxW": places, "group": num_groups,
            "eps": eps,
        },
    )  # fmt: skip


@composite("softmax", "special_softmax")
def softmax(input: Any, dim: int, dtype: Any = None) -> Run:
    """Along one dimension."""
    return Run("_softmax", {"self": input, "dim": dim, "half_to_float": False})


@composite("log_softmax", "special_log_softmax")
def log_softmax(input: Any, dim: int, dtype: Any = None) -> Run:
    """Along one dimension."""
    return Run("_log_softmax", {"self": input, "dim": dim, "half_to_float": False})


def _max_pool(axes: int) -> Callable[..., Run]:
    def max_pool(
        input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False
    ) -> Run:
        args = {
            "self": input, "kernel_size": kernel_size, "stride": stride or kernel_size, "padding": padding, "dilation": dilation,
            "ceil_mode": ceil_mode,
        }  # fmt: skip
        return Run(f"max_pool{axes}d_with_indices", args)

    return max_pool


for _d in (1, 2, 3):
    composite(f"max_pool{_d}d")(_max_pool(_d))


def _adaptive(axes: int) -> Callable[..., Run]:
    def adaptive_avg_pool(input: Any, output_size: Any) -> Run:
        sizes = _axes(output_size, axes)
        if axes > 1 and all(size == 1 for size in sizes):
            return Run("mean", {"self": input, "dim": [-1, -2, -3][:axes], "keepdim": True})
        return Run(f"{'' if axes == 1 else '_'}adaptive_avg_pool{axes}d", {"self": input, "output_size": sizes})

    return adaptive_avg_pool


for _d in (1, 2, 3):
    composite(f"adaptive_avg_pool{_d}d")(_adaptive(_d))


@composite("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout", "dropout_", "feature_dropout_")
def dropout(input: Any, p: float, train: bool) -> Run | None:
    """Nothing outside training."""
    return Run("native_dropout", {"input": input, "p": p, "train": True}) if train and p else None


@composite("contiguous")
def contiguous(input: Any, memory_format: Any = None) -> Run | None:
    """A copy; one that lies in order already is told apart before."""
    return Run("clone", {"self": input})


@composite("flatten")
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Run:
    """Some dimensions as one."""
    return Run("view", {"self": input})


@composite("reshape", "view_as", "reshape_as", "unflatten")
def reshape(input: Any, *_: Any, **__: Any) -> Run:
    """Other dimensions."""
    return Run("view", {"self": input})


@composite("to", "type_as", "_to_copy")
def to(input: Any, *_: Any, **__: Any) -> Run:
    """Another dtype or device."""
    return Run("_to_copy", {"self": input})


@composite("pad")
def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Run:
    """Zeros, a mirror, or the border again."""
    kind = {"reflect": "reflection_pad", "replicate": "replication_pad"}.get(mode)
    return (
        Run(f"{kind}{len(pad) // 2}d", {"self": input, "padding": pad})
        if kind
        else Run("constant_pad_nd", {"self": input, "pad": pad})
    )


@composite("chunk", "unsafe_chunk")
def chunk(input: Any, chunks: int, dim: int = 0) -> Run:
    """Equal pieces along one dimension."""
    length = input.shape[dim] if input.shape else 1
    return Run("split", {"self": input, "split_size": -(-length // max(chunks, 1)), "dim": dim})


@composite("split_with_sizes", "split")
def split(input: Any, sizes: Any, dim: int = 0) -> Run:
    """Pieces along one dimension."""
    return (
        Run("split_with_sizes", {"self": input, "split_sizes": sizes, "dim": dim})
        if isinstance(sizes, list)
        else Run("split", {"self": input, "split_size": sizes, "dim": dim})
    )


__all__ = ["COMPOSITES", "Run"]
