"""What a trace shares with the other threads of its process: torch's hooks and switches are global, and so is the garbage
collector.

The hooks and switches are on while any trace runs: the first to begin sets them, the last to end puts them back. Each hook asks
which trace of its own thread is running; other threads are heard by nobody.
"""

import gc
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import wraps
from typing import Any, Protocol

import torch
from torch import nn
from torch.distributions import Distribution
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from archscope.tracing.lending import await_return
from archscope.tracing.shared_switch import SharedSwitch


class Listener(Protocol):
    """What hears the calls of modules."""

    def begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        """A module is about to run."""

    def finish(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """It has run, or raised."""


class _Ears(threading.local):
    """The traces that run in this thread, the innermost last; None where one is being prepared and nobody listens.

    Attributes:
        started: how many threads this one has started while it traced: nobody hears their operators.
    """

    def __init__(self) -> None:
        self.stack: list[Listener | None] = []
        self.started = 0


_EARS = _Ears()


@contextmanager
def listening(listener: Listener | None) -> Iterator[None]:
    """Calls and operators of this thread are heard by `listener` alone, by nobody where it is None; what listened before is
    deaf until then.
    """
    _EARS.stack.append(listener)
    try:
        yield
    finally:
        _EARS.stack.pop()


def listens(listener: Listener) -> bool:
    """Whether this one is the innermost trace of the thread. (A thread of torch's own, which runs a backward, has none.)"""
    stack = _EARS.stack
    return not stack or stack[-1] is listener


def _begins(module: nn.Module, args: tuple[Any, ...]) -> None:
    stack = _EARS.stack
    if not stack:
        await_return(module)  # another thread's trace may have borrowed it
    elif stack[-1] is not None:
        stack[-1].begin(module, args)


def _finishes(module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
    stack = _EARS.stack
    if stack and stack[-1] is not None:
        stack[-1].finish(module, args, output)


def threads_started() -> int:
    """How many threads this thread has started while a trace ran in it."""
    return _EARS.started


# -- on while any trace runs --------------------------------------------------------------------------------------------------

_eager = False
_UNCOMPILED = "_FLEX_ATTENTION_DISABLE_COMPILE_DEBUG"


def _switch_on(undo: ExitStack) -> None:
    # Hooks on all modules there are: nothing is ever hung on the user's own.
    for handle in (register_module_forward_pre_hook(_begins), register_module_forward_hook(_finishes, always_call=True)):
        undo.callback(handle.remove)
    # A forward may ask for autocast on its input's device, and torch has none for meta: the CPU's touches no meta tensor.
    begin = torch.autocast.__init__

    def begin_on_meta(self: Any, device_type: str, *args: Any, **kwargs: Any) -> None:
        begin(self, "cpu" if device_type == "meta" else device_type, *args, **kwargs)

    undo.callback(setattr, torch.autocast, "__init__", begin)
    torch.autocast.__init__ = begin_on_meta  # type: ignore[method-assign]
    undo.callback(setattr, Distribution, "__init__", Distribution.__init__)
    Distribution.__init__ = _unchecked(Distribution.__init__)  # type: ignore[method-assign]
    # The fused path is one operator; attention is the matrix products that it is made of.
    undo.callback(torch.backends.mha.set_fastpath_enabled, torch.backends.mha.get_fastpath_enabled())
    torch.backends.mha.set_fastpath_enabled(False)
    flex = sys.modules.get("torch.nn.attention.flex_attention")
    if hasattr(flex, _UNCOMPILED):  # else it compiles itself, whatever one says
        undo.callback(setattr, flex, _UNCOMPILED, getattr(flex, _UNCOMPILED))
        setattr(flex, _UNCOMPILED, True)
    gc.callbacks.append(_note_collection)
    undo.callback(gc.callbacks.remove, _note_collection)
    undo.callback(setattr, threading.Thread, "start", threading.Thread.start)
    setattr(threading.Thread, "start", _noting(threading.Thread.start))  # noqa: B010  mypy knows no other method of this name


_NO_SIZE = torch.Size()


def _unchecked(begin: Callable[..., None]) -> Callable[..., None]:
    """`Distribution.__init__`; in a trace without the checks of its arguments, which look at values and decide nothing."""

    @wraps(begin)
    def begun(
        self: Distribution,
        batch_shape: torch.Size = _NO_SIZE,
        event_shape: torch.Size = _NO_SIZE,
        validate_args: bool | None = None,
    ) -> None:
        traced = _EARS.stack and _EARS.stack[-1] is not None
        begin(self, batch_shape, event_shape, validate_args=False if traced else validate_args)

    return begun


def _noting(start: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    """`Thread.start`, which also notes that a forward has started a thread."""

    @wraps(start)
    def noted(thread: threading.Thread) -> None:
        _EARS.started += bool(_EARS.stack)
        start(thread)

    return noted


def _run_as_written(undo: ExitStack) -> None:
    global _eager
    if not _eager and "torch._dynamo" in sys.modules:  # loading it costs a second
        undo.enter_context(torch.compiler.set_stance("force_eager"))
        undo.callback(_forget_stance)
        _eager = True


def _forget_stance() -> None:
    global _eager
    _eager = False


shared_state = SharedSwitch(_switch_on, _run_as_written).needed
"""The hooks, and the switches that show a forward as it is written: no fused attention path, no compiled functions."""


# -- the garbage collector ----------------------------------------------------------------------------------------------------

_collector: int | None = None  # the thread in which a collection is under way


def _note_collection(phase: str, info: dict[str, int]) -> None:
    global _collector
    _collector = threading.get_ident() if phase == "start" else None


def is_collecting() -> bool:
    """Whether this thread is in the middle of a garbage collection, which comes when it comes."""
    return _collector is not None and _collector == threading.get_ident()


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection: what a trace makes stays, and every collection would look at all of it again. Long traces would
    cost more than their length. Where other threads run it stays on: it is theirs too.
    """
    collects = gc.isenabled() and is_alone()
    if collects:
        gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def is_alone() -> bool:
    """Whether no other thread runs; those that serve in the background (`daemon`: a notebook's) do not count."""
    me = threading.current_thread()
    return all(thread is me or thread.daemon for thread in threading.enumerate())


# -- random numbers and the default dtype ---------------------------------------------------------------------------------------


@contextmanager
def undisturbed() -> Iterator[None]:
    """The random generators and the default dtype are afterwards what they were. Other threads draw from the same generators:
    where some run, nothing is wound back under their hands.
    """
    alone = is_alone()
    kept = _random_state() if alone else []
    dtype = torch.get_default_dtype()
    try:
        yield
    finally:
        if alone and is_alone():
            for put_back, state in kept:
                put_back(state)
            torch.set_default_dtype(dtype)


def _random_state() -> list[tuple[Callable[[Any], Any], Any]]:
    """The state of every random generator that a forward on the CPU may draw from, each with the function that puts it back."""
    state: list[tuple[Callable[[Any], Any], Any]] = [
        (torch.set_rng_state, torch.get_rng_state()),
        (random.setstate, random.getstate()),
    ]
    if "numpy" in sys.modules:
        state.append((sys.modules["numpy"].random.set_state, sys.modules["numpy"].random.get_state()))
    return state
