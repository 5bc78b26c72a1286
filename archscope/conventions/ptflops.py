"""ptflops counts modules by their hooks, and functions by putting its own in their place."""

from collections.abc import Callable, Iterator
from math import prod

from archscope.conventions.convention import Part, convention
from archscope.conventions.patched_functions import POOLS, elementwise, misaligned, product, product_with_sum
from archscope.conventions.python_names import SHARED, Names, above, elements, first
from archscope.conventions.recurrent_layers import RECURRENT, recurrent
from archscope.graph import Graph
from archscope.graph.spelling import FunctionCall, Group, ModuleCall, ModuleNote, TensorArgument, shape_of

_MAC = "1 per multiply-accumulate"
_TWICE = "hook of the module and function that it calls both count it"
_BOTH = "1 per element, twice"
_ACTIVATIONS = {f"F.{name}" for name in ("relu", "prelu", "elu", "relu6", "gelu", "silu")}
_PRODUCTS = {f"{owner}.{name}" for owner in ("torch", "Tensor") for name in ("matmul", "mm", "bmm")}
_SUMS = {"torch.addmm", "Tensor.addmm", "torch.baddbmm"}
_ELEMENTWISE = {f"{owner}.{name}" for owner in ("torch", "Tensor") for name in ("mul", "add")}


@convention(
    "ptflops",
    "MACs",
    "As ptflops 0.7.5 for one sample: multiply-accumulates and biases of modules, 2 per element of an affine batch norm, the "
    "inputs of pooling and activation functions, and both of these twice where they are modules.",
    needs_spelling=True,
)
def ptflops(graph: Graph) -> Iterator[Part]:
    """Source: ptflops/pytorch_ops.py and pytorch_engine.py, the engine "pytorch" with `count_functional=True`, its default.

    What the hooks counted is divided by the batch, what the functions counted is not.
    """
    names = Names(graph)
    yield from _hooks(names, functions=True)
    for function in names.patched():
        part = _function(function, names.owner(function.call))
        if part is not None:
            yield part


@convention(
    "ptflops_modules",
    "MACs",
    "As ptflops 0.7.5 with count_functional=False: multiply-accumulates and biases of modules, 2 per element of an affine batch "
    "norm, the inputs of pooling and activation modules.",
    needs_spelling=True,
)
def ptflops_modules(graph: Graph) -> Iterator[Part]:
    """The hooks alone."""
    yield from _hooks(Names(graph), functions=False)


def _hooks(names: Names, *, functions: bool) -> Iterator[Part]:
    batch = _batch(names)
    for module, call in names.modules():
        rule = _hook(module)
        if rule is None:
            continue
        places = sum(not any(_hook(names.by_path[outer]) for outer in above(path)) for path in module.paths)
        for label, value, how in rule(module, call):
            twice = functions and how == _BOTH
            bug = SHARED if places > 1 else _TWICE if twice else ""
            yield Part(call.node, label, value * places / batch, how if twice or how != _BOTH else "1 per element", bug)


def _batch(names: Names) -> int:
    inputs = names.spelling.calls[0].inputs
    if not inputs:
        return 1
    return (len(inputs[0].items) if isinstance(inputs[0], Group) else first(inputs[0])[0]) or 1


# -- functions ------------------------------------------------------------------------------------------------------------------


def _function(call: FunctionCall, owner: ModuleNote | None) -> Part | None:
    name, label = call.name, call.operator
    twice = _TWICE if owner is not None and _hook(owner) is not None and call.inside < 0 else ""
    if name in _ACTIVATIONS or name in POOLS:
        return Part(call.node, label, prod(call.shape(0, "input")), _BOTH if twice else "1 per element", twice)
    if name == "F.softmax":
        return Part(call.node, label, prod(call.shape(0, "input")), "1 per input", twice)
    if name in ("F.interpolate", "F.upsample"):
        return Part(call.node, "upsample", _resized(call), _BOTH if twice else "1 per output", twice)
    if name in _PRODUCTS:
        return Part(call.node, "matmul", product(call), _MAC, twice)
    if name in _SUMS:
        macs, added = product_with_sum(call)
        return Part(call.node, "matmul", macs + (added if call.argument(3, "beta", 1) != 0 else 0), _MAC, twice)
    if name in _ELEMENTWISE:
        bug = "shapes are lined up from the left" if misaligned(call) else twice
        return Part(call.node, label, elementwise(call, from_the_left=True), "1 per output", bug)
    return None


def _resized(call: FunctionCall) -> int | float:
    into = call.shape(0, "input")
    size, axes = call.argument(1, "size"), len(into) - 2
    if isinstance(size, Group):
        return prod(part for part in size.items if isinstance(part, int)) * prod(into[:2])
    if isinstance(size, int):
        return prod([size] * axes) * prod(into[:2])
    scale = call.argument(2, "scale_factor")
    if isinstance(scale, Group):
        return prod(into) * int(prod(part for part in scale.items if isinstance(part, (int, float))))
    return prod(into) * prod([float(scale) if isinstance(scale, (int, float)) else 1.0] * axes)


# -- modules --------------------------------------------------------------------------------------------------------------------

Hook = Callable[[ModuleNote, ModuleCall], Iterator[tuple[str, int, str]]]


def _convolution(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    into, out = shape_of(call.inputs[0]), first(call.output)
    places = (into if "Transpose" in module.type else out)[2:]
    kernel = module.settings["kernel_size"]
    window = prod(k for k in kernel if isinstance(k, int)) if isinstance(kernel, list) else 1
    filters = module.number("out_channels") // module.number("groups")
    extra = 0
    if module.type == "DeformConv2d":  # sampling points, and weighing them where there is a mask
        extra = 24 + (len(call.inputs) == 3 and isinstance(call.inputs[2], TensorArgument))
    yield "convolution", window * (module.number("in_channels") * filters + extra) * into[0] * prod(places), _MAC
    yield "bias", into[0] * prod(out[1:]) if "bias" in module.params else 0, "1 per output"


def _linear(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    into, out = shape_of(call.inputs[0]), first(call.output)
    yield "matmul", into[-1] * out[-1] * prod(into[:-1]), _MAC
    yield "bias", out[-1] * prod(into[:-1]) if "bias" in module.params else 0, "1 per output"


def _activation(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    yield (
        module.type.lower().replace("leakyrelu", "leaky_relu"),
        prod(first(call.output)),
        (
            "1 per element" if module.type in ("ReLU6", "LeakyReLU") else _BOTH  # of these no function is patched
        ),
    )


def _pool(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    words = module.type.replace("Adaptive", "adaptive_").replace("Avg", "avg_").replace("Max", "max_").replace("Pool", "pool")
    yield words, elements(call), _BOTH


def _norm(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    per = 2 if module.settings.get("affine") else 1
    label = {"LayerNorm": "layer_norm", "GroupNorm": "group_norm"}.get(module.type, "batch_norm")
    yield label, per * elements(call), f"{per} per element"


def _upsample(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    yield "upsample", prod(first(call.output)[1:]), _BOTH


def _recurrent(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    yield module.type.lower(), recurrent(module, call, per_mac=1), "products, biases and sums of the gates"


def _multihead(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    query, key, value = (shape_of(part) for part in call.inputs[:3])
    batch, length = (0, 1) if module.settings.get("batch_first") else (1, 0)
    heads, examples = module.number("num_heads"), query[batch]
    lengths, widths = (query[length], key[length], value[length]), (query[2], key[2], value[2])
    macs = sum(n * d * d for n, d in zip(lengths, widths, strict=True)) + lengths[0] * widths[2] ** 2
    macs += heads * lengths[0] * lengths[1] * (widths[0] // heads + widths[2] // heads)
    bias = lengths[0] * widths[2] + (sum(lengths) * widths[0] if "in_proj_bias" in module.params else 0)
    yield "matmul", examples * macs, _MAC
    yield "bias", examples * bias, "1 per output"
    yield "softmax", examples * heads * lengths[0] * lengths[1], "1 per input"
    yield "attention scale", examples * lengths[0] * widths[0], "1 per element of the queries"


def _timm_attention(module: ModuleNote, call: ModuleCall) -> Iterator[tuple[str, int, str]]:
    examples, tokens, _ = shape_of(call.inputs[0])
    heads, width = module.number("num_heads"), module.number("head_dim")
    yield "matmul", examples * heads * 2 * tokens * tokens * width, _MAC
    yield "softmax", examples * heads * tokens * tokens, "1 per input"
    yield "attention scale", examples * tokens * heads * width, "1 per element of the queries"


_HOOKS: dict[str, Hook] = {
    **{f"Conv{kind}{d}d": _convolution for kind in ("", "Transpose") for d in (1, 2, 3)},
    **dict.fromkeys(("ReLU", "PReLU", "ELU", "LeakyReLU", "ReLU6", "GELU"), _activation),
    **{f"{size}{kind}Pool{d}d": _pool for size in ("", "Adaptive") for kind in ("Avg", "Max") for d in (1, 2, 3)},
    **{f"{kind}Norm{d}d": _norm for kind in ("Batch", "Instance") for d in (1, 2, 3)},
    **dict.fromkeys(("LayerNorm", "GroupNorm"), _norm),
    **dict.fromkeys(RECURRENT, _recurrent),
    "Linear": _linear,
    "Upsample": _upsample,
    "MultiheadAttention": _multihead,
}
_ELSEWHERE: dict[tuple[str, str], Hook] = {
    ("torchvision.ops.deform_conv", "DeformConv2d"): _convolution,
    ("timm.layers.attention", "Attention"): _timm_attention,  # its linear layers are then nobody's
    ("timm.models.vision_transformer", "Attention"): _timm_attention,
}


def _hook(module: ModuleNote) -> Hook | None:
    return _HOOKS.get(module.torch_type) or _ELSEWHERE.get((module.defined_in, module.type))
