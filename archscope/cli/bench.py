"""`archscope bench`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli import options
from archscope.cli.output import deliver, destination, write
from archscope.errors import ArchscopeError, UsageError
from archscope.printable import printable

if TYPE_CHECKING:
    from archscope.bench.measure import Progress
    from archscope.bench.results import records

FOUR = ("inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2")

Models = Annotated[
    list[str] | None,
    options.models_argument(
        "the networks of the Inception-v4 paper",
        "A built-in network (see: archscope list), torchvision:NAME, timm:NAME, FILE.py:CLASS or package.module:CLASS.",
    ),
]
Numbers = Annotated[str, typer.Option("--batch", "-b", metavar="N,N", help="Examples per forward pass; a list makes a grid.")]
Dtypes = Annotated[
    str,
    typer.Option("--dtype", metavar="DTYPE,DTYPE", help="float32, float16, bfloat16, float64, autocast; a list makes a grid."),
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="SHAPE,SHAPE",
        help="Input shape without the batch: 3x299x299; a list makes a grid. Repeat it for several inputs.",
        show_default="the model's own",
    ),
]


def bench(
    models: Models = None,
    device: Annotated[
        str | None, typer.Option("--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps.", show_default="the best there is")
    ] = None,
    batch: Numbers = "1",
    dtype: Dtypes = "float32",
    threads: Annotated[
        str | None,
        typer.Option("--threads", metavar="N,N", help="CPU threads; a list makes a grid.", show_default="torch's choice"),
    ] = None,
    input: Input = None,
    set_: options.Settings = None,
    channels_last: Annotated[bool, typer.Option("--channels-last", help="Channels-last memory layout.")] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Through torch.compile.")] = False,
    train: Annotated[bool, typer.Option("--train", help="Forward, backward and a step of SGD instead of a forward.")] = False,
    vary: Annotated[
        str | None,
        typer.Option(
            "--vary",
            metavar="SWITCH,SWITCH",
            help="Run both without and with: channels-last, compile, train.",
            show_default=False,
        ),
    ] = None,
    layers: Annotated[bool, typer.Option("--layers", help="Also time every layer and stage.")] = False,
    baseline: Annotated[
        str | None, typer.Option("--baseline", metavar="MODEL", help="What ratios refer to.", show_default="the first")
    ] = None,
    min_time: Annotated[
        float, typer.Option("--min-time", metavar="SECONDS", min=0, help="Of timed runs per row; at most 5 times as long.")
    ] = 2.0,
    precision: Annotated[
        float, typer.Option("--precision", metavar="SHARE", min=0, help="Wanted half-width of the median's 95% interval.")
    ] = 0.01,
    runs: Annotated[
        int | None,
        typer.Option(
            "--runs", metavar="N", min=1, help="Exactly so many timed runs per row.", show_default="by time and precision"
        ),
    ] = None,
    warmup: Annotated[
        float, typer.Option("--warmup", metavar="SECONDS", min=0, help="Warm-up per row, at most; it ends when runs agree.")
    ] = 3.0,
    load: Annotated[
        list[str] | None,
        typer.Option(
            "--load", metavar="FILE", help="Show a saved benchmark instead; repeat it to join several.", show_default=False
        ),
    ] = None,
    format: options.Format = None,
    out: options.Out = None,
) -> None:
    """Latency, throughput and memory on a device, with spread, ceilings and environment.

    archscope bench inception_v4 inception_resnet_v2 --batch 1,8 --out bench.json
    """
    from archscope.bench import settings_grid as grid
    from archscope.bench.results import files
    from archscope.bench.results.records import Bench, Plan

    if load:
        _deliver(files.load([*load, *(models or ())]), format, out, "bench")
        return
    settings = grid.grid(
        batch=grid.numbers("--batch", batch),
        dtype=grid.dtypes(dtype),
        threads=grid.threads(threads) if threads else (0,),
        inputs=grid.inputs(input or ()),
        on=[name for name, on in (("channels_last", channels_last), ("compiled", compile), ("train", train)) if on],
        vary=sorted(grid.switches(vary)),
    )
    plan = Plan(min_time=min_time, max_time=5 * min_time, precision=precision, runs=runs, warmup_time=warmup)
    _checked(format, out)
    session = _measured(models or list(FOUR), options.settings(set_), settings, device, plan, baseline, layers)
    if not session.timings:
        raise KeyboardInterrupt
    _deliver(Bench((session,)), format, out, f"bench-{session.environment.device.replace(':', '')}")
    if session.interrupted:
        raise KeyboardInterrupt
    failures = [timing for timing in session.timings if not timing.rounds]
    if len(failures) == len(session.timings):
        first = failures[0]
        raise ArchscopeError(
            f"{first.model}, {first.settings.words()}: {first.failure}", "try another --batch, --dtype or --device"
        )


def _measured(
    names: list[str],
    arguments: dict[str, Any],
    settings: "list[records.Settings]",
    device: str | None,
    plan: "records.Plan",
    baseline: str | None,
    layers: bool,
) -> "records.Session":
    from archscope.bench import devices, measure
    from archscope.models.loading import load_with
    from archscope.models.words import is_file

    saved = next((name for name in names if is_file(name)), None)
    if saved:
        raise UsageError(f"{saved} has no weights to run with", f"to show a saved benchmark: --load {saved}")
    where = devices.find(device)
    shapes = next((s.inputs for s in settings if s.inputs), None)
    models = [load_with(name, arguments, shapes, "cpu") for name in names]
    if baseline:
        baseline = next((m.name for name, m in zip(names, models, strict=True) if baseline in (name, m.name)), baseline)
    with _progress() as told:
        return measure.bench(models, settings, where, plan, baseline=baseline or "", layers=layers, progress=told)


@contextmanager
def _progress() -> Iterator["Progress"]:
    """A bar on stderr with what is being done and an estimate of what is left; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True, quiet=not sys.stderr.isatty()), transient=True) as bar:
        task = bar.add_task("start", total=1.0)
        yield lambda step: bar.update(task, description=printable(step.what), completed=step.done)


def _checked(form: str | None, out: str | None) -> None:
    """Refuses a format or file that cannot be, before anything is measured."""
    from archscope.render import FORMATS

    if form is not None:
        FORMATS.find(form)
    destination(out, "bench", {name: known.suffix for name, known in FORMATS.items()})


def _deliver(bench: "records.Bench", form: str | None, out: str | None, stem: str) -> None:
    """As `deliver`; JSON is the benchmark itself, with every raw time, which `--load` reads."""
    from archscope.bench.results import files
    from archscope.bench.results.layer_table import layer_tables
    from archscope.bench.results.timings_table import timings_table
    from archscope.render import FORMATS, by_suffix

    path = destination(out, stem, {name: known.suffix for name, known in FORMATS.items()})
    chosen = form or (by_suffix(str(path)) if path is not None else None)
    if chosen == "json":
        text = files.to_json(bench)
        if path is not None:
            write(path, text)
        else:
            sys.stdout.write(text)
        return
    tables = [timings_table(bench)]
    for session, timing in bench.timings:
        tables += layer_tables(session, timing)
    if chosen == "csv":
        tables = tables[:1]
    deliver(tables, form, out, stem)
