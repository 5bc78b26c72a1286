"""PyTorch's own counter, `torch.utils.flop_counter`."""

from archscope.conventions.convention import CONVOLUTIONS, PRODUCTS, Worth, convention
from archscope.graph import Graph, Node


@convention(
    "torch",
    "FLOPs",
    "As torch.utils.flop_counter on the meta device: 2 per multiply-accumulate of convolutions, matrix products and attention.",
)
def torch(graph: Graph) -> Worth:
    """Source: torch/utils/flop_counter.py (`flop_registry`). A complex multiply-accumulate counts as a real one there."""
    kernels = (f"_scaled_dot_product_{kernel}_attention" for kernel in ("efficient", "flash", "cudnn"))
    fused = {*kernels, "_flash_attention_forward", "_efficient_attention_forward"}
    counted = {*CONVOLUTIONS, *PRODUCTS, *fused, "baddbmm", "_scaled_mm"}

    def worth(node: Node) -> int:
        if node.name not in counted:
            return 0
        is_complex = graph.tensors[node.outputs[0]].dtype.startswith("complex")
        return 2 * node.cost.macs // (4 if is_complex else 1)

    return worth
