"""What a model source is, the registry of them, and what they share: how a missing library, a wrong argument or a constructor
that raises is told.
"""

import importlib
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from archscope.errors import ArchscopeError, UsageError
from archscope.models.model import Model, Options
from archscope.registry import Registry

T = TypeVar("T")
Loader = Callable[[str, Options], Model]


class Source(NamedTuple):
    """Where models come from.

    Attributes:
        load: (what stands behind the prefix, constructor arguments) -> Model.
        packages: distributions that decide what the models are, beside archscope and torch; None where a model may change from
            run to run, as a configuration file does. A trace of the others is kept in the trace store.
        names: every name behind the prefix; None where they cannot be listed.
    """

    load: Loader
    packages: tuple[str, ...] | None = None
    names: Callable[[], Iterable[str]] | None = None


SOURCES: Registry[Source] = Registry("model source")


def source(
    prefix: str, packages: tuple[str, ...] | None = None, names: Callable[[], Iterable[str]] | None = None
) -> Callable[[Loader], Loader]:
    """Registers a loader for names that begin with `prefix:`. See `Source` for `packages` and `names`."""

    def register(load: Loader) -> Loader:
        SOURCES.add(prefix, Source(load, packages, names))
        return load

    return register


def varied(variant: str, options: Options) -> str:
    """A variant with the constructor arguments that were given."""
    return f"{variant}; with {', '.join(f'{key}={value}' for key, value in options.items())}" if options else variant


def optional(module: str, package: str) -> Any:
    """A module of a library that may be missing, or made for another torch; raises `ArchscopeError` with how to install it."""
    library = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except Exception as error:  # a torchvision that was built for another torch: "operator torchvision::nms does not exist"
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == library:
            raise ArchscopeError(f"{package} is not installed", f"pip install {package}") from None
        lines = str(error).strip().splitlines() or [type(error).__name__]
        hint = f"is it of another release than torch? pip install --upgrade torch {package}"
        raise ArchscopeError(f"{library} cannot be imported: {lines[0]}", hint) from error


def checked(name: str, build: Callable[..., Any], options: Options, source: str = "") -> Options:
    """The options, if `build` takes them; raises `UsageError` for one that it does not, `ArchscopeError` where one is missing.

    Arguments:
        source: the words that name it, where `name` is only a part of them.
    """
    parameters = inspect.signature(build).parameters
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    missing = [p.name for p in parameters.values() if p.kind in named and p.default is p.empty and p.name not in options]
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return _complete(source or name, options, missing)
    for key in options:
        if key not in parameters:
            raise UsageError(f"{name} has no argument '{key}'", f"it takes: {', '.join(parameters) or 'nothing'}")
    return _complete(source or name, options, missing)


def _complete(name: str, options: Options, missing: Sequence[str]) -> Options:
    """The options, where none is missing."""
    if missing:
        hint = f"say {'it' if len(missing) == 1 else 'them'}: {' '.join(f'--set {key}=VALUE' for key in missing)}"
        raise ArchscopeError(f"{name} cannot be built without {' and '.join(missing)}", hint)
    return options


def guarded(name: str, run: Callable[[], T]) -> T:
    """What `run` returns; an error of the code that it runs becomes one line. Raises `ArchscopeError`."""
    try:
        return run()
    except ArchscopeError:
        raise
    except (Exception, SystemExit) as error:  # code that calls sys.exit does not end us
        lines = str(error).strip().splitlines()
        raise ArchscopeError(
            f"{name} cannot be built: {type(error).__name__}: {lines[0] if lines else ''}".rstrip(": ")
        ) from error
