"""Devices: a clock, a queue to wait for, and an allocator to ask. The only file that knows how CUDA and Apple's GPU keep time.

A GPU works through a queue: a mark is a place in that queue, and the time between two marks can be read only after the queue
has been waited for. On the CPU a mark is a reading of the clock.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

import torch

from archscope.bench.cpu_allocator import Peak, allocator_peak
from archscope.errors import ArchscopeError, UsageError

Run = Callable[[], None]


def _torch_timer() -> Callable[[], float]:
    """The clock of `torch.utils.benchmark`, whose import looks for a CUDA compiler and would remark on it."""
    remarks = logging.getLogger("torch.utils.cpp_extension")
    level = remarks.level
    remarks.setLevel(logging.ERROR)
    try:
        from torch.utils.benchmark import timer
    finally:
        remarks.setLevel(level)
    return timer


class Device(Protocol):
    """What the benchmark asks of a device.

    Attributes:
        name: "cpu", "cuda:1", "mps".
        place: where torch puts its tensors.
    """

    name: str
    place: str

    def chosen(self) -> Any:
        """A context in which marks and memory are those of this device."""

    def mark(self) -> Any:
        """This moment, in the device's own order of work."""

    def synchronise(self) -> None:
        """Waits until everything queued is done."""

    def elapsed(self, begin: Any, end: Any) -> float:
        """Seconds between two marks, after `synchronise`."""

    def peak_memory(self, run: Run) -> Peak | None:
        """Bytes that one run needs at its worst beyond what is there before it; None where it cannot be told."""

    def release(self) -> None:
        """Gives cached memory back."""

    def check(self, dtype: str) -> None:
        """Raises `ArchscopeError` for a dtype that the device cannot compute in."""

    def as_convolutions(self, dtype: str) -> AbstractContextManager[str]:
        """Within, matrix products compute in what convolutions of this dtype compute in. Gives its name, "TF32", or "" where
        they do so anyhow.
        """


class Cpu:
    """The processor, timed by the clock of `torch.utils.benchmark`.

    Arguments:
        clock: gives seconds; another one in tests.
    """

    name = "cpu"
    place = "cpu"

    def __init__(self, clock: Callable[[], float] | None = None) -> None:
        self.mark = clock or _torch_timer()

    def chosen(self) -> Any:
        return nullcontext()

    def synchronise(self) -> None:
        """Nothing to wait for: a CPU operator is done when it returns."""

    def elapsed(self, begin: float, end: float) -> float:
        return end - begin

    def peak_memory(self, run: Run) -> Peak | None:
        return allocator_peak(run)

    def release(self) -> None:
        """Nothing is cached."""

    def check(self, dtype: str) -> None:
        """Every dtype has at least slow kernels; a missing one shows when it runs."""

    def as_convolutions(self, dtype: str) -> AbstractContextManager[str]:
        return nullcontext("")


class Cuda:
    """An NVIDIA or AMD GPU, timed by events in its stream.

    Arguments:
        index: which GPU.
        api: `torch.cuda`; a stand-in in tests.
        place: where the tensors go, if not on this GPU.
    """

    def __init__(self, index: int = 0, api: Any = torch.cuda, place: str = "") -> None:
        self.index = index
        self.name = f"cuda:{index}"
        self.place = place or self.name
        self._api = api

    def chosen(self) -> Any:
        return self._api.device(self.index)

    def mark(self) -> Any:
        event = self._api.Event(enable_timing=True)
        event.record()
        return event

    def synchronise(self) -> None:
        self._api.synchronize(self.index)

    def elapsed(self, begin: Any, end: Any) -> float:
        return float(begin.elapsed_time(end)) / 1000

    def peak_memory(self, run: Run) -> Peak | None:
        with self.chosen():
            self.synchronise()
            self._api.reset_peak_memory_stats(self.index)
            before = self._api.memory_allocated(self.index)
            run()
            self.synchronise()
            return Peak(self._api.max_memory_allocated(self.index) - before, None)

    def release(self) -> None:
        self._api.empty_cache()

    def check(self, dtype: str) -> None:
        with self.chosen():
            if dtype == "bfloat16" and not self._api.is_bf16_supported():
                raise ArchscopeError(f"{self.name} cannot compute in bfloat16", "try --dtype float16")

    @contextmanager
    def as_convolutions(self, dtype: str) -> Iterator[str]:
        """By default cuDNN's convolutions of float32 round their factors to TF32 (19 bits) from Ampere on, and matrix products
        do not. Source: torch's CUDA semantics, "TensorFloat-32 on Ampere (and later) devices".
        """
        before = torch.get_float32_matmul_precision()
        rounds = dtype == "float32" and torch.backends.cudnn.allow_tf32 and not torch.version.hip
        if not rounds or before != "highest" or self._api.get_device_capability(self.index) < (8, 0):
            yield ""
            return
        try:
            torch.set_float32_matmul_precision("high")
            yield "TF32"
        finally:
            torch.set_float32_matmul_precision(before)


class Mps:
    """Apple's GPU, timed by its own events. Its allocator keeps no peak."""

    name = "mps"

    def __init__(self, api: Any = torch.mps, place: str = "mps") -> None:
        self.place = place
        self._api = api

    def chosen(self) -> Any:
        return nullcontext()

    def mark(self) -> Any:
        event = self._api.event.Event(enable_timing=True)
        event.record()
        return event

    def synchronise(self) -> None:
        self._api.synchronize()

    def elapsed(self, begin: Any, end: Any) -> float:
        return float(begin.elapsed_time(end)) / 1000

    def peak_memory(self, run: Run) -> Peak | None:
        return None

    def release(self) -> None:
        self._api.empty_cache()

    def check(self, dtype: str) -> None:
        if dtype == "float64":
            raise ArchscopeError("mps cannot compute in float64", "try --dtype float32, or --device cpu")

    def as_convolutions(self, dtype: str) -> AbstractContextManager[str]:
        return nullcontext("")


def find(word: str | None = None, api: Any = torch) -> Device:
    """The device of a name, or the best one there is: CUDA, else Apple's GPU, else the CPU.

    Arguments:
        word: "cpu", "cuda", "cuda:1", "mps".
        api: `torch`; a stand-in in tests.

    Raises `UsageError` for another word and `ArchscopeError` for a device that is not there.
    """
    if word is None:
        word = "cuda" if api.cuda.is_available() else "mps" if api.backends.mps.is_available() else "cpu"
    kind, colon, index = word.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (colon and (kind != "cuda" or not index.isdigit())):
        raise UsageError(f"unknown device '{word}'", "choose from cpu, cuda, cuda:1, mps")
    if kind == "cpu":
        return Cpu()
    if kind == "mps":
        if not api.backends.mps.is_available():
            raise ArchscopeError(f"no MPS device: found {', '.join(_found(api))}", f"try --device {_found(api)[0]}")
        return Mps(api.mps)
    if not api.cuda.is_available():
        raise ArchscopeError(
            f"no CUDA device: torch {api.__version__} was built for {_built(api)}, found {', '.join(_found(api))}",
            f"try --device {_found(api)[0]}",
        )
    count, number = api.cuda.device_count(), int(index or 0)
    if number >= count:
        there = ", ".join(f"cuda:{n}" for n in range(count))
        raise ArchscopeError(f"no CUDA device {number}: found {there}", f"try --device cuda:{count - 1}")
    return Cuda(number, api.cuda)


def _built(api: Any) -> str:
    if api.version.cuda:
        return f"CUDA {api.version.cuda}"
    return f"ROCm {api.version.hip}" if getattr(api.version, "hip", None) else "the CPU only"


def _found(api: Any) -> list[str]:
    gpus = [f"cuda:{n}" for n in range(api.cuda.device_count())] if api.cuda.is_available() else []
    return [*gpus, *(["mps"] if api.backends.mps.is_available() else []), "cpu"]


@contextmanager
def pinned_threads(threads: int) -> Iterator[int]:
    """torch computes with this many threads inside, and with as many as before afterwards; 0 leaves them.

    Gives the number in force.
    """
    before = torch.get_num_threads()
    try:
        if threads:
            torch.set_num_threads(threads)
        yield torch.get_num_threads()
    finally:
        torch.set_num_threads(before)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on whichever device."""
    text = str(error).lower()
    named = isinstance(error, (MemoryError, torch.cuda.OutOfMemoryError))
    return named or "out of memory" in text or "can't allocate memory" in text or "cannot allocate memory" in text
