"""torchinfo multiplies parameters by outputs."""

from collections.abc import Iterator
from math import prod

from archscope.conventions.convention import Part, convention
from archscope.conventions.python_names import Names
from archscope.graph import Graph
from archscope.graph.spelling import Argument, Group, TensorArgument

_LABELS = {"Linear": "matmul", "Embedding": "embedding", "LayerNorm": "layer_norm", "GroupNorm": "group_norm"}
_TOKENS = "a layer's positions beyond the batch (tokens) are forgotten"
_LOOK_UP = "looking up a row is no arithmetic"
_TRANSPOSED = "a transposed convolution does its multiply-accumulates once per input, not per output"


@convention(
    "torchinfo",
    "MACs",
    "As torchinfo 1.8: weights and biases of modules without children, times the places of the output for a class with Conv in "
    "its name, times batch and steps for recurrent layers, times the batch alone for everything else; functions 0.",
    needs_spelling=True,
)
def torchinfo(graph: Graph) -> Iterator[Part]:
    """Source: torchinfo/layer_info.py (`calculate_macs`) and model_statistics.py."""
    for module, call in Names(graph).modules():
        if not module.leaf:
            continue
        size = _size(call.output)
        for name, shape in module.params.items():
            count = prod(shape)
            label = _label(module.type) if name != "bias" else "bias"
            if name in ("weight", "bias"):
                if "Conv" in module.type:
                    bug = _TRANSPOSED if "Transpose" in module.type and name == "weight" else ""
                    yield Part(call.node, label, count * prod(size[:1] + size[2:]), "1 per weight, place and example", bug)
                else:
                    bug = _LOOK_UP if module.type == "Embedding" else _TOKENS if module.type == "Linear" and len(size) > 2 else ""
                    yield Part(call.node, label, (size[0] if size else 0) * count, "1 per weight and example", bug)
            elif "weight" in name or "bias" in name:
                yield Part(call.node, label, prod(size[:2]) * count, "1 per weight, step and example")


def _label(kind: str) -> str:
    if "Conv" in kind:
        return "convolution"
    return _LABELS.get(kind, "batch_norm" if "BatchNorm" in kind or "InstanceNorm" in kind else kind.lower())


def _size(output: Argument) -> tuple[int, ...]:
    """The size that torchinfo takes for that of an output: the first tensor of a group, the last value of a mapping."""
    while isinstance(output, Group) and output.items:
        output = output.items[-1 if output.mapping else 0]
    return output.shape if isinstance(output, TensorArgument) else ()
