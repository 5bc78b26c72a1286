"""Pictures: cold start of the command against `import torch`, and what drawing adds to a trace, level by level."""

import sys
import time
from collections.abc import Callable

from benchmarks._process import Job, in_turn

ROUNDS = 3
JOBS: dict[str, Job] = {
    "import torch": ((sys.executable, "-c", "import torch"), {}),
    "archscope diagram, cold": (
        (sys.executable, "-m", "archscope", "diagram", "inception_resnet_v2", "--out", "-"),
        {"ARCHSCOPE_STORE": "off"},
    ),
    "archscope diagram, seen before": ((sys.executable, "-m", "archscope", "diagram", "inception_resnet_v2", "--out", "-"), {}),
}


def main() -> None:
    taken = in_turn(JOBS, ROUNDS)
    reference = taken["import torch"]
    print(f"{'':44s}{'CPU s':>8s}{'x torch':>9s}{'wall s':>8s}")
    for name, middle in taken.items():
        print(f"{name:44s}{middle.cpu:8.2f}{middle.cpu / reference.cpu:9.2f}{middle.wall:8.2f}")
    _levels()


def _levels() -> None:
    import torch
    from torch import nn

    from archscope.diagrams.diagram import diagram
    from archscope.models.loading import load
    from archscope.tracing.forward_pass import trace

    network = load("inception_resnet_v2").trace()
    blocks = nn.Sequential(*(nn.Sequential(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(8)) for _ in range(3400)))
    long = trace(blocks.to("meta"), torch.Size((1, 8, 16, 16)))
    jobs: dict[str, Callable[[], object]] = {
        f"{network.name}, {len(network.nodes)} operators: {level}": lambda level=level: diagram(network, level=level).svg()
        for level in ("stage", "block", "op")
    }
    jobs[f"a chain of {len(long.nodes)} operators: stage"] = lambda: diagram(long).svg()
    jobs["inception_resnet_v2: block, as png"] = lambda: diagram(network, level="block").png()
    for name, job in jobs.items():
        begin = time.perf_counter()
        job()
        print(f"{name:60s}{time.perf_counter() - begin:8.2f} s")
