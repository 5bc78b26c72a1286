"""Who has borrowed which module: one thread at a time. While a trace has it, a module holds tensors without values; another
thread that traces it, or runs it, waits until it is back.
"""

import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from torch import nn

from archscope.errors import ArchscopeError


class _Loan:
    """One borrowing of a network by the thread that makes it.

    Attributes:
        modules: the network and its modules, by id().
    """

    def __init__(self, modules: Collection[int]) -> None:
        self.thread, self.modules = threading.get_ident(), modules


_CHANGED = threading.Condition()
_loans: tuple[_Loan, ...] = ()  # replaced as a whole: others look at it while it changes

_TURN = 0.05  # seconds between two looks at a thread that is waited for
_STUCK = 1.0  # seconds after which a thread that itself stands still is not waited for any longer
_MOST = 60.0  # seconds after which no thread is


@contextmanager
def lent(root: nn.Module) -> Iterator[None]:
    """The network and all modules inside it belong to this thread; waits for what another one has.

    Raises `ArchscopeError` where waiting has no end: the other thread waits for this one.
    """
    global _loans
    with _CHANGED:
        if _loans:
            _wait(root, deep=True)
        loan = _Loan(_inside(root))
        _loans = (*_loans, loan)
    try:
        yield
    finally:
        with _CHANGED:
            _loans = tuple([other for other in _loans if other is not loan])
            _CHANGED.notify_all()


def await_return(module: nn.Module) -> None:
    """Returns when no other thread has borrowed the module. Raises `ArchscopeError` as `lent` does."""
    if _loans and any([id(module) in loan.modules for loan in _loans]):
        with _CHANGED:
            _wait(module, deep=False)


def _inside(root: nn.Module) -> dict[int, nn.Module]:
    """The network and its modules, by id()."""
    found = {id(root): root}
    waiting = [root]
    while waiting:
        children = waiting.pop()._modules
        if children:
            new = {id(m): m for m in children.values() if m is not None and id(m) not in found}
            found.update(new)
            waiting += new.values()
    return found


def _holder(root: nn.Module, deep: bool) -> _Loan | None:
    """The loan of another thread that holds the network, or with `deep` a module of it."""
    others = [loan for loan in _loans if loan.thread != threading.get_ident()]
    modules = _inside(root).keys() if deep and others else {id(root)}
    return next((loan for loan in others if not modules.isdisjoint(loan.modules)), None)


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
