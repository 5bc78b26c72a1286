"""What the conventions of thop, ptflops and calflops share: they count modules or Python functions rather than operators.

A graph of operators tells which module ran an operator, by the module's class name, and so what these tools' hooks see. It does
not tell by which Python name an operator was called: `x + y` and `torch.add`, `q @ k` and `torch.matmul` are the same operator
and to ptflops and calflops different things. Matrix products are taken for `torch.matmul` (which they count), sums and products
of elements for `+` and `*` (which they do not). A class that only bears the name of one of torch's is taken for torch's.
"""

from math import prod

from archscope.graph import Graph, Node

CONVOLUTION_MODULES = {f"Conv{d}d" for d in (1, 2, 3)}
TRANSPOSED_MODULES = {f"ConvTranspose{d}d" for d in (1, 2, 3)}
BATCH_NORM_MODULES = {f"BatchNorm{d}d" for d in (1, 2, 3)} | {f"InstanceNorm{d}d" for d in (1, 2, 3)}
RECURRENT_MODULES = {name + cell for name in ("LSTM", "GRU", "RNN") for cell in ("", "Cell")}
_FIXED_POOLS = {f"{kind}_pool{d}d" for kind in ("avg", "max") for d in (1, 2, 3)}
POOLS = _FIXED_POOLS | {f"adaptive_{pool}" for pool in _FIXED_POOLS}
POOL_MODULES = {f"{size}{kind}Pool{d}d" for size in ("", "Adaptive") for kind in ("Avg", "Max") for d in (1, 2, 3)}


class Sizes:
    """What the rules below ask of a node: sizes and elements of its first input and output, its module's class name."""

    def __init__(self, graph: Graph, node: Node) -> None:
        self.out = graph.tensors[node.outputs[0]].shape if node.outputs else ()
        self.into = graph.tensors[node.inputs[0]].shape if node.inputs else self.out
        self.written, self.read = prod(self.out), prod(self.into)
        self.module = graph.calls[node.call].type


def is_relu6(node: Node, module: str) -> bool:
    """Whether it is a ReLU6, as a module or as the hardtanh that it is made of."""
    return node.name == "hardtanh" and (module == "ReLU6" or [node.attrs.get(k) for k in ("min_val", "max_val")] == [0, 6])


def gates(node: Node, module: str = "") -> int:
    """A recurrent cell's products, biases and sums; of its functions ptflops and calflops count an LSTM's tanh."""
    if node.name in ("addmm", "mm", "add", "mul", "sub"):
        return node.cost.macs + node.cost.adds + node.cost.muls
    return node.cost.exponentials if node.name == "tanh" and module.startswith("LSTM") else 0


def integers(node: Node, name: str) -> list[int]:
    """An attribute's whole numbers, one per axis."""
    values = node.attrs[name]
    return [v for v in (values if isinstance(values, list) else [values]) if isinstance(v, int)]


# Modules that hold on to F.relu or F.gelu themselves, so that what ptflops and calflops put in its place is not called.
BOUND_EARLY = {"TransformerEncoderLayer", "TransformerDecoderLayer"}
