"""thop counts modules by their hooks."""

from collections.abc import Callable, Iterator
from math import prod

from archscope.conventions.convention import Part, convention
from archscope.conventions.python_names import SHARED, Names, elements, first
from archscope.conventions.recurrent_layers import RECURRENT
from archscope.graph import Graph
from archscope.graph.spelling import Group, ModuleCall, ModuleNote, shape_of

_MAC = "1 per multiply-accumulate"
_BILINEAR = {"nearest": 1, "linear": 5, "bilinear": 11, "bicubic": 259}
_CELL = {"RNN": (1, 0), "GRU": (3, 4), "LSTM": (4, 4)}  # gates, further operations per unit

Counted = tuple[str, int, str, str]
"""Label, value, rule, bug."""


@convention(
    "thop",
    "MACs",
    "As thop 0.1.1: multiply-accumulates of modules (not of functions, and so not of attention), a transposed convolution by its "
    "output, 4 per element of an affine norm, the outputs of average pooling and 11 per output of bilinear resizing.",
    needs_spelling=True,
)
def thop(graph: Graph) -> Iterator[Part]:
    """Source: thop/profile.py (`register_hooks`) and thop/vision/calc_func.py. It counts classes of exactly torch's types.

    A module that the network holds at n places gets n hooks, and what they count is summed at n places.
    """
    for module, call in Names(graph).modules():
        rule = _RULES.get(module.torch_type)
        if rule is not None:
            label, value, how, bug = rule(module, call)
            places = len(module.paths)
            yield Part(call.node, label, value * places**2, how, bug or (SHARED + ", squared" if places > 1 else ""))


def _convolution(module: ModuleNote, call: ModuleCall) -> Counted:
    into, weight = shape_of(call.inputs[0]), module.params.get("weight", ())
    value = prod(first(call.output)) * (into[1] // module.number("groups")) * prod(weight[2:])
    bug = ""
    if "Transpose" in module.type:
        bug = "a transposed convolution does its multiply-accumulates once per input, not per output"
    return "convolution", value, _MAC, bug


def _norm(module: ModuleNote, call: ModuleCall) -> Counted:
    per = 4 if module.settings.get("affine") or module.settings.get("elementwise_affine") else 2
    name = "layer_norm" if module.type == "LayerNorm" else "instance_norm" if "Instance" in module.type else "batch_norm"
    return name, per * elements(call), f"{per} per element", ""


def _adaptive(module: ModuleNote, call: ModuleCall) -> Counted:
    into, out = shape_of(call.inputs[0]), first(call.output)
    window = prod(n / m for n, m in zip(into[2:], out[2:], strict=True))
    return f"adaptive_avg_pool{module.type[-2]}d", int((window + 1) * prod(out)), "1 per input and per output", ""


def _average(module: ModuleNote, call: ModuleCall) -> Counted:
    return f"avg_pool{module.type[-2]}d", prod(first(call.output)), "1 per output", ""


def _softmax(module: ModuleNote, call: ModuleCall) -> Counted:
    shape = shape_of(call.inputs[0])
    length = shape[module.number("dim")]
    return "softmax", prod(shape) // length * (3 * length - 1), "3 per element, less 1 per row", ""


def _linear(module: ModuleNote, call: ModuleCall) -> Counted:
    return "matmul", module.number("in_features") * prod(first(call.output)), _MAC, ""


def _upsample(module: ModuleNote, call: ModuleCall) -> Counted:
    mode = str(module.settings.get("mode"))
    per = _BILINEAR.get(mode, 0)
    return f"upsample_{mode}", per * prod(first(call.output)), f"{per} per output", ""


def _prelu(module: ModuleNote, call: ModuleCall) -> Counted:
    return "prelu", elements(call), "1 per element", ""


def _recurrent(module: ModuleNote, call: ModuleCall) -> Counted:
    into = call.inputs[0]
    bias, units = module.settings.get("bias"), module.number("hidden_size")
    gates, rest = _CELL[module.type.removesuffix("Cell")]

    def cell(inputs: int) -> int:
        return gates * units * (inputs + units + 1 + (2 if bias else 0)) + rest * units

    if module.type.endswith("Cell"):
        steps, count = shape_of(into)[0], cell(module.number("input_size"))
    else:
        # A packed sequence: its longest batch at every step.
        steps = shape_of(into.items[0])[0] if isinstance(into, Group) else prod(shape_of(into)[:2])
        ways = 2 if module.settings.get("bidirectional") else 1
        layers = module.number("num_layers")
        count = ways * (cell(module.number("input_size")) + (layers - 1) * cell(ways * units))
    return module.type.lower(), steps * count, "products, biases and sums of the gates", ""


_RULES: dict[str, Callable[[ModuleNote, ModuleCall], Counted]] = {
    **{f"Conv{kind}{d}d": _convolution for kind in ("", "Transpose") for d in (1, 2, 3)},
    **{f"{kind}Norm{d}d": _norm for kind in ("Batch", "Instance") for d in (1, 2, 3)},
    **dict.fromkeys(("LayerNorm", "SyncBatchNorm"), _norm),
    **{f"AdaptiveAvgPool{d}d": _adaptive for d in (1, 2, 3)},
    **{f"AvgPool{d}d": _average for d in (1, 2, 3)},
    **dict.fromkeys(("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d"), _upsample),
    **dict.fromkeys(RECURRENT, _recurrent),
    "Softmax": _softmax,
    "Linear": _linear,
    "PReLU": _prelu,
}
