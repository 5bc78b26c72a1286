"""typer's commands, with a lighter start: a third off every command, and off its help.

typer converts the words of a command line with pydantic, whose import takes as long as everything else that `--help` does. Here
a text stays the text that it is, and an ordinary number is read directly; whatever is not ordinary goes to typer, which converts
it, or says what is wrong with it, as ever. And typer's help imports rich's Markdown and Traceback for a markup and an error page
that are switched off here; they are imported when one is made. With a typer that does either in another way, nothing here has any
effect.
"""

import re
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from typer.core import TyperCommand, TyperGroup

_INT = re.compile(r"[+-]?[0-9]{1,15}")
_FLOAT = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")


class _Conversion:
    """Stands in the place of typer's own conversion of one parameter."""

    def __init__(self, annotation: Any, info: Any) -> None:
        self.annotation = annotation
        self.least, self.most = getattr(info, "min", None), getattr(info, "max", None)

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        many = param.multiple or param.nargs == -1
        if value is None:
            return () if many else None
        if many:
            if self.annotation == list[str] and not isinstance(value, str) and all(type(word) is str for word in value):
                return list(value)
        elif self.annotation is str or self.annotation is bool:
            if type(value) is self.annotation:
                return value
        elif self.annotation is int or self.annotation is float:
            number = self._number(value)
            if number is not None:
                return number
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)

    def _number(self, value: Any) -> int | float | None:
        kind = int if self.annotation is int else float
        if type(value) is str:
            pattern = _INT if kind is int else _FLOAT
            value = kind(value) if pattern.fullmatch(value) else None
        if type(value) is not kind:
            return None
        fits = (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        return value if fits else None


def _lightened(params: list[Any]) -> list[Any]:
    for param in params:
        described: Any = getattr(param, "type_descriptor", None)
        plain = getattr(param, "_runtime_param", "") is None and getattr(described.parameter_info, "parser", None) is None
        if plain and described.annotation in (str, bool, int, float, list[str]):
            param._runtime_param = _Conversion(described.annotation, described.parameter_info)
    return params


_UNUSED = {"rich.markdown": "Markdown", "rich.traceback": "Traceback"}


def _postpone() -> None:
    """Imports typer's help without what it does not use here."""
    if "typer.rich_utils" in sys.modules:
        return
    stands_in = {name: _stand_in(name, made) for name, made in _UNUSED.items() if name not in sys.modules}
    sys.modules.update(stands_in)
    try:
        import_module("typer.rich_utils")
    except ImportError:  # it imports more of them: then all of them
        sys.modules.pop("typer.rich_utils", None)
    finally:
        for name in stands_in:
            del sys.modules[name]


def _stand_in(name: str, made: str) -> ModuleType:
    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        return getattr(import_module(name), made)(*args, **kwargs)

    module = ModuleType(name)
    setattr(module, made, type(made, (), {"__new__": new}))
    return module


_TAG = re.compile(r"\[(?=[a-z#/@][^\[]*?\])")


def _as_written(command: Any) -> None:
    """What its help says in brackets stays there: rich would take `[tool.archscope]` for a style."""
    for told in (command, *command.params):
        if isinstance(getattr(told, "help", None), str):
            told.help = _TAG.sub(r"\\[", told.help)


class Command(TyperCommand):
    """typer's command."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters."""
        return _lightened(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Its help."""
        _postpone()
        _as_written(self)
        super().format_help(ctx, formatter)


class Commands(TyperGroup):
    """typer's group of commands."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters."""
        return _lightened(super().get_params(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Its help."""
        _postpone()
        super().format_help(ctx, formatter)
