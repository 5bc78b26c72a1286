"""Which commands there are: the modules of this package that hold one of their own name. Nothing is imported to say so."""

import inspect
import re
from pathlib import Path

_FOLDER = Path(__file__).parent
_ORDER = (
    "list_", "info", "params", "flops", "memory", "shapes", "diagram", "tree", "trace", "metrics", "compare", "chart", "report",
    "open_", "signal", "sweep", "pareto", "diff", "verify", "check", "bench",
)  # fmt: skip
_SHARED = {  # modules of this package that hold no command
    "__init__", "app", "command_files", "completion", "declarations", "doublings", "options", "output", "per_model",
    "plain_words", "progress",
}  # fmt: skip


def _commands() -> tuple[str, ...]:
    found = {file.stem for file in _FOLDER.glob("*.py")} - _SHARED
    return (*(name for name in _ORDER if name in found), *sorted(found.difference(_ORDER)))


COMMANDS = _commands()
"""The modules that hold a command, in the order of `--help`."""


def docstring(name: str) -> str:
    """What a command says of itself: the docstring of the function that has the name of its file."""
    text = (_FOLDER / f"{name}.py").read_text(encoding="utf-8")
    found = re.search(rf'^def {name}\(.*?"""(.*?)"""', text, re.MULTILINE | re.DOTALL)
    return inspect.cleandoc(found[1]) if found else ""
