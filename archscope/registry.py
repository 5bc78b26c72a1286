"""A dict with a decorator. It refuses a second registration, and a missing name is answered with the nearest ones."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import TypeVar

from archscope.errors import UsageError

T = TypeVar("T")


def nearest(name: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """The `count` choices that look most like `name`, best first; those that contain it come before those that resemble it.

    `nearest("inceptoin_v4", names)` -> `["inception_v4", "inception_v3", "bn_inception"]`.
    """
    import difflib  # only where a name is wrong

    pool = sorted(set(choices))
    low = name.lower()
    inside = sorted((choice for choice in pool if low and low in choice.lower()), key=len)
    alike = difflib.get_close_matches(low, pool, n=count, cutoff=0.4)
    return list(dict.fromkeys(inside[:count] + alike))[:count]


def unknown(kind: str, name: str, choices: Iterable[str], *, list_all: bool = False) -> UsageError:
    """The error for a name that does not exist: names the three nearest, or every choice where there are few."""
    pool = sorted(set(choices))
    close = nearest(name, pool)
    if list_all or len(pool) <= 8 or (not close and len(pool) <= 16):
        hint = f"choose from {', '.join(pool)}"
    else:
        hint = f"did you mean {' or '.join(', '.join(close).rsplit(', ', 1))}?" if close else ""
    return UsageError(f"unknown {kind} '{name}'", hint)


class Registry(Mapping[str, T]):
    """Names to values, in order of registration.

    Arguments:
        kind: what the values are, in the singular, for messages: "metric", "renderer".
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def add(self, name: str, value: T) -> T:
        """Registers `value` under `name`; raises `ValueError` if the name is taken."""
        if name in self._entries:
            raise ValueError(f"{self.kind} '{name}' is registered already: {self._entries[name]!r}")
        self._entries[name] = value
        return value

    def register(self, *names: str) -> Callable[[T], T]:
        """A decorator that registers what it decorates under each of `names`."""

        def decorate(value: T) -> T:
            for name in names:
                self.add(name, value)
            return value

        return decorate

    def find(self, name: str) -> T:
        """The value of `name`; raises `UsageError` with the nearest names where there is none."""
        if name not in self._entries:
            raise unknown(self.kind, name, self._entries)
        return self._entries[name]

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def import_all(package: str, paths: Iterable[str]) -> None:
    """Imports every module of a package, in alphabetical order: a file that registers something is found by its being there.

    Arguments:
        package, paths: the package's `__name__` and `__path__`.
    """
    for module in sorted(iter_modules(paths), key=lambda found: found.name):
        import_module(f"{package}.{module.name}")
