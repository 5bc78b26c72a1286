"""`archscope signal`."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli import options
from archscope.cli.output import deliver, destination, write
from archscope.errors import UsageError
from archscope.units import literal, parse_count

if TYPE_CHECKING:
    from archscope.signal.propagation import Progress
    from archscope.signal.records import Signal

Models = Annotated[list[str] | None, options.models_argument("the networks of the Inception-v4 paper", options.RUN_HELP)]
FOUR = ("inception_v3", "inception_v4", "inception_resnet_v1", "inception_resnet_v2")


def signal(
    models: Models = None,
    by: Annotated[str, typer.Option("--by", help="layer, block or stage.")] = "block",
    depth: Annotated[
        int | None, typer.Option("--depth", "-d", min=1, help="Modules at this level instead of --by.", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the first sample.")] = 0,
    samples: Annotated[int, typer.Option("--samples", min=1, help="Runs, each with other weights, inputs and labels.")] = 4,
    init: Annotated[
        str,
        typer.Option(
            "--init",
            help="default or paper (as the network's code draws them), torch (every layer's own), he, xavier or orthogonal.",
        ),
    ] = "default",
    mode: Annotated[str, typer.Option("--mode", help="train: statistics of the batch; eval: running statistics.")] = "train",
    batch: Annotated[int, typer.Option("--batch", "-b", min=1, help="Examples per run.")] = 8,
    input: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            metavar="[NAME:][DTYPE:]SHAPE",
            help="Input shape without the batch: 3x149x149, ids:int64:128. Repeat it for several inputs.",
            show_default="half the model's own, if that is large",
        ),
    ] = None,
    dtype: options.Dtype = "float32",
    images: Annotated[
        str | None, typer.Option("--images", metavar="FOLDER", help="Images instead of random inputs.", show_default=False)
    ] = None,
    set_: options.Settings = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(
            "--vary",
            metavar="NAME=V,V",
            help="Constructor argument with several values, each looked at. Repeatable.",
            show_default=False,
        ),
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=0, help="Also look after so many steps of training.")] = 0,
    optimizer: Annotated[str, typer.Option("--optimizer", help="Of --steps: sgd or rmsprop.")] = "sgd",
    lr: Annotated[
        float | None, typer.Option("--lr", help="Learning rate of --steps.", show_default="0.1 for sgd, 0.045 for rmsprop")
    ] = None,
    data: Annotated[str, typer.Option("--data", help="Of --steps: random, one batch by heart; or digits.")] = "random",
    weights: Annotated[
        bool, typer.Option("--weights", help="Also every weight, in files too: its norm, its gradient's.")
    ] = False,
    max_memory: Annotated[str, typer.Option("--max-memory", metavar="BYTES", help="Refuse what needs more.")] = "4GiB",
    max_time: Annotated[
        float, typer.Option("--max-time", metavar="SECONDS", min=0, help="For each network: stop where it takes longer.")
    ] = 600.0,
    load: Annotated[
        list[str] | None,
        typer.Option(
            "--load", metavar="FILE", help="Show a saved signal instead; repeat it to join several.", show_default=False
        ),
    ] = None,
    *,
    output: options.Output,
) -> None:
    """What a signal does on its way through a network at initialisation: means, variances, gradients, dead units.

    archscope signal inception_resnet_v2 --vary residual_scale=1.0,0.1 --samples 2 --out scales.json
    """  # fmt: skip
    from msgspec.structs import replace

    from archscope.render import FORMATS, by_suffix
    from archscope.signal import files

    form = output.format or None
    if form is not None:
        FORMATS.find(form)
    path = destination(output.out, "signal", {name: known.suffix for name, known in FORMATS.items()})
    if load:
        found = files.load([*load, *(models or ())])
    else:
        from archscope.signal.propagation import Request
        from archscope.signal.training import Plan

        request = Request(
            by=by, depth=depth, batch=batch, seed=seed, samples=samples, init=init, mode=_mode(mode), images=images or "",
            plan=Plan(steps, optimizer, lr, data), max_memory=parse_count(max_memory), max_time=max_time,
        )  # fmt: skip
        found = measured(models or FOUR, request, input, dtype, options.settings(set_), varied(vary))
        found = found if weights else [replace(one, weights=[]) for one in found]
    chosen = form or (by_suffix(str(path)) if path is not None else "table")
    if chosen == "json":
        text = files.to_json(found)
        if path is not None:
            write(path, text)
        else:
            sys.stdout.write(text)
        return
    from archscope.signal.signal_table import signal_table, weights_table

    tables = []
    for one in found:
        tables += [signal_table(one, explained=one is found[-1]), *([weights_table(one)] if weights else [])]
    deliver(tables, output.format, output.out, "signal", output.exact)


def measured(
    names: Sequence[str],
    request: Any,
    input: list[str] | None = None,
    dtype: str = "float32",
    given: dict[str, Any] | None = None,
    vary: dict[str, list[Any]] | None = None,
) -> "list[Signal]":
    """Looks at every network and setting, with a bar on stderr."""
    from archscope.signal.named import measured as run
    from archscope.signal.named import settings

    cases = list(settings(names, given or {}, vary or {}))
    with _progress() as told:
        return list(run(cases, request, told, input=options.shapes(input), dtype=dtype))


def varied(words: list[str] | None) -> dict[str, list[Any]]:
    """`["residual_scale=1.0,0.1"]` -> `{"residual_scale": [1.0, 0.1]}`; raises `UsageError` as `settings` does."""
    found: dict[str, list[Any]] = {}
    for word in words or ():
        name, equals, values = word.partition("=")
        if not equals or not name.strip().isidentifier() or not values:
            raise UsageError(f"'{word}' is not NAME=VALUE,VALUE", "write --vary residual_scale=1.0,0.1")
        found[name.strip()] = [literal(value.strip()) for value in values.split(",")]
    return found


def _mode(word: str) -> str:
    if word not in ("train", "eval"):
        raise UsageError(f"unknown mode '{word}'", "choose from train, eval")
    return word


@contextmanager
def _progress() -> "Iterator[Progress]":
    """A bar on stderr with what is being done; nothing where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, quiet=not sys.stderr.isatty()), transient=True) as bar:
        task = bar.add_task("start", total=1.0)
        yield lambda what, done: bar.update(task, description=what, completed=done)
