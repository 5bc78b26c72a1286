"""Sizes that a file gives by symbols: "batch", "s0", "2*s0 + 1". What each symbol stands for, and how it became known."""

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from math import prod

from archscope.errors import ArchscopeError, UsageError
from archscope.graph.input_spec import InputSpec

_LONGEST = 10_000
_LARGEST = 2**62
_Arithmetic = Callable[..., int | float]
_OPERATORS: dict[type, _Arithmetic] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b, ast.Div: lambda a, b: a // b if a % b == 0 else a / b,
}  # fmt: skip
_FUNCTIONS: dict[str, _Arithmetic] = {
    "FloorDiv": lambda a, b: a // b, "CleanDiv": lambda a, b: a // b, "Mod": lambda a, b: a % b, "PythonMod": lambda a, b: a % b,
    "Max": max, "Min": min, "CeilToInt": lambda a: -(-a // 1), "FloorToInt": lambda a: a // 1, "IntTrueDiv": lambda a, b: a / b,
    "TruncToInt": int, "floor": lambda a: a // 1, "ceiling": lambda a: -(-a // 1), "Abs": abs, "Integer": int, "Float": float,
    "Add": lambda *a: sum(a), "Mul": lambda *a: prod(a), "Rational": lambda a, b: a / b, "ToFloat": float,
}  # fmt: skip
_SYMBOL = re.compile(r"Symbol\('([A-Za-z_]\w*)'[^()]*\)")


def named(expression: str) -> str:
    """An expression with its symbols by name alone: torch writes `Symbol('s0', positive=True, integer=True)`."""
    return _SYMBOL.sub(r"\1", expression[: _LONGEST + 1])


class UnknownSizeError(Exception):
    """A symbol without a value, or an expression that is none."""


def evaluated(expression: str, known: Mapping[str, int]) -> int:
    """`evaluated("2*s0 + 1", {"s0": 3})` -> 7. Nothing but arithmetic is understood.

    Raises `UnknownSizeError` for a symbol that is not known and for anything that is no whole number.
    """
    if len(expression) > _LONGEST:
        raise UnknownSizeError(expression[:40])
    try:
        value = _value(ast.parse(expression, mode="eval").body, known)
    except (SyntaxError, ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        raise UnknownSizeError(expression[:40]) from None
    if value != int(value) or abs(value) > _LARGEST:
        raise UnknownSizeError(expression[:40])
    return int(value)


def _value(node: ast.AST, known: Mapping[str, int]) -> int | float:
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        value: int | float = node.value  # type: ignore[assignment]
    elif isinstance(node, ast.Name) and node.id in known:
        value = known[node.id]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = -_value(node.operand, known)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        value = _power(_value(node.left, known), _value(node.right, known))
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        value = _OPERATORS[type(node.op)](_value(node.left, known), _value(node.right, known))
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _FUNCTIONS and not node.keywords:
        value = _FUNCTIONS[node.func.id](*(_value(argument, known) for argument in node.args))
    else:
        raise UnknownSizeError(type(node).__name__)
    if abs(value) > _LARGEST:
        raise UnknownSizeError("size")
    return value


def _power(base: int | float, power: int | float) -> int | float:
    if not -2 <= power <= 8:
        raise UnknownSizeError("power")
    value: int | float = base**power
    return value


_FUNCTIONS["Pow"] = _power

Dim = int | str
"""A size, or the symbol or expression that stands for it."""


class Wanted(tuple[Dim, ...]):
    """An input of a file.

    Attributes:
        name: as the file calls it.
        dtype: of its numbers.
    """

    name: str
    dtype: str

    def __new__(cls, sizes: Sequence[Dim], name: str, dtype: str) -> "Wanted":
        """Sizes with a name and a dtype."""
        made = super().__new__(cls, tuple(sizes))
        made.name, made.dtype = name, dtype
        return made


def solved(
    wanted: Sequence[Wanted], batch_symbols: frozenset[str], input: Sequence[InputSpec], batch: int, hints: Mapping[str, int],
    where: str,
) -> tuple[dict[str, int], str]:  # fmt: skip
    """What the symbols of the inputs stand for, and in words how that became known.

    Arguments:
        wanted: the file's inputs.
        batch_symbols: symbols that number examples.
        input, batch: as the user asked; `input` without the batch, by place or by name.
        hints: sizes of the example that the file was made with.
        where: the file, for messages.

    Raises `UsageError` for what the file's own sizes contradict, and where a symbol is left that nobody told.
    """
    known: dict[str, int] = {}
    said = _given(wanted, batch_symbols, input, known, where)
    symbols = list(dict.fromkeys(dim for sizes in wanted for dim in sizes if isinstance(dim, str) and dim.isidentifier()))
    if batch != 1 and not any(symbol in batch_symbols for symbol in symbols):
        raise UsageError(
            f"{where} fixes its batch: its input is {_shown(wanted[0]) if wanted else 'nothing'}", "leave out --batch"
        )
    words = []
    for symbol in symbols:
        if symbol in known:
            continue
        if symbol in batch_symbols:
            known[symbol] = batch
            words.append(f"{symbol} = {batch} (the batch)")
        elif symbol in hints:
            known[symbol] = hints[symbol]
            words.append(f"{symbol} = {hints[symbol]} (as it was exported)")
        else:
            raise _untold(wanted, batch_symbols, symbol, where)
    return known, ", ".join([*said, *words])


def _given(
    wanted: Sequence[Wanted], batch_symbols: frozenset[str], input: Sequence[InputSpec], known: dict[str, int], where: str
) -> list[str]:
    """Reads symbols off the input that the user asked for."""
    said = []
    places = [one for one in wanted if not any(spec.name == one.name for spec in input)]
    for at, spec in enumerate(input):
        one = next((w for w in wanted if w.name == spec.name), None) if spec.name else (places[at] if at < len(places) else None)
        if one is None:
            names = ", ".join(w.name for w in wanted)
            raise UsageError(f"{where} has no input {spec.name or at + 1}", f"it takes {names}" if names else "")
        rest = _told(one, batch_symbols, len(spec))
        if len(rest) != len(spec) or any(isinstance(dim, int) and dim != size for dim, size in zip(rest, spec, strict=True)):
            raise UsageError(f"{where} takes {_shown(one)}, not {spec}", "give the sizes that it leaves open, without the batch")
        if spec.dtype and spec.dtype != one.dtype:
            raise UsageError(f"{where} takes {one.dtype} as {one.name}, not {spec.dtype}", "leave out the dtype")
        for dim, size in zip(rest, spec, strict=True):
            if isinstance(dim, str) and dim.isidentifier():
                if known.setdefault(dim, size) != size:
                    raise UsageError(f"{dim} of {where} cannot be {known[dim]} and {size}", "its inputs share this size")
                said.append(f"{dim} = {size}")
    return list(dict.fromkeys(said))


def _told(one: Wanted, batch_symbols: frozenset[str], count: int) -> list[Dim]:
    """The sizes that `count` numbers are for: without the batch, or all."""
    rest = [dim for dim in one if dim not in batch_symbols]
    if len(rest) == len(one) == count + 1:
        return rest[1:]
    return list(one) if count == len(one) else rest


def _shown(sizes: Sequence[Dim]) -> str:
    return "x".join(map(str, sizes)) or "a single number"


def _untold(wanted: Sequence[Wanted], batch_symbols: frozenset[str], symbol: str, where: str) -> ArchscopeError:
    words = []
    for one in wanted:
        if any(isinstance(dim, str) and dim not in batch_symbols for dim in one):
            rest = [dim for dim in one if dim not in batch_symbols]
            sizes = "x".join(str(dim if isinstance(dim, int) else 128 if len(rest) < 3 else 224) for dim in rest)
            words.append(f"--input {one.name}:{sizes}" if len(wanted) > 1 and one.name.isidentifier() else f"--input {sizes}")
    first = next(one for one in wanted if symbol in one)
    return UsageError(
        f"{where} leaves {symbol} of its input {first.name} ({_shown(first)}) open", f"say it, as in {' '.join(words)}"
    )


__all__ = ["Dim", "UnknownSizeError", "Wanted", "evaluated", "solved"]
