"""The machine: what it is, and what else happened on it.

Reads what the system shows; None or "" for what it does not. No torch.
"""

import os
import platform
import re
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from archscope.bench.results.records import Strain


class Counters(NamedTuple):
    """Readings at one moment; see `Strain`."""

    load: float | None
    swapped: int | None
    throttled: int | None
    clock: float | None


def cpu_name() -> str:
    """`"Intel(R) Xeon(R) Processor"`; what Python knows where the system does not say."""
    found = re.search(r"^(?:model name|Hardware|cpu model)\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    if found:
        return found[1].strip()
    if platform.system() == "Darwin":
        return _said("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor()
    return platform.processor() or platform.machine()


def physical_cores() -> int | None:
    """Cores without their second threads."""
    info = _read("/proc/cpuinfo")
    pairs = set(
        zip(
            re.findall(r"^physical id\s*:\s*(\d+)", info, re.MULTILINE),
            re.findall(r"^core id\s*:\s*(\d+)", info, re.MULTILINE),
            strict=False,
        )
    )
    if pairs:
        return len(pairs)
    said = _said("sysctl", "-n", "hw.physicalcpu") if platform.system() == "Darwin" else ""
    return int(said) if said.isdigit() else None


def logical_cores() -> int:
    """Cores with their second threads."""
    return os.cpu_count() or 1


def usable_cores() -> int:
    """Logical cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical_cores()


def main_memory() -> int | None:
    """Bytes of main memory."""
    with suppress(ValueError, OSError, AttributeError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None


def gpu_driver(index: int) -> tuple[str, str]:
    """The driver's version and the clocks of an NVIDIA GPU: ("550.54", "SM 1980 MHz of 1980 MHz")."""
    fields = "driver_version,clocks.sm,clocks.max.sm"
    words = [
        word.strip() for word in _said("nvidia-smi", f"--id={index}", f"--query-gpu={fields}", "--format=csv,noheader").split(",")
    ]
    return (words[0], f"SM {words[1]} of {words[2]}") if len(words) == 3 else ("", "")


def variables() -> dict[str, str]:
    """The environment variables that are set and steer threads or kernels."""
    steering = re.compile(r"^(OMP|MKL|KMP|GOMP|ONEDNN|DNNL|TORCH|PYTORCH|CUDA|CUDNN|NVIDIA_TF32|CUBLAS)_|^LD_PRELOAD$")
    return {name: value for name, value in sorted(os.environ.items()) if steering.search(name)}


def counters() -> Counters:
    """The readings now."""
    load = None
    with suppress(OSError, AttributeError):
        load = os.getloadavg()[0]
    pages = re.findall(r"^pswp(?:in|out) (\d+)", _read("/proc/vmstat"), re.MULTILINE)
    counts = [
        _read(str(path)).strip()
        for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle/core_throttle_count")
    ]
    clock = re.search(r"^cpu MHz\s*:\s*([\d.]+)", _read("/proc/cpuinfo"), re.MULTILINE)
    return Counters(
        load=load,
        swapped=sum(map(int, pages)) if pages else None,
        throttled=sum(int(count) for count in counts if count.isdigit()) if counts else None,
        clock=float(clock[1]) if clock else None,
    )


def strain(before: Counters, after: Counters) -> Strain:
    """What happened between two readings."""
    return Strain(
        load_before=before.load,
        swapped=_grown(before.swapped, after.swapped),
        throttled=_grown(before.throttled, after.throttled),
        clock_before=before.clock,
        clock_after=after.clock,
    )


def _grown(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def _read(path: str) -> str:
    with suppress(OSError):
        return Path(path).read_text(errors="replace")
    return ""


def _said(*command: str) -> str:
    with suppress(OSError, subprocess.SubprocessError):
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    return ""
