"""The options and arguments of a command as its file declares them, read without typer: it is what takes the time at Tab.

The file is imported as it is; in the place of typer it finds a module that only notes what is declared.
"""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from inspect import signature
from types import ModuleType
from typing import Any, NamedTuple, get_args, get_origin


class Declared(NamedTuple):
    """An option or argument.

    Attributes:
        name: of the parameter.
        names: "--batch", "-b"; empty for an argument.
        help: what it is.
        flag: it stands alone.
        many: it may be given several times.
        complete: the values that begin with some text; None where nobody can say.
    """

    name: str
    names: tuple[str, ...]
    help: str
    flag: bool
    many: bool
    complete: Callable[[str], Sequence[str]] | None


class _Note:
    """What a call of `typer.Option` or `typer.Argument` was given."""

    def __init__(self, is_option: bool, names: tuple[str, ...], given: dict[str, Any]) -> None:
        self.is_option, self.names, self.given = is_option, names, given


def _noting() -> ModuleType:
    module: Any = ModuleType("typer")
    module.Option = lambda *names, **given: _Note(True, names, given)
    module.Argument = lambda *names, **given: _Note(False, names, given)
    made: ModuleType = module
    return made


def declared(command: str) -> list[Declared]:
    """The parameters of a command, by the name of its module, in their order. It belongs into a process of its own: this one has
    no typer afterwards.
    """
    sys.modules["typer"] = _noting()
    try:
        from archscope.cli.options import spread

        function = spread(getattr(import_module(f"archscope.cli.{command}"), command))
        return [_declaration(name, given.annotation) for name, given in signature(function).parameters.items()]
    except BaseException:
        for name in [name for name in sys.modules if name == "typer" or name.startswith("archscope.cli.")]:
            del sys.modules[name]
        raise


def _declaration(name: str, annotation: Any) -> Declared:
    kind, note = get_args(annotation)[:2]
    kinds = {part for part in (kind, *get_args(kind)) if part is not type(None)}
    flag = bool in kinds
    names = [word for declaration in note.names for word in declaration.split("/") if word.startswith("-")]
    if note.is_option and not names:
        plain = name.replace("_", "-")
        names = [f"--{plain}", f"--no-{plain}"] if flag else [f"--{plain}"]
    many = any(get_origin(part) is list for part in kinds)
    return Declared(name, tuple(names), note.given.get("help") or "", flag, many, note.given.get("autocompletion"))


_HELP = Declared("help", ("-h", "--help"), "Show this message and exit.", True, False, None)


def words_for(parameters: Sequence[Declared], words: Sequence[str], begun: str) -> list[tuple[str, str]]:
    """The words that may stand next, each with its help.

    Arguments:
        words: of the command, before the next one.
        begun: what there is of the next one.
    """
    words = list(words)
    if begun == "=":
        begun = ""
    elif begun.startswith("-") and "=" in begun:
        name, _, begun = begun.partition("=")
        words.append(name)
    known = {name: parameter for parameter in (*parameters, _HELP) for name in parameter.names}
    given, positional = _given(known, words)
    if begun.startswith("-") and "--" not in words:
        return [
            (name, parameter.help)
            for parameter in (*parameters, _HELP)
            if parameter.many or parameter.name not in given
            for name in parameter.names
            if name.startswith(begun)
        ]
    last = known.get(words[-1]) if words else None
    if last is not None and not last.flag:
        return _values(last, begun)
    for parameter in parameters:
        if not parameter.names:
            if parameter.many or positional <= 0:
                return _values(parameter, begun)
            positional -= 1
    return []


def _values(parameter: Declared, begun: str) -> list[tuple[str, str]]:
    values = parameter.complete(begun) if parameter.complete else ()
    return [(value, "") for value in values if value.startswith(begun)]


def _given(known: dict[str, Declared], words: Sequence[str]) -> tuple[set[str], int]:
    """The options that stand in the line, and how many words are none."""
    given: set[str] = set()
    positional, at = 0, 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            return given, positional + len(words) - at
        if not word.startswith("-") or word == "-":
            positional += 1
            continue
        name, joined, _ = word.partition("=")
        if not word.startswith("--") and len(word) > 2:  # -b8
            name, joined = word[:2], "8"
        parameter = known.get(name)
        if parameter is not None:
            given.add(parameter.name)
            at += not parameter.flag and not joined
    return given, positional
