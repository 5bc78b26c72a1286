"""A class or function of one's own: `net.py:Net`, `package.module:make_net`."""

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError, UsageError
from archscope.models.model import Model, Options
from archscope.models.source import SOURCES, checked, guarded, varied
from archscope.registry import unknown


def python(name: str, options: Options) -> Model:
    """`net.py:Net` or `package.module:Net`: a class, a function that returns a module, or a module instance."""
    from torch import nn

    attribute = name.rpartition(":")[2]
    maker = found(name)
    if isinstance(maker, nn.Module):
        module = maker
    elif callable(maker):
        module = guarded(name, lambda: maker(**checked(attribute, maker, options, name)))
    else:
        raise UsageError(
            f"{name} is {type(maker).__name__}, not a torch.nn.Module, a class of one, or a function that returns one"
        )
    if not isinstance(module, nn.Module):
        raise UsageError(f"{name} returned {type(module).__name__}, not a torch.nn.Module")
    shape = getattr(module, "example_input_shape", None)
    return Model(attribute, module, (tuple(shape),) if shape else (), varied("", options).lstrip("; "), name, dict(options))


def found(name: str) -> Any:
    """What `net.py:Net` or `package.module:Net` names. Raises `UsageError` for words that name nothing, `ArchscopeError` where
    the file cannot be run.
    """
    where, _, attribute = name.rpartition(":")
    if not where or not attribute:
        raise UsageError(f"'{name}' names no class or function", "write FILE.py:NAME or package.module:NAME")
    holder = _file(where) if where.endswith(".py") else _importable(where, name)
    public = [key for key, value in vars(holder).items() if callable(value) and not key.startswith("_")]
    if not hasattr(holder, attribute):
        raise unknown(f"name in {where}:", attribute, public)
    return getattr(holder, attribute)


_KEPT: dict[str, Any] | None = None


def keep_files() -> None:
    """From now on a file is run once in this process, and again only when it has changed: for processes that build thousands."""
    global _KEPT
    _KEPT = _KEPT if _KEPT is not None else {}


def ready(where: str) -> None:
    """Runs a Python file, so that what was pickled of its classes can be read. Raises `ArchscopeError`."""
    module = _file(where)
    sys.modules[module.__name__] = module


def _file(where: str) -> Any:
    if _KEPT is None:
        return _ran(where)
    try:
        status = os.stat(where)  # noqa: PTH116  Path.stat raises for a name that is too long
    except OSError:
        return _ran(where)
    version = status.st_mtime_ns, status.st_size
    if where not in _KEPT or _KEPT[where][0] != version:
        _KEPT[where] = version, _ran(where)
    return _KEPT[where][1]


def _ran(where: str) -> Any:
    path = Path(where)
    if not os.path.isfile(where):  # noqa: PTH113  Path.is_file raises for a name that is too long
        raise ArchscopeError(f"there is no file {where}", f"looked in {Path.cwd()}")
    name = f"archscope_file_{path.stem}"  # a file called random.py is not to take the place of Python's own
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look a class's module up by name
    with _beside(path.parent):
        guarded(where, lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]
    return module


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """A file may import its neighbours, as it may when Python runs it."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)


def _importable(where: str, name: str) -> Any:
    try:
        with _beside(Path.cwd()):
            return guarded(where, lambda: importlib.import_module(where))
    except ArchscopeError as failed:
        error = failed.__cause__
        if not isinstance(error, ModuleNotFoundError):
            raise
        if error.name and where.split(".")[0] == error.name.split(".")[0]:
            prefixes = ", ".join(f"{prefix}:" for prefix in SOURCES if prefix)
            raise UsageError(
                f"'{name}': there is no module '{where}'", f"sources are {prefixes}, FILE.py: and package.module:"
            ) from None
        raise ArchscopeError(f"{where} cannot be imported: {error}") from None
