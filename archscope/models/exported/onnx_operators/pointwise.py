"""Operators that treat every element alike, and the conversions."""

from archscope.graph import Cost
from archscope.models.exported.onnx_operators.operator import Answer, Operator, Worth, operator

_UNARY = {
    "Abs": "abs", "Neg": "neg", "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Reciprocal": "reciprocal", "Sin": "sin",
    "Cos": "cos",
    "Tan": "tan", "Asin": "asin", "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh", "Tanh": "tanh",
    "Asinh": "asinh", "Acosh": "acosh", "Atanh": "atanh", "Erf": "erf", "Sigmoid": "sigmoid", "Relu": "relu", "Sign": "sign",
    "Floor": "floor", "Ceil": "ceil", "Round": "round", "IsNaN": "isnan", "IsInf": "isinf", "Not": "logical_not",
    "Softplus": "softplus", "HardSwish": "hardswish", "HardSigmoid": "hardsigmoid", "Elu": "elu", "Selu": "selu", "Celu": "celu",
    "LeakyRelu": "leaky_relu", "Mish": "mish", "BitwiseNot": "bitwise_not", "ThresholdedRelu": "threshold", "Swish": "silu",
    "NonZero": "nonzero",
}  # fmt: skip
_BINARY = {
    "Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div", "Pow": "pow", "Equal": "eq", "Greater": "gt", "Less": "lt",
    "GreaterOrEqual": "ge", "LessOrEqual": "le", "And": "logical_and", "Or": "logical_or", "Xor": "logical_xor",
    "BitwiseAnd": "bitwise_and", "BitwiseOr": "bitwise_or", "BitwiseXor": "bitwise_xor", "PRelu": "prelu",
}  # fmt: skip
_VARIADIC = {"Sum": "add", "Max": "maximum", "Min": "minimum", "Mean": "add"}


def _unary(name: str) -> None:
    operator(name)(lambda op: Worth(f"aten.{_UNARY[name]}", {"self": op[0]}))


def _binary(name: str) -> None:
    operator(name)(lambda op: Worth(f"aten.{_BINARY[name]}", {"self": op.operand(0), "other": op.operand(1)}))


for _name in _UNARY:
    _unary(_name)
for _name in _BINARY:
    if _name != "Pow":
        _binary(_name)


@operator("Pow")
def power(op: Operator) -> Answer:
    """By a number that is known, as few multiplications."""
    return Worth("aten.pow", {"self": op.operand(0), "exponent": op.operand(1)})


@operator("Mod")
def remainder(op: Operator) -> Answer:
    """As C's or Python's."""
    return Worth("aten.fmod" if op.get("fmod", 0) else "aten.remainder", {"self": op.operand(0), "other": op.operand(1)})


@operator("BitShift")
def shift(op: Operator) -> Answer:
    """To the left or right."""
    side = "left" if op.get("direction", "LEFT") == "LEFT" else "right"
    return Worth(f"aten.bitwise_{side}_shift", {"self": op.operand(0), "other": op.operand(1)})


@operator(*_VARIADIC)
def several(op: Operator) -> Answer:
    """Of two, three or more tensors: one after the other."""
    name, given = _VARIADIC[op.type], [value for value in op.inputs if value is not None]
    if len(given) == 1:
        return 0
    total = given[0]
    for value in given[1 : None if op.type == "Mean" else -1]:
        total = op.emit(Worth(f"aten.{name}", {"self": total, "other": value}), op.out)
    if op.type == "Mean":
        return Worth("aten.div", {"self": total, "other": float(len(given))})
    return Worth(f"aten.{name}", {"self": total, "other": given[-1]})


@operator("Clip")
def clip(op: Operator) -> Answer:
    """Between two bounds: 0 and 6 are the rectifier of mobile networks."""
    low, high = (next(iter(op.known(at, name) or [op[at]]), None) for at, name in ((1, "min"), (2, "max")))
    if isinstance(low, (int, float)) and isinstance(high, (int, float)):
        return Worth("aten.hardtanh", {"self": op[0], "min_val": low, "max_val": high})
    return Worth("aten.clamp", {"self": op[0], "min": low, "max": high})


@operator("Gelu")
def gelu(op: Operator) -> Answer:
    """By erf, or by tanh."""
    return Worth("aten.gelu", {"self": op[0]}, {"approximate": str(op.get("approximate", "none"))})


@operator("Softsign")
def softsign(op: Operator) -> Answer:
    """x / (1 + |x|)."""
    return Worth("onnx.Softsign", {"self": op[0]}, cost=Cost(comparisons=1, adds=1, divs=1) * op[0].record.numel)


@operator("Shrink")
def shrink(op: Operator) -> Answer:
    """Hard, or soft where it has a bias."""
    return Worth("aten.softshrink" if op.get("bias", 0.0) else "aten.hardshrink", {"self": op[0]})


@operator("Where")
def where(op: Operator) -> Answer:
    """Selects."""
    return Worth("aten.where", {"condition": op[0], "self": op[1], "other": op[2]})


@operator("Cast", "CastLike")
def cast(op: Operator) -> Answer:
    """To another dtype; to its own it is nothing."""
    return 0 if op.out.dtype == op[0].dtype else Worth("aten._to_copy", {"self": op[0]}, {"dtype": op.out.dtype})


@operator("QuantizeLinear")
def quantize(op: Operator) -> Answer:
    """By a scale and a zero."""
    return Worth("aten.quantize_per_tensor", {"self": op[0], "scale": op.operand(1), "zero_point": op.operand(2)})


@operator("DynamicQuantizeLinear")
def quantize_dynamic(op: Operator) -> Answer:
    """By the extremes of the values."""
    return Worth("onnx.DynamicQuantizeLinear", {"self": op[0]}, cost=Cost(muls=1, adds=1, comparisons=4) * op[0].record.numel)


@operator("DequantizeLinear")
def dequantize(op: Operator) -> Answer:
    """Back; of weights it is known before the input comes."""
    if isinstance(op[0].key, str):
        return 0
    return Worth("aten.dequantize", {"self": op[0], "scale": op.operand(1), "zero_point": op.operand(2)})


@operator("Dropout")
def dropout(op: Operator) -> Answer:
    """Nothing outside training."""
    if (op.numbers(2) or [False])[0] if op[2] is not None else False:
        return Worth("aten.native_dropout", {"input": op[0], "p": 0.5, "train": True})
    return 0


@operator("Identity", "Optional", "OptionalGetElement")
def identity(op: Operator) -> Answer:
    """The same."""
    return 0


@operator("Bernoulli", "RandomNormalLike", "RandomUniformLike", "Multinomial")
def random_like(op: Operator) -> Answer:
    """Random numbers."""
    return Worth("aten.bernoulli" if op.type == "Bernoulli" else "aten.rand_like", {"self": op[0]})


@operator("RandomNormal", "RandomUniform")
def random(op: Operator) -> Answer:
    """Random numbers."""
    return Worth("aten.rand", {})


@operator("QuickGelu")
def quick_gelu(op: Operator) -> Answer:
    """x sigmoid(1.702 x)."""
    return Worth("onnx.QuickGelu", {"self": op[0]}, cost=Cost(muls=2, exponentials=1, adds=1, divs=1) * op[0].record.numel)


@operator("FastGelu", "BiasGelu")
def biased_gelu(op: Operator) -> Answer:
    """GELU with a bias before it."""
    x = op[0]
    if op[1] is not None:
        x = op.emit(Worth("aten.add", {"self": x, "other": op[1]}), op.out)
    return Worth("aten.gelu", {"self": x}, {"approximate": "tanh" if op.type == "FastGelu" else "none"})
