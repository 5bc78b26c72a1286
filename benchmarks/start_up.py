"""Cold start of whole processes against `import torch`: ours, then torchinfo and fvcore doing the same job."""

import sys

from benchmarks._process import Job, in_turn

ROUNDS = 5

# The same question asked of each tool: how many parameters and multiply-accumulates has Inception-v4?
_BUILD = "import torch; from archscope.zoo import build; m = build('inception_v4').eval(); x = torch.zeros(1, 3, 299, 299)"
JOBS: dict[str, Job] = {
    "import torch": ((sys.executable, "-c", "import torch"), {}),
    "archscope params, cold": ((sys.executable, "-m", "archscope", "params", "inception_v4"), {"ARCHSCOPE_STORE": "off"}),
    "archscope flops, cold": ((sys.executable, "-m", "archscope", "flops", "inception_v4"), {"ARCHSCOPE_STORE": "off"}),
    "archscope params, seen before": ((sys.executable, "-m", "archscope", "params", "inception_v4"), {}),
    "archscope --help": ((sys.executable, "-m", "archscope", "--help"), {}),
    "torchinfo": (
        (
            sys.executable,
            "-c",
            f"{_BUILD}\nfrom torchinfo import summary; summary(m, input_data=x, verbose=0)",
        ),
        {},
    ),
    "fvcore": (
        (
            sys.executable,
            "-c",
            f"{_BUILD}\nfrom fvcore.nn import FlopCountAnalysis, flop_count_table\nstr(flop_count_table(FlopCountAnalysis(m, x)))",
        ),
        {},
    ),
}


def main() -> None:
    taken = in_turn(JOBS, ROUNDS)
    reference = taken["import torch"]
    print(f"{'':32s}{'CPU s':>8s}{'x torch':>9s}{'wall s':>8s}{'peak MiB':>10s}{'more MiB':>10s}")
    for name, middle in taken.items():
        more = (middle.peak_bytes - reference.peak_bytes) / 2**20
        figures = f"{middle.cpu:8.2f}{middle.cpu / reference.cpu:9.2f}{middle.wall:8.2f}"
        print(f"{name:32s}{figures}{middle.peak_bytes / 2**20:10.0f}{more:10.0f}")
