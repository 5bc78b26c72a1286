"""Our timings against others': a sleep, torch.utils.benchmark, the harness's own share, a network against itself."""

import subprocess
import sys
import time

import torch
from torch.utils.benchmark import Timer

from archscope.bench.devices import Cpu
from archscope.bench.measure import bench
from archscope.bench.prepared_model import prepare
from archscope.bench.results import statistics
from archscope.bench.results.records import Plan, Settings
from archscope.bench.results.summary import summary
from archscope.bench.timed_runs import time_runs
from archscope.models.loading import load

FOUR = ("inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2")
ROUNDS = 15


def main() -> None:
    sleep()
    overhead()
    against_timer()
    against_itself(loaded=False)
    against_itself(loaded=True)


def sleep() -> None:
    read = statistics.median(time_runs(Cpu(), lambda: time.sleep(0.010), 50))
    print(f"a sleep of 10 ms reads {read * 1000:.2f} ms: x {read / 0.010:.3f}")


def overhead() -> None:
    device = Cpu()
    lenet = prepare(load("lenet5", device="cpu"), Settings(), device)
    time_runs(device, lenet.run, 50)
    nothing, network = (statistics.median(time_runs(device, run, 500)) for run in (lambda: None, lenet.run))
    print(f"an empty run reads {nothing * 1e6:.2f} us, {nothing / network:.2%} of LeNet-5's {network * 1e6:.0f} us")


def against_timer() -> None:
    """Alternating, in one process: one run of ours, one of the Timer's."""
    device = Cpu()
    threads = torch.get_num_threads()
    for name in FOUR:
        subject = prepare(load(name, device="cpu"), Settings(), device)
        timer = Timer("run()", globals={"run": subject.run}, num_threads=threads)
        ours: list[list[float]] = []
        theirs: list[list[float]] = []
        for round_ in range(ROUNDS + 1):
            own, other = time_runs(device, subject.run, 1), timer.timeit(1).raw_times
            if round_:
                ours.append(own)
                theirs.append(other)
        a, b = statistics.median([t for (t,) in ours]), statistics.median([t for (t,) in theirs])
        _, interval = statistics.pairwise_ratio(ours, theirs) or (0, None)
        span = "{:.3f} to {:.3f}".format(*interval) if interval else "-"
        print(f"{name:22s} ours {a * 1000:7.1f} ms, Timer {b * 1000:7.1f} ms: x {a / b:.3f} (round by round {span})", flush=True)


def against_itself(loaded: bool) -> None:
    """One network twice, in turn; once more while another process keeps a core busy."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if loaded else None
    try:
        for name in ("lenet5", "inception_v3"):
            model = load(name, device="cpu")
            session = bench([model, model], plan=Plan(min_time=4.0, max_time=20.0), ceilings=False)
            figures = summary(session, session.timings[1])
            low, high = figures.ratio_low or 0.0, figures.ratio_high or 0.0
            verdict = "contains 1" if low <= 1 <= high else "does not contain 1"
            how = "one core busy" if loaded else "quiet"
            print(f"{name:22s} against itself, {how}: x {figures.ratio:.3f}, {low:.3f} to {high:.3f} {verdict}", flush=True)
    finally:
        if other is not None:
            other.kill()
            other.wait()
