"""How each well-known tool counts, as a function of a traced Graph: why five tools give five numbers for one network.

A convention says what every operator run is worth in its tool's eyes. `count` is the tool's total and `by_operator` its parts, so
that two conventions can be laid side by side and their difference explained operator by operator. They hold for graphs of
operators (as `trace` gives them), not for views in which several were drawn together.
"""

from collections.abc import Callable, Collection, Iterator

import msgspec

from archscope.graph import Graph, Node
from archscope.registry import Registry

Worth = Callable[[Node], int]
"""What one node is worth."""

_CONVOLUTIONS = frozenset({
    "convolution", "_convolution", "convolution_overrideable", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "_convolution_mode", "mkldnn_convolution", "cudnn_convolution",
    "cudnn_convolution_transpose", "_slow_conv2d_forward", "slow_conv3d_forward",
})  # fmt: skip
_PRODUCTS = frozenset({"mm", "addmm", "bmm", "linear", "matmul", "einsum"})
_OTHER_PRODUCTS = ("baddbmm", "addbmm", "mv", "addmv", "dot", "vdot", "inner")
_LABELS = {
    **dict.fromkeys(_CONVOLUTIONS, "convolution"),
    **dict.fromkeys((*_PRODUCTS, *_OTHER_PRODUCTS), "matmul"),
    "_safe_softmax": "softmax", "grid_sampler_2d": "grid_sampler", "grid_sampler_3d": "grid_sampler",
}  # fmt: skip


def label(node: Node) -> str:
    """The operator's name as a reader knows it, one for all its kernels: "convolution", "matmul", "batch_norm", "relu"."""
    name = node.name
    if is_global_average(node):
        return "adaptive_avg_pool2d" if node.attrs["dim"] == [-1, -2] else "adaptive_avg_pool3d"
    return _LABELS.get(name) or name.removeprefix("_").removeprefix("native_").removesuffix("_with_indices")


def is_global_average(node: Node) -> bool:
    """Whether a mean is what torch makes of an adaptive average pooling to 1x1: over (-1, -2), in this order, all kept."""
    return node.name == "mean" and node.attrs.get("dim") in ([-1, -2], [-1, -2, -3]) and node.attrs.get("keepdim") is True


def has_affine(graph: Graph, node: Node) -> bool:
    """Whether a norm has weights: parameters, or (an instance norm's, repeated per sample) activations made of them."""
    return len(node.inputs) > 1 or any(not graph.param[name].buffer for name in node.params)


class Convention(msgspec.Struct, frozen=True):
    """How one tool counts.

    Attributes:
        name: of the tool, or "archscope", or "macs".
        unit: what its number is a number of: "MACs" or "FLOPs" (in this tool's sense).
        says: the convention in one sentence, for a footer.
        worth: gives for a graph the function from its nodes to what each is worth.
    """

    name: str
    unit: str
    says: str
    worth: Callable[[Graph], Worth]

    def count(self, graph: Graph) -> int:
        """The total."""
        return sum(map(self.worth(graph), graph.nodes))

    def by_operator(self, graph: Graph) -> dict[str, int]:
        """What the operators are worth together, by `label`, the dearest first; those worth nothing are left out."""
        worth = self.worth(graph)
        parts: dict[str, int] = {}
        for node in graph.nodes:
            if value := worth(node):
                parts[label(node)] = parts.get(label(node), 0) + value
        return dict(sorted(parts.items(), key=lambda part: -part[1]))


CONVENTIONS: Registry[Convention] = Registry("convention")


def convention(name: str, unit: str, says: str) -> Callable[[Callable[[Graph], Worth]], Callable[[Graph], Worth]]:
    """A decorator: registers a function that gives what each node of a graph is worth."""

    def register(worth: Callable[[Graph], Worth]) -> Callable[[Graph], Worth]:
        CONVENTIONS.add(name, Convention(name, unit, says, worth))
        return worth

    return register


@convention(
    "archscope",
    "FLOPs",
    "FLOPs = 2 x multiply-accumulates + additions, multiplications, divisions, comparisons and exponentials of everything else.",
)
def archscope(graph: Graph) -> Worth:
    """All columns."""
    return lambda node: node.cost.flops


@convention(
    "macs",
    "MACs",
    'Multiply-accumulates only (a multiplication and its addition = 1), as in the papers and torchvision\'s "GFLOPS": no biases, '
    "norms, activation functions or pooling.",
)
def macs(graph: Graph) -> Worth:
    """One column."""
    return lambda node: node.cost.macs


@convention(
    "torch",
    "FLOPs",
    "As torch.utils.flop_counter on the meta device: 2 per multiply-accumulate of convolutions, matrix products and attention.",
)
def torch(graph: Graph) -> Worth:
    """Source: torch/utils/flop_counter.py (`flop_registry`). A complex multiply-accumulate counts as a real one there."""
    kernels = (f"_scaled_dot_product_{kernel}_attention" for kernel in ("efficient", "flash", "cudnn"))
    fused = {*kernels, "_flash_attention_forward", "_efficient_attention_forward"}
    counted = {*_CONVOLUTIONS, *_PRODUCTS, *fused, "baddbmm", "_scaled_mm"}

    def worth(node: Node) -> int:
        if node.name not in counted:
            return 0
        is_complex = graph.tensors[node.outputs[0]].dtype.startswith("complex")
        return 2 * node.cost.macs // (4 if is_complex else 1)

    return worth


# -- fvcore -------------------------------------------------------------------------------------------------------------------

FVCORE_OPERATORS = {
    "conv": "convolution", **dict.fromkeys(("addmm", "mm", "bmm", "matmul", "linear", "einsum"), "matmul"),
    "batch_norm": "batch_norm", "instance_norm": "batch_norm", "layer_norm": "layer_norm", "group_norm": "group_norm",
    "adaptive_avg_pool2d": "adaptive_avg_pool2d", "upsample_nearest2d": "upsample_nearest2d",
    "upsample_bilinear2d": "upsample_bilinear2d", "grid_sampler": "grid_sampler",
}  # fmt: skip
"""fvcore's names of the operators it counts -> our `label` of them."""

# Whole layers that fvcore has no handle for; on the meta device torch takes them apart into operators that it has one for.
_FVCORE_BLIND = frozenset({"LSTM", "GRU", "RNN", "Bilinear", "AdaptiveAvgPool1d", "AdaptiveAvgPool3d"})


@convention(
    "fvcore",
    "MACs",
    "As fvcore's FlopCountAnalysis: multiply-accumulates, plus 2 per element of a batch norm (5 in train mode), 5 per element of "
    "other norms, the inputs of adaptive average pooling, 1 or 4 per output of nearest or bilinear resizing; fused attention 0.",
)
def fvcore(graph: Graph) -> Worth:
    """Source: fvcore/nn/flop_count.py (`_DEFAULT_SUPPORTED_OPS`) and jit_handles.py.

    It differs from fvcore where torch has taken apart what fvcore sees whole and does not count, and nothing in the graph tells:
    `padding='same'` and tensordot. fvcore also rounds an einsum to four digits.
    """
    fused = attention_products(graph)

    def norm(node: Node) -> int:
        affine = has_affine(graph, node)
        if label(node) == "batch_norm" and not node.attrs.get("training"):
            return 2 if affine else 1
        return 5 if affine else 4

    def worth(node: Node) -> int:
        name = label(node)
        if node.id in fused or graph.calls[node.call].type in _FVCORE_BLIND:
            return 0
        if name == "convolution" or node.name in _PRODUCTS:
            return node.cost.macs
        read, written = (graph.tensors[ids[0]].numel if ids else 0 for ids in (node.inputs, node.outputs))
        match name:
            case "batch_norm" | "layer_norm" | "group_norm":
                return norm(node) * written
            case "adaptive_avg_pool2d":
                return read
            case "upsample_nearest2d":
                return written
            case "upsample_bilinear2d" | "grid_sampler":
                return 4 * written
        return 0

    return worth


_PASSES = frozenset({
    "view", "_unsafe_view", "reshape", "expand", "clone", "transpose", "permute", "add", "mul", "masked_fill", "where", "dropout",
    "native_dropout", "_to_copy",
})  # fmt: skip


def attention_products(graph: Graph, softmaxes: Collection[str] = ("_safe_softmax",), *, scores: bool = True) -> frozenset[int]:
    """Ids of the matrix products of every `scaled_dot_product_attention` that torch took apart: scores and weighted sum.

    Its softmax is known by its kernel, `_safe_softmax`, which nothing else uses; the products are the nearest on either side.

    Arguments:
        softmaxes: the kernels beside which products are looked for; with "_softmax", also those of attention written out.
        scores: also the products before the softmax, not only those after it.
    """

    def before(node: Node) -> Iterator[Node]:
        while node.inputs and node.inputs[0] in graph.producer:
            node = graph.producer[node.inputs[0]]
            yield node

    def after(node: Node) -> Iterator[Node]:
        while readers := graph.consumers.get(node.outputs[0]):
            node = readers[0]
            yield node

    def nearest(nodes: Iterator[Node]) -> Iterator[int]:
        for node in nodes:
            if node.name == "bmm":
                yield node.id
            if node.name not in _PASSES:
                return

    ends = [node for node in graph.nodes if node.name in softmaxes]
    walks = [walk(node) for node in ends for walk in ((before, after) if scores else (after,))]
    return frozenset(found for walk in walks for found in nearest(walk))


__all__ = [
    "CONVENTIONS", "FVCORE_OPERATORS", "Convention", "attention_products", "convention", "has_affine", "is_global_average",
    "label",
]  # fmt: skip
