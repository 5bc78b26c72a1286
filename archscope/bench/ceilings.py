"""What a device can do at best, measured beside the models: FLOP/s of a matrix product, bytes per second of a large copy.

They are the two roofs of the roofline model: Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance
Model for Multicore Architectures", CACM 2009. Measured, not looked up: what this machine gives now, with these threads, under
this load.
"""

from collections.abc import Callable

import msgspec
import torch

from archscope.bench.devices import Device, Run, is_out_of_memory
from archscope.bench.results.records import Ceiling
from archscope.bench.timed_runs import time_runs

RUNS = 7
_LONG_ENOUGH = 0.05  # seconds of one matrix product, from which on it no longer grows
_SIDES = (256, 512, 1024, 2048, 4096, 8192)
_COPIED = 2**28  # bytes: beyond the caches of today's processors


def measure_ceiling(device: Device, dtype: str, threads: int, copied: int = _COPIED, sides: tuple[int, ...] = _SIDES) -> Ceiling:
    """The best of several runs of each; `threads` is only written down.

    Arguments:
        copied: bytes of the source of the copy; half and half again where memory does not allow it.
        sides: of the square matrices, growing; the first that takes long enough is taken.
    """
    kind = _computes_in(device, dtype)
    side, seconds = sides[0], 0.0
    for side in sides:
        seconds = _best(device, _product(side, kind, device.place))
        if seconds >= _LONG_ENOUGH:
            break
    with device.as_convolutions(dtype) as precision:
        convolving = 2 * side**3 / _best(device, _product(side, kind, device.place)) if precision else None
    while True:
        try:
            copying = _best(device, _copy(copied, device.place))
            break
        except Exception as error:
            if not is_out_of_memory(error) or copied < 2**20:
                raise
            copied //= 2
    return Ceiling(
        dtype,
        threads,
        2 * side**3 / seconds,
        2 * copied / copying,
        side,
        copied,
        precision=precision,
        convolution_rate=convolving,
    )


def better(first: Ceiling, last: Ceiling) -> Ceiling:
    """The better rates of two measurements, at the begin and at the end of a session, and what became of the first."""
    fast = max(first, last, key=lambda roof: roof.flop_rate)
    return msgspec.structs.replace(
        fast,
        byte_rate=max(first.byte_rate, last.byte_rate),
        convolution_rate=max((roof.convolution_rate for roof in (first, last) if roof.convolution_rate), default=None),
        change=last.flop_rate / first.flop_rate - 1,
    )


def _computes_in(device: Device, dtype: str) -> torch.dtype:
    if dtype == "autocast":
        return torch.get_autocast_dtype(device.place.partition(":")[0])
    found: torch.dtype = getattr(torch, dtype)
    return found


def _best(device: Device, run: Run) -> float:
    time_runs(device, run, 1)
    return min(time_runs(device, run, RUNS))


def _product(side: int, dtype: torch.dtype, place: str) -> Callable[[], None]:
    a, b = (torch.full((side, side), 0.5, dtype=dtype, device=place) for _ in range(2))
    out = torch.empty(side, side, dtype=dtype, device=place)

    def run() -> None:
        torch.mm(a, b, out=out)

    return run


def _copy(size: int, place: str) -> Callable[[], None]:
    source = torch.ones(size // 4, dtype=torch.float32, device=place)
    target = torch.empty_like(source)

    def run() -> None:
        target.copy_(source)

    return run
