"""How many networks go to a worker at a time: about so many as take a third of a second, so that handing over costs nothing and
nothing much is lost with a worker.
"""

from collections.abc import Iterator
from itertools import islice

from archscope.sweep.specification import Spec

_SECONDS = 0.3
_MOST = 200


class Pace:
    """Follows how long networks take; the list may begin with small ones and end with large ones."""

    def __init__(self) -> None:
        self._each = _SECONDS  # one at first

    def note(self, count: int, seconds: float) -> None:
        """So many networks took so long together."""
        self._each += (seconds / count - self._each) / 2

    def chunk(self, specs: Iterator[Spec]) -> list[Spec]:
        """The next ones; empty at the end."""
        return list(islice(specs, max(1, min(_MOST, round(_SECONDS / max(self._each, 1e-6))))))
