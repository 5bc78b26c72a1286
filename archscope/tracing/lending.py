"""Who has borrowed which module: one thread at a time. While a trace has it, a module holds tensors without values; another
thread that traces it, or runs it, waits until it is back.
"""

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch import nn

from archscope.errors import ArchscopeError


class _Loan:
    """One borrowing of a network by the thread that makes it."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()


_CHANGED = threading.Condition()
_LENT: dict[int, _Loan] = {}  # by id() of the module

_TURN = 0.05  # seconds between two looks at a thread that is waited for
_STUCK = 1.0  # seconds after which a thread that itself stands still is not waited for any longer
_MOST = 60.0  # seconds after which no thread is


@contextmanager
def lent(root: nn.Module) -> Iterator[None]:
    """The network and all modules inside it belong to this thread; waits for what another one has.

    Raises `ArchscopeError` where waiting has no end: the other thread waits for this one.
    """
    with _CHANGED:
        if _LENT:
            _wait(root, deep=True)
        loan = _Loan()
        # Those that a trace around this one borrowed are this thread's already, and stay so after it.
        new = [id(m) for m in _inside(root) if id(m) not in _LENT]
        _LENT.update(dict.fromkeys(new, loan))
    try:
        yield
    finally:
        with _CHANGED:
            for key in new:
                del _LENT[key]
            _CHANGED.notify_all()


def await_return(module: nn.Module) -> None:
    """Returns when no other thread has borrowed the module. Raises `ArchscopeError` as `lent` does."""
    if id(module) in _LENT:
        with _CHANGED:
            _wait(module, deep=False)


def _inside(root: nn.Module) -> Iterable[nn.Module]:
    """The network and its modules, each once."""
    found = {id(root): root}
    waiting = [root]
    while waiting:
        children = waiting.pop()._modules
        if children:
            new = {id(m): m for m in children.values() if m is not None and id(m) not in found}
            found.update(new)
            waiting += new.values()
    return found.values()


def _holder(root: nn.Module, deep: bool) -> _Loan | None:
    """The loan of another thread that holds the network, or with `deep` a module of it."""
    me = threading.get_ident()
    for module in _inside(root) if deep else (root,):
        loan = _LENT.get(id(module))
        if loan is not None and loan.thread != me:
            return loan
    return None


def _wait(root: nn.Module, deep: bool) -> None:
    before, place = None, None
    waited = stood = 0.0
    while (loan := _holder(root, deep)) is not None:
        at = _standstill(loan.thread)
        waited = waited + _TURN if loan is before else 0.0
        stood = stood + _TURN if loan is before and at is not None and at == place else 0.0
        if stood >= _STUCK or waited >= _MOST:
            raise ArchscopeError(
                f"{type(root).__name__} is being traced in another thread, which does not come to an end",
                "let the forward run in one thread, or trace a copy of the module (copy.deepcopy)",
            )
        before, place = loan, at
        _CHANGED.wait(_TURN)


def _standstill(thread: int) -> tuple[int, int] | None:
    """Where a thread waits for another one; None where it works."""
    frame = sys._current_frames().get(thread)
    if frame is None or frame.f_code.co_filename != threading.__file__:
        return None
    return id(frame), frame.f_lasti
