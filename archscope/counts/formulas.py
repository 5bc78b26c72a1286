"""What one run of an operator costs: the definition, and the registry in which every operator has a formula or a reason to cost
nothing.

What an operation is worth:
- **macs**: the multiply-accumulates of convolutions, matrix products, attention, recurrent cells, bilinear forms and other
  inner products. Every kernel position of every output counts, also where it lies over padding.
- Everything else stands in its own column, as the operator's definition writes it: a bias is one `adds` per output, a max
  pooling window of K values is K - 1 `comparisons`, a softmax row of n is n - 1 comparisons, n exponentials, 2n - 1 additions
  and n divisions.
- exp, log, square root, tanh, erf, sin and their like are one `exponentials` each. A change of sign inside a formula is folded
  into the next operation. Where the two sides of a branch differ, the dearer one counts.
- What depends on weights and sizes only, and so is known before the input comes (a batch norm's scale, an interpolation's
  coefficients), is not counted.
- Arithmetic on integers and booleans alone (positions, masks, tokens) is bookkeeping and free; inner products of integers
  (quantised networks) are counted. A complex number is two real ones: a complex product is four multiplications and two
  additions, a complex multiply-accumulate four real ones.
- What depends on the values of the data (masks, lengths, early ends) is counted in full: causal attention counts every score.

An operator that has neither formula nor reason, or a formula that does not fit its arguments, is unknown, never silently zero.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from msgspec.structs import astuple

from archscope.graph import UNKNOWN, ZERO, Cost, Tensor
from archscope.registry import Registry

Formula = Callable[..., Cost | str]
"""Takes the operator's arguments and, by keyword, its result `out`; gives its cost, or the reason why this run of it is free."""

F = TypeVar("F", bound=Formula)

FORMULAS: Registry[Formula] = Registry("cost formula")
COMPLEX_FORMULAS: Registry[Formula] = Registry("cost formula for complex numbers")
FREE: Registry[str] = Registry("free operator")
_INTEGERS_COUNT: set[str] = set()

BOOKKEEPING = "integer or boolean bookkeeping"
MOVES = "moves data, no arithmetic"
NOTHING_TO_DO = "nothing to compute at these sizes"

_INTEGER, _REAL, _COMPLEX = range(3)
_REALS = """
    float64 float32 float16 bfloat16 float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu qint8 quint8
    qint32
"""
_KIND = dict.fromkeys(_REALS.split(), _REAL) | dict.fromkeys(("complex128", "complex64", "complex32"), _COMPLEX)


def formula(*names: str, integers: bool = False, complexes: bool = False) -> Callable[[F], F]:
    """A decorator: the cost of these operators, as a function of shapes.

    Arguments:
        names: namespace and operator without overload: "aten.convolution".
        integers: also counted where no operand is a floating-point number.
        complexes: holds for complex numbers as well; otherwise a run on them is unknown.
    """

    def register(function: F) -> F:
        for name in names:
            FORMULAS.add(name, function)
            if integers:
                _INTEGERS_COUNT.add(name)
            if complexes:
                COMPLEX_FORMULAS.add(name, function)
        _look_up.cache_clear()
        return function

    return register


def complex_formula(*names: str) -> Callable[[F], F]:
    """A decorator: the cost of these operators on complex numbers, where it is not that on real ones."""

    def register(function: F) -> F:
        for name in names:
            COMPLEX_FORMULAS.add(name, function)
        _look_up.cache_clear()
        return function

    return register


def free(reason: str, *names: str) -> None:
    """These operators cost nothing, for this reason."""
    for name in names:
        FREE.add(name, reason)
    _look_up.cache_clear()


def registered() -> int:
    """How many formulas and reasons there are: it grows with every one that is added."""
    return len(FORMULAS) + len(COMPLEX_FORMULAS) + len(FREE)


@cache
def _look_up(op: str) -> tuple[str | None, Formula | None, Formula | None, bool]:
    """(why it is free, formula, formula for complex numbers, whether integers count); `x_` has those of `x`."""
    name = op
    if op.endswith("_") and not op.endswith("__") and op not in FORMULAS and op not in FREE:
        name = op[:-1]
    return FREE.get(name), FORMULAS.get(name), COMPLEX_FORMULAS.get(name), name in _INTEGERS_COUNT


def _kind(values: Iterable[Any]) -> int:
    """What sort of numbers the tensors among `values` hold: integers only, floating-point numbers, or some complex ones."""
    kind = _INTEGER
    for value in values:
        of = type(value)
        if of is Tensor:
            found = _KIND.get(value.dtype, _INTEGER)
        elif of is list or of is tuple:
            found = _kind(value)
        else:
            continue
        if found > kind:
            kind = found
    return kind


def cost_of(op: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> tuple[Cost, str]:
    """What one run of `op` costs, and if that is nothing, why; `UNKNOWN` for an operator, or arguments, without a formula.

    Arguments:
        op: namespace and operator without overload: "aten.addmm", "aten.relu_", "torchvision.deform_conv2d".
        args, kwargs: as its schema has them, every tensor as a `Tensor`; dtypes, devices and memory formats as strings.
        out: its result, in the same way.
    """
    reason, count, complex_count, integers_count = _look_up(op)
    if reason is not None:
        return ZERO, reason
    kind = _kind((*args, out))
    if kind == _COMPLEX:
        count = complex_count
    if count is None:
        return UNKNOWN, ""
    if kind == _INTEGER and not integers_count:
        return ZERO, BOOKKEEPING
    if "out" in kwargs:  # the schema's own `out`: where the result is written
        kwargs = {key: value for key, value in kwargs.items() if key != "out"}
    try:
        cost = count(*args, out=out, **kwargs)
    except (ValueError, TypeError, IndexError, AttributeError, ZeroDivisionError):
        return UNKNOWN, ""
    if type(cost) is str:
        return ZERO, cost
    assert isinstance(cost, Cost)
    if min(columns := astuple(cost)) < 0:  # "n - r steps" of no values
        cost = Cost(*(max(0, column) for column in columns))
    return cost, "" if cost != ZERO else NOTHING_TO_DO
