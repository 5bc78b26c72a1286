"""One operator of an ONNX file as its translation sees it, and the registry of translations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from archscope.graph import Cost, Tensor
from archscope.models.exported.builder import Outside, Value
from archscope.registry import Registry


class Worth:
    """What one node is: an operator with its arguments, and its cost where no formula knows it.

    Arguments:
        op: with its namespace: "aten.convolution", "onnx.LRN".
        args: by the names of its schema, in order.
        keywords: those that the schema takes by name only.
        cost, free: where they are known from elsewhere.
    """

    def __init__(
        self,
        op: str,
        args: Mapping[str, Any],
        keywords: Mapping[str, Any] | None = None,
        cost: Cost | None = None,
        free: str = "",
    ) -> None:
        self.op, self.args, self.keywords, self.cost, self.free = op, args, keywords or {}, cost, free


@dataclass
class Operator:
    """One node.

    Attributes:
        type: "Conv".
        version: of the operator set that it belongs to.
        inputs: what it reads; None where an optional one is left out.
        outs: what it makes.
        attrs: its attributes as Python values.
        numbers: gives the values of an input, flat, where they are known; None otherwise.
        emit: writes down an operator before this one and returns what it makes.
        passed: what it hands on, where that is none of its inputs.
    """

    type: str
    version: int
    inputs: list[Value | None]
    outs: list[Outside]
    attrs: dict[str, Any]
    numbers: Callable[[int], list[Any] | None]
    emit: Callable[[Worth, Outside], Value]
    passed: list[Value] = field(default_factory=list)

    def __getitem__(self, at: int) -> Any:
        """An input; None where there is none."""
        return self.inputs[at] if at < len(self.inputs) else None

    def hand_on(self, value: Value) -> int:
        """The answer of an operator whose result was written down already."""
        self.passed.append(value)
        return 0

    @property
    def out(self) -> Outside:
        """The first result."""
        return self.outs[0]

    @property
    def rank(self) -> int:
        """Of the first input."""
        return len(self[0].shape)

    def get(self, name: str, default: Any) -> Any:
        """An attribute."""
        return self.attrs.get(name, default)

    def known(self, at: int, name: str = "") -> list[Any] | None:
        """Numbers that later versions take as an input and earlier ones as an attribute."""
        if name and name in self.attrs:
            value = self.attrs[name]
            return value if isinstance(value, list) else [value]
        return self.numbers(at) if self[at] is not None else None

    def operand(self, at: int) -> Any:
        """An input, as a number where it is a single one that is known, as a trace has `x * 0.5`."""
        value = self[at]
        if value is not None and not value.shape:
            numbers = self.numbers(at)
            if numbers is not None and len(numbers) == 1 and isinstance(numbers[0], (int, float)):
                return numbers[0]
        return value


Answer = Worth | int
"""What the node is; a number where it only hands on that input."""

OPERATORS: Registry[Callable[[Operator], Answer]] = Registry("ONNX operator")
operator = OPERATORS.register


def seen_as(value: Value, shape: Sequence[int]) -> Value:
    """The same tensor by another shape: a view of it."""
    return Value(Tensor(tuple(shape), value.dtype, value.record.storage), value.key)


def turned(value: Value) -> Value:
    """The last two dimensions the other way round."""
    *lead, rows, columns = value.shape
    return seen_as(value, (*lead, columns, rows))


__all__ = ["OPERATORS", "Answer", "Operator", "Worth", "operator", "seen_as", "turned"]
