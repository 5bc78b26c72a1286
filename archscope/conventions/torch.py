"""PyTorch's own counter, `torch.utils.flop_counter`."""

from collections.abc import Iterator

from archscope.conventions.convention import Part, convention
from archscope.conventions.operator_names import CONVOLUTIONS, PRODUCTS, label
from archscope.graph import Graph

_KERNELS = (f"_scaled_dot_product_{kernel}_attention" for kernel in ("efficient", "flash", "cudnn"))
_COUNTED = {
    *CONVOLUTIONS,
    *PRODUCTS,
    *_KERNELS,
    "_flash_attention_forward",
    "_efficient_attention_forward",
    "baddbmm",
    "_scaled_mm",
}


@convention(
    "torch",
    "FLOPs",
    "As torch.utils.flop_counter on the meta device: 2 per multiply-accumulate of convolutions, matrix products and attention.",
)
def torch(graph: Graph) -> Iterator[Part]:
    """Source: torch/utils/flop_counter.py (`flop_registry`)."""
    for node in graph.nodes:
        if node.name not in _COUNTED:
            continue
        if graph.tensors[node.outputs[0]].dtype.startswith("complex"):
            bug = "a complex multiply-accumulate is four real ones"
            yield Part(node.id, label(node), 2 * node.cost.macs // 4, "2 per multiply-accumulate", bug)
        else:
            yield Part(node.id, label(node), 2 * node.cost.macs, "2 per multiply-accumulate")
