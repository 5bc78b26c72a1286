"""Operators that treat every element alike: a table of what one element of the result costs."""

from typing import Any

from archscope.counts.formulas import MOVES, Formula, complex_formula, formula
from archscope.graph import Cost, Tensor

_ADD, _MUL, _DIV, _COMPARE, _EXP = Cost(adds=1), Cost(muls=1), Cost(divs=1), Cost(comparisons=1), Cost(exponentials=1)
_SIGMOID = Cost(exponentials=1, adds=1, divs=1)  # 1 / (1 + exp(-x))

_ONE_EXPONENTIAL = """
    exp exp2 expm1 log log2 log10 log1p sqrt rsqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh arcsin arccos
    arctan arcsinh arccosh arctanh erf erfc erfinv lgamma digamma polygamma mvlgamma i0 igamma igammac special_erf special_erfc
    special_zeta special_erfinv special_erfcx special_exp2 special_expm1 special_gammaln special_digamma special_i0 special_i0e
    special_log_ndtr special_airy_ai special_spherical_bessel_j0 special_modified_bessel_i0 special_modified_bessel_i1
    special_modified_bessel_k0 special_modified_bessel_k1 special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k1
    special_i1 special_i1e special_ndtri special_log1p special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1
"""

PER_ELEMENT: dict[str, Cost] = {
    # arithmetic
    "neg": _ADD, "negative": _ADD, "abs": _COMPARE, "absolute": _COMPARE,
    "mul": _MUL, "multiply": _MUL, "square": _MUL, "ldexp": _MUL, "deg2rad": _MUL, "rad2deg": _MUL, "_masked_scale": _MUL * 2,
    "div": _DIV, "divide": _DIV, "true_divide": _DIV, "floor_divide": _DIV, "reciprocal": _DIV,
    "remainder": Cost(divs=1, muls=1, adds=1), "fmod": Cost(divs=1, muls=1, adds=1),
    "lerp": Cost(adds=2, muls=1), "linalg_cross": Cost(muls=2, adds=1), "cross": Cost(muls=2, adds=1),
    "hypot": Cost(muls=2, adds=1, exponentials=1), "nan_to_num": _COMPARE * 3, "_add_relu": Cost(adds=1, comparisons=1),
    # comparisons
    "eq": _COMPARE, "ne": _COMPARE, "lt": _COMPARE, "le": _COMPARE, "gt": _COMPARE, "ge": _COMPARE, "not_equal": _COMPARE,
    "less": _COMPARE, "less_equal": _COMPARE, "greater": _COMPARE, "greater_equal": _COMPARE, "equal": _COMPARE,
    "maximum": _COMPARE, "minimum": _COMPARE, "fmax": _COMPARE, "fmin": _COMPARE, "clamp_min": _COMPARE, "clamp_max": _COMPARE,
    "sign": _COMPARE * 2, "sgn": _COMPARE * 2, "heaviside": _COMPARE * 2, "isnan": _COMPARE, "isinf": _COMPARE,
    "isfinite": _COMPARE, "isposinf": _COMPARE, "isneginf": _COMPARE, "signbit": _COMPARE, "copysign": _COMPARE,
    "angle": _COMPARE, "nextafter": Cost(comparisons=1, adds=1),
    "logical_and": _COMPARE, "logical_or": _COMPARE, "logical_xor": _COMPARE, "logical_not": _COMPARE,
    "isclose": Cost(adds=2, muls=1, comparisons=3),
    # exp, log, square root and their like
    **dict.fromkeys(_ONE_EXPONENTIAL.split(), _EXP),
    "atan2": Cost(exponentials=1, divs=1), "arctan2": Cost(exponentials=1, divs=1),
    "sinc": Cost(exponentials=1, muls=1, divs=1), "special_sinc": Cost(exponentials=1, muls=1, divs=1),
    "logaddexp": Cost(comparisons=1, adds=2, exponentials=2), "logaddexp2": Cost(comparisons=1, adds=2, exponentials=2),
    "xlogy": Cost(exponentials=1, muls=1), "special_xlogy": Cost(exponentials=1, muls=1),
    "special_xlog1py": Cost(exponentials=1, muls=1), "special_entr": Cost(exponentials=1, muls=1),
    "special_ndtr": Cost(exponentials=1, muls=2, adds=1),
    "logit": Cost(adds=1, divs=1, exponentials=1), "special_logit": Cost(adds=1, divs=1, exponentials=1),
    # activation functions
    "relu": _COMPARE, "relu6": _COMPARE * 2, "hardtanh": _COMPARE * 2, "threshold": _COMPARE,
    "leaky_relu": Cost(comparisons=1, muls=1), "prelu": Cost(comparisons=1, muls=1), "_prelu_kernel": Cost(comparisons=1, muls=1),
    "rrelu": Cost(comparisons=1, muls=1), "rrelu_with_noise": Cost(comparisons=1, muls=1),
    "elu": Cost(comparisons=1, exponentials=1, adds=1, muls=1),  # a (exp(x) - 1)
    "celu": Cost(comparisons=1, exponentials=1, adds=1, muls=1, divs=1),  # a (exp(x / a) - 1)
    "selu": Cost(comparisons=1, exponentials=1, adds=1, muls=2),  # s a (exp(x) - 1)
    "sigmoid": _SIGMOID, "special_expit": _SIGMOID,
    "silu": _SIGMOID,  # x / (1 + exp(-x))
    "hardsigmoid": Cost(adds=1, comparisons=2, divs=1),  # min(max(x + 3, 0), 6) / 6
    "hardswish": Cost(adds=1, comparisons=2, muls=1, divs=1),
    "softplus": Cost(comparisons=1, muls=1, divs=1, exponentials=2),  # log1p(exp(b x)) / b
    "mish": Cost(exponentials=3, muls=1),  # x tanh(log1p(exp(x)))
    "hardshrink": _COMPARE * 2, "softshrink": Cost(comparisons=2, adds=1),
    "glu": _SIGMOID + _MUL,  # a sigmoid(b): half as many results as values
    "log_sigmoid": Cost(comparisons=2, exponentials=2, adds=1),  # min(x, 0) - log1p(exp(-|x|))
    # to and from integers with a scale
    "quantize_per_tensor": Cost(muls=1, adds=1, comparisons=2), "quantize_per_channel": Cost(muls=1, adds=1, comparisons=2),
    "quantize_per_tensor_dynamic": Cost(muls=1, adds=1, comparisons=4), "dequantize": Cost(muls=1, adds=1),
}  # fmt: skip

# Real and imaginary part together, from the definition: (a + bi)(c + di) = (ac - bd) + (ad + bc)i and so on.
PER_COMPLEX_ELEMENT: dict[str, Cost] = {
    "neg": _ADD * 2, "square": Cost(muls=3, adds=1), "reciprocal": Cost(muls=2, adds=1, divs=2),
    "abs": Cost(muls=2, adds=1, exponentials=1), "absolute": Cost(muls=2, adds=1, exponentials=1),
    "angle": Cost(divs=1, exponentials=1), "polar": Cost(exponentials=2, muls=2), "exp": Cost(exponentials=3, muls=2),
    "log": Cost(muls=2, adds=1, divs=1, exponentials=3), "eq": _COMPARE * 2, "ne": _COMPARE * 2, "conj_physical": _ADD,
    "_conj_physical": _ADD, "sgn": Cost(muls=2, adds=1, exponentials=1, divs=2),
    "silu": Cost(exponentials=3, muls=8, adds=4, divs=2),  # z / (1 + exp(-z))
}  # fmt: skip


def _elementwise(cost: Cost) -> Formula:
    def count(*args: Any, out: Any, **_: Any) -> Cost:
        """One element's cost times the number of elements of the result."""
        return cost * (out.numel if type(out) is Tensor else args[0].numel)

    return count


for _name, _cost in PER_ELEMENT.items():
    formula(f"aten.{_name}")(_elementwise(_cost))
for _name, _cost in PER_COMPLEX_ELEMENT.items():
    complex_formula(f"aten.{_name}")(_elementwise(_cost))


# -- where the arguments matter ---------------------------------------------------------------------------------------------


@formula("aten.add", "aten.sub", "aten.rsub", "aten.subtract")
def add(a: Any, b: Any, alpha: float = 1, *, out: Tensor) -> Cost:
    """a + alpha b."""
    n = out.numel
    return Cost(adds=n, muls=n if alpha != 1 else 0)


@complex_formula("aten.add", "aten.sub", "aten.rsub", "aten.subtract")
def complex_add(a: Any, b: Any, alpha: float = 1, *, out: Tensor) -> Cost:
    """Real and imaginary part."""
    return add(a, b, alpha, out=out) * 2


def _is_complex(value: Any) -> bool:
    return value.dtype.startswith("complex") if type(value) is Tensor else isinstance(value, complex)


@complex_formula("aten.mul", "aten.multiply")
def complex_mul(a: Any, b: Any, *, out: Tensor) -> Cost:
    """Four products and two sums; by a real number two products."""
    both = _is_complex(a) and _is_complex(b)
    return (Cost(muls=4, adds=2) if both else Cost(muls=2)) * out.numel


@complex_formula("aten.div", "aten.divide", "aten.true_divide")
def complex_div(a: Any, b: Any, *, out: Tensor) -> Cost:
    """(a + bi)(c - di) / (c^2 + d^2); by a real number two divisions."""
    return (Cost(muls=6, adds=3, divs=2) if _is_complex(b) else Cost(divs=2)) * out.numel


@formula("aten.addcmul")
def addcmul(x: Tensor, a: Tensor, b: Tensor, *, value: float = 1, out: Tensor) -> Cost:
    """x + value a b."""
    return Cost(adds=1, muls=1 + (value != 1)) * out.numel


@formula("aten.addcdiv")
def addcdiv(x: Tensor, a: Tensor, b: Tensor, *, value: float = 1, out: Tensor) -> Cost:
    """x + value a / b."""
    return Cost(adds=1, divs=1, muls=int(value != 1)) * out.numel


@formula("aten.clamp", "aten.clip")
def clamp(x: Tensor, min: Any = None, max: Any = None, *, out: Tensor) -> Cost:
    """One comparison per bound."""
    return Cost(comparisons=out.numel * ((min is not None) + (max is not None)))


_POWERS = {2: _MUL, 3: 2 * _MUL, -1: _DIV, -2: Cost(muls=1, divs=1)}


@formula("aten.pow")
def power(base: Any, exponent: Any, *, out: Tensor) -> Cost | str:
    """Small whole powers are multiplications, -1 a division; any other power is an exponential."""
    if exponent in (0, 1):
        return MOVES
    return (_EXP if type(exponent) is Tensor else _POWERS.get(exponent, _EXP)) * out.numel


@formula("aten.gelu")
def gelu(x: Tensor, *, approximate: str = "none", out: Tensor) -> Cost:
    """x/2 (1 + erf(x / sqrt 2)), or x/2 (1 + tanh(b (x + a x^3))).

    Source: Hendrycks and Gimpel, "Gaussian Error Linear Units", 2016, section 2.
    """
    per_element = Cost(muls=6, adds=2, exponentials=1) if approximate == "tanh" else Cost(muls=3, adds=1, exponentials=1)
    return per_element * out.numel


@formula("aten.log_sigmoid_forward")
def log_sigmoid_forward(x: Tensor, *, out: Any) -> Cost:
    """min(x, 0) - log1p(exp(-|x|))."""
    return PER_ELEMENT["log_sigmoid"] * x.numel


@formula("aten.dropout", "aten.feature_dropout", "aten.alpha_dropout", "aten.feature_alpha_dropout", "aten.native_dropout")
def dropout(x: Tensor, p: float, train: bool | None, *, out: Any) -> Cost | str:
    """In train mode every element is multiplied with its mask and the scale; in eval mode nothing happens."""
    if train is False or p == 0:
        return "dropout does nothing in eval mode"
    return Cost(muls=2 * x.numel)


@formula("aten.native_dropout_backward")
def dropout_backward(gradient: Tensor, mask: Tensor, scale: float, *, out: Tensor) -> Cost:
    """Every element is multiplied with its mask and the scale."""
    return Cost(muls=2 * gradient.numel)


@formula("aten.allclose")
def allclose(a: Tensor, b: Tensor, *_: Any, out: Any, **__: Any) -> Cost:
    """|a - b| <= atol + rtol |b| for every element, and whether all are true."""
    return (PER_ELEMENT["isclose"] + _COMPARE) * max(a.numel, b.numel)


@formula("aten.fake_quantize_per_tensor_affine", "aten.fake_quantize_per_channel_affine",
         "aten.fake_quantize_per_tensor_affine_cachemask", "aten.fake_quantize_per_channel_affine_cachemask",
         "aten._fake_quantize_per_tensor_affine_cachemask_tensor_qparams")  # fmt: skip
def fake_quantize(x: Tensor, *_: Any, out: Any) -> Cost:
    """To an integer and back: a scale, a shift, two bounds, and the inverse."""
    return Cost(muls=2, adds=2, comparisons=2) * x.numel
