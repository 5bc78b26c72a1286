"""How each well-known tool counts, as a function of a traced Graph: why five tools give five numbers for one network.

A convention says what every operator run is worth in its tool's eyes. `count` is the tool's total and `by_operator` its parts, so
that two conventions can be laid side by side and their difference explained operator by operator. They hold for graphs of
operators (as `trace` gives them), not for views in which several were drawn together.
"""

from collections.abc import Callable

import msgspec

from archscope.graph import Graph, Node
from archscope.registry import Registry

Worth = Callable[[Node], int]
"""What one node is worth."""

CONVOLUTIONS = frozenset({
    "convolution", "_convolution", "convolution_overrideable", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
    "conv_transpose2d", "conv_transpose3d", "_convolution_mode", "mkldnn_convolution", "cudnn_convolution",
    "cudnn_convolution_transpose", "_slow_conv2d_forward", "slow_conv3d_forward",
})  # fmt: skip
PRODUCTS = frozenset({"mm", "addmm", "bmm", "linear", "matmul", "einsum"})
_OTHER_PRODUCTS = ("baddbmm", "addbmm", "mv", "addmv", "dot", "vdot", "inner")
_LABELS = {
    **dict.fromkeys(CONVOLUTIONS, "convolution"),
    **dict.fromkeys((*PRODUCTS, *_OTHER_PRODUCTS), "matmul"),
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
