"""Sweeps against building and tracing one by one: wall time, CPU time, memory, restarts, and a long list on a Ray cluster.

python -m benchmarks.sweeps small timm kills ray      each takes minutes; `python -m benchmarks sweeps` runs the first

On a machine that others use too, wall times say little; the CPU ratio, what a sweep computes beside the work itself, stays.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

SMALL, LONG = (int(os.environ.get(f"ARCHSCOPE_BENCH_{name}", number)) for name, number in (("SMALL", 10_000), ("LONG", 100_000)))
TICK = os.sysconf("SC_CLK_TCK")

NET = """
from torch import nn

class Net(nn.Module):
    example_input_shape = (4,)

    def __init__(self, width=4):
        super().__init__()
        self.fc = nn.Linear(4, width)

    def forward(self, x):
        return self.fc(x)

def refuses(width):
    raise ValueError("no")
"""
ONE_BY_ONE = """
import sys
from archscope.metrics import measure
from archscope.models.loading import load
from archscope.models.sources.python import keep_files
from archscope.sweep.columns import DEFAULT_METRICS
keep_files()
names = {names}
for name, options in names:
    try:
        measure(load(name, **options).trace(), DEFAULT_METRICS)
    except Exception:
        pass
"""


class Usage(NamedTuple):
    """What a command and the processes that it started took; `peak` is of the largest of them, in bytes."""

    wall: float
    cpu: float
    peak: int


def watched(words: list[str], folder: Path, during: Callable[[subprocess.Popen, float], None] | None = None) -> Usage:
    """Runs a command in a session of its own and looks at all of that session's processes until it ends."""
    begin, cpu, peak = time.perf_counter(), dict[int, float](), 0
    environment = {**os.environ, "ARCHSCOPE_STORE": "off", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        words, cwd=folder, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            for pid, seconds, resident in session(process.pid):
                cpu[pid], peak = seconds, max(peak, resident)
            if during is not None:
                during(process, time.perf_counter() - begin)
            time.sleep(0.1)
    return Usage(time.perf_counter() - begin, sum(cpu.values()), peak)


def session(leader: int) -> list[tuple[int, float, int]]:
    """Pid, CPU seconds and peak resident bytes of each process of a session."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader:
                status = (stat.parent / "status").read_text()
                resident = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
                found.append((int(stat.parent.name), (int(fields[11]) + int(fields[12])) / TICK, resident))
        except (OSError, ValueError):
            continue
    return found


def sweep(*words: str) -> list[str]:
    return [sys.executable, "-m", "archscope", "sweep", *words]


def compared(folder: Path, words: list[str], names: list[tuple[str, dict]], title: str) -> None:
    cores = len(os.sched_getaffinity(0))
    script = folder / "one_by_one.py"
    script.write_text(ONE_BY_ONE.format(names=repr(names)))
    alone = watched([sys.executable, str(script)], folder)
    one = watched(sweep(*words, "-p", "1", "--out", "one.csv"), folder)
    side = watched(sweep(*words, "-p", str(cores), "--out", "side.csv"), folder)
    same = (folder / "one.csv").read_bytes() == (folder / "side.csv").read_bytes()
    print(f"{title}: {len(names):,} networks, {cores} processes, load {os.getloadavg()[0]:.1f}")
    print(f"  one by one in a script {alone.wall:8.1f} s wall {alone.cpu:8.1f} s CPU")
    print(f"  sweep, one process     {one.wall:8.1f} s wall {one.cpu:8.1f} s CPU {one.wall / alone.wall:6.2f} x the script")
    print(
        f"  sweep, {cores} processes     {side.wall:8.1f} s wall {side.cpu:8.1f} s CPU {side.wall / one.wall:6.2f} x one process"
    )
    print(
        f"  against the script divided by {cores}: {side.wall / (alone.wall / cores):.2f} x wall, {side.cpu / alone.cpu:.2f} x CPU"
    )
    print(f"  largest process {side.peak / 2**20:,.0f} MiB; the same table: {same}")


def small(folder: Path) -> None:
    compared(
        folder, ["net.py:Net", "--set", f"width=1..{SMALL}"], [("net.py:Net", {"width": n + 1}) for n in range(SMALL)], "small"
    )


def timm(folder: Path) -> None:
    import timm as library

    names = [f"timm:{name}" for name in library.list_models()]
    sampled = random.Random(0).sample(names, int(os.environ.get("ARCHSCOPE_BENCH_TIMM", len(names))))
    (folder / "timm.txt").write_text("\n".join(sampled))
    compared(folder, ["timm.txt"], [(name, {}) for name in sampled], "timm")


def kills(folder: Path) -> None:
    words = ["net.py:Net", "--set", "width=1..4000"]
    watched(sweep(*words, "--out", "whole.csv"), folder)
    moments, killed = random.Random(0), 0

    def kill(process: subprocess.Popen, seconds: float) -> None:
        nonlocal killed
        if killed < 10 and seconds > moment:
            process.send_signal(signal.SIGKILL)
            killed += 1

    for _ in range(11):
        moment = moments.uniform(2, 5)
        watched(sweep(*words, "--out", "killed.csv"), folder, kill)
        if (folder / "killed.csv").exists():
            break
    same = (folder / "whole.csv").read_bytes() == (folder / "killed.csv").read_bytes()
    print(f"kills: killed {killed} times at random moments; the same table: {same}")


def ray(folder: Path) -> None:
    driver: list[tuple[int, int]] = []
    journal = folder / "ray.csv.journal"

    def look(process: subprocess.Popen, seconds: float) -> None:
        resident = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * 4096 if process.poll() is None else 0
        if resident and journal.exists():
            driver.append((journal.stat().st_size, resident))

    words = ["net.py:refuses", "--set", f"width=1..{LONG}", "--engine", "ray", "--out", "ray.csv"]
    used = watched(sweep(*words), folder, look)
    rows = json.loads((folder / "ray.csv.meta.json").read_text())["rows"]
    largest = max(size for size, _ in driver)
    early = next(memory for size, memory in driver if size > largest / 10)
    late = max(memory for size, memory in driver if size < largest)  # then it reads pandas in, to write the result
    whole = max(memory for _, memory in driver)
    print(f"ray: {rows:,} rows in {used.wall:.0f} s; resident in the driver {early / 2**20:,.0f} MiB after a tenth of the rows,")
    print(f"  {late / 2**20:,.0f} MiB at most until the last, {whole / 2**20:,.0f} MiB when it wrote the result")


PARTS = {"small": small, "timm": timm, "kills": kills, "ray": ray}


def main(wanted: tuple[str, ...] = ("small",)) -> None:
    for name in wanted:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "net.py").write_text(NET)
            PARTS[name](Path(folder))


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or tuple(PARTS))
