"""Something of the whole process that is on while anybody needs it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager


class SharedSwitch:
    """The first to need it switches it on, the last to leave puts back what was; several threads may need it at once.

    Arguments:
        on: switches it on, and leaves on the stack what puts it back.
        more: is asked of everybody who comes, in the same way; for what cannot be switched on before it is there.
    """

    def __init__(self, on: Callable[[ExitStack], None], more: Callable[[ExitStack], None] | None = None) -> None:
        self._on, self._more = on, more
        self._lock = threading.Lock()
        self._users = 0
        self._undo = ExitStack()

    @contextmanager
    def needed(self) -> Iterator[None]:
        """It is on until this ends."""
        with self._lock:
            if not self._users:
                self._on(self._undo)
            if self._more is not None:
                self._more(self._undo)
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._undo.close()
