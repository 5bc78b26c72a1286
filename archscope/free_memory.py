"""How much memory the machine has to give, where it tells."""

import re
from contextlib import suppress
from pathlib import Path


def available_memory() -> int | None:
    """Bytes that a program can still have without swapping; None where the system does not say."""
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _shown(), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _shown() -> str:
    with suppress(OSError):
        return Path("/proc/meminfo").read_text(errors="replace")
    return ""
