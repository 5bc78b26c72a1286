"""The conventions of thop, ptflops and calflops, which count modules or Python functions rather than operators.

A graph of operators tells which module ran an operator, by the module's class name, and so what these tools' hooks see. It does
not tell by which Python name an operator was called: `x + y` and `torch.add`, `q @ k` and `torch.matmul` are the same operator
and to ptflops and calflops different things. Matrix products are taken for `torch.matmul` (which they count), sums and products
of elements for `+` and `*` (which they do not). A class that only bears the name of one of torch's is taken for torch's.
"""

from math import prod

from archscope.counts.conventions import Worth, attention_products, convention, has_affine, label
from archscope.graph import Graph, Node

_CONVOLUTIONS = {f"Conv{d}d" for d in (1, 2, 3)}
_TRANSPOSED = {f"ConvTranspose{d}d" for d in (1, 2, 3)}
_BATCH_NORMS = {f"BatchNorm{d}d" for d in (1, 2, 3)} | {f"InstanceNorm{d}d" for d in (1, 2, 3)}
_RECURRENT = {name + cell for name in ("LSTM", "GRU", "RNN") for cell in ("", "Cell")}
_FIXED_POOLS = {f"{kind}_pool{d}d" for kind in ("avg", "max") for d in (1, 2, 3)}
_POOLS = _FIXED_POOLS | {f"adaptive_{pool}" for pool in _FIXED_POOLS}
_POOL_MODULES = {f"{size}{kind}Pool{d}d" for size in ("", "Adaptive") for kind in ("Avg", "Max") for d in (1, 2, 3)}


class _Sizes:
    """What the rules below ask of a node: sizes and elements of its first input and output, its module's class name."""

    def __init__(self, graph: Graph, node: Node) -> None:
        self.out = graph.tensors[node.outputs[0]].shape if node.outputs else ()
        self.into = graph.tensors[node.inputs[0]].shape if node.inputs else self.out
        self.written, self.read = prod(self.out), prod(self.into)
        self.module = graph.calls[node.call].type


def _is_relu6(node: Node, module: str) -> bool:
    return node.name == "hardtanh" and (module == "ReLU6" or [node.attrs.get(k) for k in ("min_val", "max_val")] == [0, 6])


def _gates(node: Node, module: str = "") -> int:
    """A recurrent cell's products, biases and sums; of its functions ptflops and calflops count an LSTM's tanh."""
    if node.name in ("addmm", "mm", "add", "mul", "sub"):
        return node.cost.macs + node.cost.adds + node.cost.muls
    return node.cost.exponentials if node.name == "tanh" and module.startswith("LSTM") else 0


def _integers(node: Node, name: str) -> list[int]:
    values = node.attrs[name]
    return [v for v in (values if isinstance(values, list) else [values]) if isinstance(v, int)]


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
        counted = module in _BATCH_NORMS or module in ("LayerNorm", "SyncBatchNorm")
        return (4 if has_affine(graph, node) else 2) * counted

    def adaptive(size: _Sizes) -> int:
        axes = int(size.module[-2])
        kernel = prod(n / m for n, m in zip(size.into[-axes:], size.out[-axes:], strict=True))
        return int((kernel + 1) * size.written)

    def worth(node: Node) -> int:
        name, size = label(node), _Sizes(graph, node)
        match name:
            case "convolution" if size.module in _CONVOLUTIONS:
                return node.cost.macs
            case "convolution" if size.module in _TRANSPOSED:
                (groups,) = _integers(node, "groups")
                return size.written * (size.into[1] // groups) * prod(_integers(node, "kernel"))
            case "matmul" if size.module == "Linear":
                return node.cost.macs
            case "batch_norm" | "layer_norm":
                return norm(node, size.module) * size.written
            case "softmax" if size.module == "Softmax":
                length = size.out[int(str(node.attrs["dim"]))]
                return size.written // length * (3 * length - 1)
            case _ if size.module in _RECURRENT:
                return _gates(node)
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


# Modules that hold on to F.relu or F.gelu themselves, so that what ptflops and calflops put in its place is not called.
_BOUND_EARLY = {"TransformerEncoderLayer", "TransformerDecoderLayer"}

# An activation's name, the class of the module that is it.
_PTFLOPS_ACTIVATIONS = {"relu": "ReLU", "prelu_kernel": "PReLU", "elu": "ELU", "gelu": "GELU", "leaky_relu": "LeakyReLU"}


@convention(
    "ptflops",
    "MACs",
    "As ptflops 0.7.5 for one sample: multiply-accumulates and biases of modules, 2 per element of an affine batch norm, the "
    "inputs of pooling and activation functions, and both of these twice where they are modules.",
)
def ptflops(graph: Graph) -> Worth:
    """Source: ptflops/pytorch_ops.py and pytorch_engine.py, the engine "pytorch" with `count_functional=True`, its default."""
    fused = attention_products(graph)
    weighted_sums = attention_products(graph, ("_safe_softmax", "_softmax"), scores=False)

    def twice(node: Node) -> int:
        # Attention written out, in nn.MultiheadAttention: the module's hook counts it and so do torch.bmm and F.softmax.
        return 2 if node.name == "_softmax" or (node.name == "bmm" and node.id not in fused) else 1

    def activation(node: Node, name: str, module: str) -> int:
        if name == "silu" or _is_relu6(node, module):
            return 1
        of = None if module in _BOUND_EARLY else _PTFLOPS_ACTIVATIONS.get(name)
        if of == "LeakyReLU":  # hooked as a module only
            return int(module == of)
        return 0 if of is None else 1 + (module == of)

    def worth(node: Node) -> int:
        name, size = label(node), _Sizes(graph, node)
        match name:
            case "convolution":
                return node.cost.macs + node.cost.adds if size.module in _CONVOLUTIONS | _TRANSPOSED else 0
            case _ if size.module in _RECURRENT:
                return _gates(node, size.module)
            case "matmul" if size.module == "MultiheadAttention":
                scaled = size.written if node.id in weighted_sums else 0  # as many as the queries have elements
                return node.cost.macs * twice(node) + node.cost.adds + scaled
            case "matmul" if size.module == "Linear":
                return node.cost.macs + node.cost.adds
            case "matmul":
                return node.cost.macs if node.name == "bmm" and node.id not in fused else 0
            case "batch_norm" | "group_norm" if size.module in _BATCH_NORMS or size.module == "GroupNorm":
                return (2 if has_affine(graph, node) else 1) * size.written
            case "layer_norm" if size.module == "LayerNorm":
                return size.written
            case "softmax" if size.module == "MultiheadAttention":
                return size.written * twice(node)
            case "softmax" if node.name != "_safe_softmax":
                return size.written
            case _ if name in _POOLS:
                return size.read * (1 + (size.module in _POOL_MODULES))
            case _ if name.startswith("upsample_"):
                return size.written * (1 + (size.module == "Upsample"))
        return activation(node, name, size.module) * size.written

    return worth


def _calflops_transposed(node: Node, size: _Sizes) -> int:
    """calflops divides by the groups twice, and gives the bias to the places of a convolution that is not transposed."""
    (groups,) = _integers(node, "groups")
    steps = zip(size.into[2:], *(_integers(node, name) for name in ("kernel", "stride", "padding", "dilation")), strict=True)
    places = prod((n + 2 * p - (d * (k - 1) + 1)) // s + 1 for n, k, s, p, d in steps)
    bias = size.out[1] // groups * size.out[0] * places if node.cost.adds else 0
    return 2 * node.cost.macs // groups + bias


@convention(
    "calflops",
    "FLOPs",
    "As calflops 0.3.2: 2 per multiply-accumulate and 1 per bias of convolutions, 2 per multiply-accumulate of linear layers, 2 "
    "per element of an affine eval batch norm, 5 of other norms, the inputs of pooling, softmax and activation functions.",
)
def calflops(graph: Graph) -> Worth:
    """Source: calflops/pytorch_ops.py. Resizing counts its input (where a size is given calflops counts less)."""
    fused = attention_products(graph)
    activations = {"relu", "prelu_kernel", "elu", "leaky_relu", "silu", "gelu"}

    def worth(node: Node) -> int:
        name, size = label(node), _Sizes(graph, node)
        affine = has_affine(graph, node)
        match name:
            case "convolution" if not node.attrs.get("transposed"):
                return 2 * node.cost.macs + node.cost.adds
            case "convolution":
                return _calflops_transposed(node, size)
            case "matmul" if size.module in _RECURRENT:
                return 2 * node.cost.macs + node.cost.adds - size.written
            case _ if size.module in _RECURRENT:
                return _gates(node, size.module)
            case "matmul":
                unseen = node.id in fused or (node.name == "bmm" and size.module == "MultiheadAttention")
                return 0 if unseen else 2 * node.cost.macs
            case "batch_norm" if not node.attrs.get("training"):
                return (2 if affine else 1) * size.written
            case "batch_norm" | "layer_norm" | "group_norm":
                return (5 if affine else 4) * size.written
            case _ if name in _POOLS or name.startswith("upsample_"):
                return size.read
            case "softmax" if node.name != "_safe_softmax":
                return size.written
            case _ if size.module in _BOUND_EARLY:
                return 0
            case _ if name in activations or (_is_relu6(node, size.module) and size.module != "ReLU6"):
                return size.written  # F.relu6 counts, nn.ReLU6 calls F.hardtanh, which does not
        return 0

    return worth
