"""Whole processes: CPU and wall seconds and peak memory of our commands, installed, on an empty cache, beside Python, typer and
torch alone, and beside torchinfo and fvcore asked the same.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from archscope.zoo import catalog
from benchmarks._process import Job, Usage, in_turn, run

ROUNDS = 5
LOOK = 0.22  # seconds of CPU that a first look at a built-in network may take, and its memory
LOOK_MIB = 40
NEAR = 0.8  # of it: such a look is looked at again
GOALS = {
    "params inception_v4": LOOK, "flops inception_v4": LOOK, "shapes inception_v4": LOOK, "params resnet1202_cifar": LOOK,
    "diagram irv2 --out svg": 0.25, "list": 0.17, "--help": 0.17, "a usage error": 0.17, "completion": 0.12,
    "compare, the whole zoo": 0.45,
}  # fmt: skip
PEERS_TIMES, WHEEL_MB = 18, 1.5
TYPER, TORCH, INFO, FVCORE = "import typer, rich", "import torch", "torchinfo", "fvcore"
PARAMS = "params inception_v4"

# The same question asked of each tool: how many parameters and multiply-accumulates has Inception-v4?
_BUILD = "import torch; from archscope.zoo import build; m = build('inception_v4').eval(); x = torch.zeros(1, 3, 299, 299)"
_OWN = "from torch import nn\n\n\nclass Net(nn.Sequential):\n    def __init__(self):\n        super().__init__(nn.Conv2d(3, 8, 3), nn.ReLU())\n"
_COMPLETE = {"COMP_WORDS": "archscope params inception_v", "COMP_CWORD": "2", "_ARCHSCOPE_COMPLETE": "complete_bash"}


def python(code: str) -> Job:
    return (sys.executable, "-P", "-c", code), {}


def ours(words: str, **environment: str) -> Job:
    return (sys.executable, "-P", "-m", "archscope", *words.split()), environment


def jobs(cache: str) -> dict[str, Job]:
    """What is run, by name.

    Arguments:
        cache: an empty folder.
    """
    empty = {"ARCHSCOPE_STORE": f"{cache}/never written"}
    zoo = " ".join(entry.name for entry in catalog.entries())
    (Path(cache) / "net.py").write_text(_OWN)
    own = f"params {cache}/net.py:Net --input 3x64x64"
    commands = (
        PARAMS, "flops inception_v4", "shapes inception_v4", "params resnet1202_cifar", f"diagram irv2 --out {cache}/irv2.svg", "list",
        "--help",
    )  # fmt: skip
    return {
        "python -c pass": python("pass"),
        TYPER: python(TYPER),
        TORCH: python(TORCH),
        **{words.replace(f"{cache}/irv2.", ""): ours(words, **empty) for words in commands},
        "a usage error": python("from archscope.cli.app import run; assert run(['params', 'inceptoin_v4']) == 2"),
        "completion": ours("", **_COMPLETE),
        "compare, the whole zoo": ours(f"compare {zoo}", **empty),
        "params, another batch, traced": ours(f"{PARAMS} --batch 2", ARCHSCOPE_STORE="off"),
        "params, another batch, seen before": ours(f"{PARAMS} --batch 2", ARCHSCOPE_STORE=f"{cache}/store"),
        "params, a file of one's own, traced": ours(own, ARCHSCOPE_STORE="off"),
        "params, that file, seen before": ours(own, ARCHSCOPE_STORE=f"{cache}/store"),
        INFO: python(f"{_BUILD}\nfrom torchinfo import summary; summary(m, input_data=x, verbose=0)"),
        FVCORE: python(
            f"{_BUILD}\nfrom fvcore.nn import FlopCountAnalysis, flop_count_table\nstr(flop_count_table(FlopCountAnalysis(m, x)))"
        ),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        size = installed(Path(folder))
        os.environ["PYTHONPATH"] = f"{folder}/installed"
        commands()
        os.environ.pop("PYTHONPATH")
        graphs = sum(file.stat().st_size for file in Path(folder).rglob("installed/archscope/zoo/graphs/*"))
    print(
        f"\nthe wheel: {size / 1e6:.2f} MB, of which the Graphs of {len(catalog.entries())} networks {graphs / 1e6:.2f} MB (goal: {WHEEL_MB} MB)"
    )


def installed(folder: Path) -> int:
    """Installs this archscope into `folder/installed`, as a user has it: a checkout looks first whether its source is newer than the
    Graphs in it. Bytes of the wheel.
    """
    root = Path(__file__).parent.parent
    pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(folder / "wheel"), str(root)], check=True)
    (file,) = (folder / "wheel").iterdir()
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "installed"), str(file)], check=True)
    return file.stat().st_size


def commands() -> None:
    with tempfile.TemporaryDirectory() as cache:
        taken = in_turn(jobs(cache), ROUNDS)
    typer, torch = taken[TYPER], taken[TORCH]
    print(f"{'':36s}{'CPU s':>8s}{'x typer':>9s}{'x torch':>9s}{'wall s':>8s}{'peak MiB':>10s}{'goal s':>8s}")
    for name, middle in taken.items():
        ratios = f"{middle.cpu / typer.cpu:9.2f}{middle.cpu / torch.cpu:9.2f}"
        goal = f"{GOALS[name]:8.2f}{'' if middle.cpu <= GOALS[name] else '  missed'}" if name in GOALS else ""
        print(f"{name:36s}{middle.cpu:8.3f}{ratios}{middle.wall:8.3f}{middle.peak_bytes / 2**20:10.0f}{goal}")
    for peer in (INFO, FVCORE):
        times = taken[peer].cpu / taken[PARAMS].cpu
        print(f"{peer} takes {times:.1f} times the CPU of `archscope {PARAMS}` (goal: {PEERS_TIMES})")
    every_network()


def every_network() -> None:
    """The first look at each built-in network: nothing was ever traced on this machine."""
    print("\nfirst looks at every built-in network, an empty cache; beside `import typer, rich` in the same minute")
    for command in ("params", "flops", "shapes"):
        seen: list[tuple[Usage, str]] = []
        with tempfile.TemporaryDirectory() as cache:
            reference = statistics.median(run(*python(TYPER)[0]).cpu for _ in range(ROUNDS))
            for entry in catalog.entries():
                words, environment = ours(f"{command} {entry.name}", ARCHSCOPE_STORE=cache)
                usage = run(*words, **environment)
                if usage.cpu > NEAR * LOOK:  # the worst of fifty single runs is the noise: as often as everything above
                    again = [usage, *(run(*words, **environment) for _ in range(ROUNDS - 1))]
                    usage = sorted(again, key=lambda one: one.cpu)[ROUNDS // 2]
                seen.append((usage, entry.name))
        cpu = statistics.median(usage.cpu for usage, _ in seen)
        worst, name = max(seen, key=lambda pair: pair[0].cpu)
        peak = max(usage.peak_bytes for usage, _ in seen) / 2**20
        print(
            f"{command:8s} median {cpu:.3f} s CPU ({cpu / reference:.2f} x), worst {worst.cpu:.3f} s ({name}), at most {peak:.0f} MiB (goal: at most {LOOK} s and {LOOK_MIB} MiB)"
        )
