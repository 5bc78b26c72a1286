"""What one operator keeps for the backward pass, and what its backward does: the definition, and the registry of rules.

A rule says, for each tensor that an operator reads, which tensors the gradient towards it is made of: `mul(a, b)` needs b for the
gradient of a, and a for that of b, so it keeps b only where a wants a gradient. What no gradient needs is not kept: an addition
keeps nothing, whatever its size.

Source: PyTorch's own table, tools/autograd/derivatives.yaml; "Automatic differentiation in PyTorch", Paszke et al., 2017.

An operator without a rule is unknown, never silently nothing.
"""

from collections.abc import Callable
from functools import cache
from typing import Literal, NamedTuple, TypeVar

from archscope.graph import Graph, Node
from archscope.registry import Registry

Way = Literal["new", "passes", "views"]
"""How a gradient comes about: in memory of its own, as the very gradient that came in, or as a view of it."""

T = TypeVar("T")
Macs = Callable[[Graph, Node], int]


class Rule(NamedTuple):
    """What autograd does for one operator.

    Attributes:
        reads: for each operand, what the gradient towards it is made of beside the incoming gradient: "1" is operand 1, "r0" the
            first result, "*" every operand. The last one holds for all operands from there on.
        way: how the gradients come about.
        always: kept whatever gradient is wanted.
        products: operands whose gradient takes as many multiply-accumulates as the forward.
        macs: of the backward, where they are something else.
        scratch: for each operand, how many tensors of the result's size it takes for a moment to make that gradient, beside it.
        broadcasts: whether operands may be smaller than the result: then a gradient is made in full and summed up.
        constant: nothing flows back through it: its results do not depend on the values of what it reads, or are cut off.
        since: the release of torch from which it is known to be right; an older one may keep more.
    """

    reads: tuple[str, ...] = ("",)
    way: Way = "new"
    always: str = ""
    products: tuple[int, ...] = ()
    macs: Macs | None = None
    scratch: tuple[int, ...] = (0,)
    broadcasts: bool = False
    constant: bool = False
    since: tuple[int, ...] = ()

    def kept(self, wanted: tuple[int, ...]) -> list[str]:
        """What is kept when these operands want a gradient."""
        words = [word for at in wanted for word in _at(self.reads, at).split()]
        return list(dict.fromkeys([*self.always.split(), *words])) if wanted else []

    def passing(self, wanted: tuple[int, ...]) -> int:
        """Most tensors of the result's size that it holds at once beside the gradients of these operands."""
        return max((_at(self.scratch, at) for at in wanted), default=0)


def _at(values: tuple[T, ...], at: int) -> T:
    return values[min(at, len(values) - 1)]


RULES: Registry[Rule] = Registry("rule for the backward pass")


def rule(
    names: str,
    reads: str = "",
    way: Way = "new",
    *,
    always: str = "",
    products: tuple[int, ...] = (),
    macs: Macs | None = None,
    scratch: tuple[int, ...] = (0,),
    broadcasts: bool = False,
    constant: bool = False,
    since: tuple[int, ...] = (),
    space: str = "aten",
) -> None:
    """The operators `names` (separated by blanks) have this rule.

    Arguments:
        reads: as in `Rule`, the operands separated by "|": "1 | 0".
        space: the operators' namespace.
    """
    read = tuple(part.strip() for part in reads.split("|"))
    made = Rule(read, way, always, products, macs, scratch, broadcasts, constant, since)
    for name in names.split():
        RULES.add(f"{space}.{name}", made)
    _look_up.cache_clear()


def rule_of(node: Node) -> Rule | None:
    """The rule of an operator run; `x_` has that of `x` unless it has one of its own; None where there is none."""
    return _look_up(node.op + _overload(node))


def _overload(node: Node) -> str:
    """What tells two operators of one name apart: the maximum along an axis, which also says where, and that of everything; a
    number to the power of a tensor.
    """
    if node.op in ("aten.max", "aten.min", "aten.median") and len(node.outputs) == 2:
        return ".dim"
    return ".Scalar" if node.op == "aten.pow" and "self" in node.attrs else ""


@cache
def _look_up(op: str) -> Rule | None:
    if op in RULES:
        return RULES[op]
    return RULES.get(op[:-1]) if op.endswith("_") and not op.endswith("__") else None
