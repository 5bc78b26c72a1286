"""The releases of Python and torch that archscope is made for, and what is said on an older one.

The bounds are those that pyproject.toml declares: a test compares them, and `make test-oldest` runs on them. A torch that is
newer than any that was tried is taken as it is: an operator that it brings is named as unknown, and every table says which torch
it was made with.

This file, and what leads to it, is written so that any Python 3 can read it: an old one must be able to say what is wrong.
"""

import re
import sys

from archscope.errors import ArchscopeError

PYTHON = (3, 11)
TORCH = (2, 6)

INSTALL = f"pip install --upgrade 'torch>={TORCH[0]}.{TORCH[1]}'"
"""How to get a torch that is new enough."""


def require_python() -> None:
    """Raises `ArchscopeError` on a Python that is too old."""
    if sys.version_info[:2] < PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise ArchscopeError(f"archscope needs Python {PYTHON[0]}.{PYTHON[1]} or newer, and this is Python {found}")


def require_torch(release: str) -> None:
    """Raises `ArchscopeError` for a torch that is too old.

    Arguments:
        release: what `torch.__version__` says: "2.6.0+cu124".
    """
    if () < numbers(release) < TORCH:
        raise ArchscopeError(f"archscope needs torch {TORCH[0]}.{TORCH[1]} or newer, and this is torch {release}", INSTALL)


def numbers(release: str) -> "tuple[int, ...]":
    """Major and minor of a release: `"2.6.0+cu124"` -> (2, 6); () for anything else."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else ()
