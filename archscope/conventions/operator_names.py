"""Operators by the names that a reader knows, one for all the kernels of an operator."""

from archscope.graph import Node

CONVOLUTIONS = frozenset({
    "convolution", "_convolution", "convolution_overrideable", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "_convolution_mode", "mkldnn_convolution", "cudnn_convolution",
    "cudnn_convolution_transpose", "_slow_conv2d_forward", "slow_conv3d_forward",
})  # fmt: skip
PRODUCTS = frozenset({"mm", "addmm", "bmm", "linear", "matmul", "einsum"})
_OTHER_PRODUCTS = ("baddbmm", "addbmm", "mv", "addmv", "dot", "vdot", "inner", "_addmm_activation")
_LABELS = {
    **dict.fromkeys(CONVOLUTIONS, "convolution"),
    **dict.fromkeys((*PRODUCTS, *_OTHER_PRODUCTS), "matmul"),
    "_safe_softmax": "softmax", "grid_sampler_2d": "grid_sampler", "grid_sampler_3d": "grid_sampler",
}  # fmt: skip


def label(node: Node) -> str:
    """The operator's name as a reader knows it, one for all its kernels: "convolution", "matmul", "batch_norm", "relu"."""
    if is_global_average(node):
        return "adaptive_avg_pool2d" if node.attrs["dim"] == [-1, -2] else "adaptive_avg_pool3d"
    name = node.name
    return _LABELS.get(name) or name.removeprefix("_").removeprefix("native_").removesuffix("_with_indices")


def is_global_average(node: Node) -> bool:
    """Whether a mean is what torch makes of an adaptive average pooling to 1x1: over (-1, -2), in this order, all kept."""
    return node.name == "mean" and node.attrs.get("dim") in ([-1, -2], [-1, -2, -3]) and node.attrs.get("keepdim") is True
