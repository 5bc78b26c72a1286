"""thop counts modules by their hooks."""

from math import prod

from archscope.conventions.convention import Worth, convention, has_affine, label
from archscope.conventions.module_counters import (
    BATCH_NORM_MODULES,
    CONVOLUTION_MODULES,
    RECURRENT_MODULES,
    TRANSPOSED_MODULES,
    Sizes,
    gates,
    integers,
)
from archscope.graph import Graph, Node

_UPSAMPLING = {"upsample_nearest1d": 1, "upsample_nearest2d": 1, "upsample_nearest3d": 1, "upsample_linear1d": 5,
               "upsample_bilinear2d": 11, "upsample_bicubic2d": 259}  # fmt: skip


@convention(
    "thop",
    "MACs",
    "As thop 0.1.1: multiply-accumulates of modules (not of functions, and so not of attention), a transposed convolution by its "
    "output, 4 per element of an affine norm, the outputs of average pooling and 11 per output of bilinear resizing.",
)
def thop(graph: Graph) -> Worth:
    """Source: thop/profile.py (`register_hooks`) and thop/vision/calc_func.py. It counts classes of exactly torch's types."""

    def norm(node: Node, module: str) -> int:
        counted = module in BATCH_NORM_MODULES or module in ("LayerNorm", "SyncBatchNorm")
        return (4 if has_affine(graph, node) else 2) * counted

    def adaptive(size: Sizes) -> int:
        axes = int(size.module[-2])
        kernel = prod(n / m for n, m in zip(size.into[-axes:], size.out[-axes:], strict=True))
        return int((kernel + 1) * size.written)

    def worth(node: Node) -> int:
        name, size = label(node), Sizes(graph, node)
        match name:
            case "convolution" if size.module in CONVOLUTION_MODULES:
                return node.cost.macs
            case "convolution" if size.module in TRANSPOSED_MODULES:
                (groups,) = integers(node, "groups")
                return size.written * (size.into[1] // groups) * prod(integers(node, "kernel"))
            case "matmul" if size.module == "Linear":
                return node.cost.macs
            case "batch_norm" | "layer_norm":
                return norm(node, size.module) * size.written
            case "softmax" if size.module == "Softmax":
                length = size.out[int(str(node.attrs["dim"]))]
                return size.written // length * (3 * length - 1)
            case _ if size.module in RECURRENT_MODULES:
                return gates(node)
            case _ if size.module.startswith("AdaptiveAvgPool") and name.startswith("adaptive_avg_pool"):
                return adaptive(size)
            case _ if size.module.startswith("AvgPool") and name.startswith("avg_pool"):
                return size.written
            case _ if size.module in ("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"):
                return _UPSAMPLING.get(name, 0) * size.written
            case "prelu_kernel" if size.module == "PReLU":
                return size.written
        return 0

    return worth
