"""Tracing a hundred of timm's architectures, with the code of an earlier commit and with this one, in turn.

ARCHSCOPE_BEFORE names the commit (HEAD~1 if not given), ARCHSCOPE_SAMPLE how many architectures. Two processes take turns network
by network, so that both meet the same moments of the machine; each measures its own CPU time.
"""

import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parent.parent
GOAL, SEED = 0.65, 14

WORKER = """
import sys, time
import torch
torch.set_num_threads(1)
from archscope.models.loading import load
for line in sys.stdin:
    try:
        model = load(f"timm:{line.strip()}")
        model.module.eval()
        taken = []
        for _ in range(3):
            start = time.process_time()
            graph = model.trace()
            taken.append(time.process_time() - start)
        print(min(taken), len(graph.nodes), flush=True)
    except Exception as error:
        print("nan", 0, flush=True)
"""


class Tracer:
    """A process that traces with the code of one folder."""

    def __init__(self, folder: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER], cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def __enter__(self) -> "Tracer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()

    def trace(self, name: str) -> tuple[float, int]:
        """CPU seconds of one trace, the least of three, and how many operators there are; nan where it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{name}\n")
        self._process.stdin.flush()
        seconds, count = self._process.stdout.readline().split()
        return float(seconds), int(count)


def main() -> None:
    import timm

    before = os.environ.get("ARCHSCOPE_BEFORE", "HEAD~1")
    names = sorted(random.Random(SEED).sample(timm.list_models(), int(os.environ.get("ARCHSCOPE_SAMPLE", "100"))))
    with tempfile.TemporaryDirectory() as folder:
        archive = subprocess.run(["git", "-C", str(ROOT), "archive", before], stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", folder], input=archive.stdout, check=True)
        with Tracer(Path(folder)) as old, Tracer(ROOT) as new:
            total, failed = [0.0, 0.0, 0], 0
            for name in names:
                (was, _), (now, count) = old.trace(name), new.trace(name)
                if was != was or now != now:
                    failed += 1
                    continue
                total = [total[0] + was, total[1] + now, total[2] + count]
                print(f"  {name:44s}{count:7,d} operators{was * 1e3:9.1f} ms{now * 1e3:9.1f} ms  x {now / was:.2f}", flush=True)
    print(
        f"{len(names) - failed} architectures, {total[2]:,d} operators: {total[0]:.2f} s at {before}, {total[1]:.2f} s now: "
        f"x {total[1] / total[0]:.2f} (goal: {GOAL}); {failed} failed"
    )
