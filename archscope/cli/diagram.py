"""`archscope diagram`."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.cli import options
from archscope.cli.output import destination, write
from archscope.errors import ArchscopeError, UsageError
from archscope.registry import unknown

if TYPE_CHECKING:
    from archscope.graph import Graph

Level = Annotated[
    str, typer.Option("--level", "-l", help="stage: one page; block: also every distinct block, opened; op: every operator.")
]
Block = Annotated[
    str | None,
    typer.Option(
        "--block", metavar="NAME", help="One block alone: a module's path, or its name in the overview.", show_default=False
    ),
]
ColorBy = Annotated[
    str,
    typer.Option(
        "--color-by",
        help="kind, params, macs, activations, latency or signal (also signal:FIGURE, such as signal:gradient_norm); or a .json "
        "file with a number for each module.",
    ),
]
Bench = Annotated[
    str | None,
    typer.Option(
        "--bench", metavar="FILE", help="Times for --color-by latency: saved by archscope bench --layers.", show_default=False
    ),
]
Signal = Annotated[
    str | None,
    typer.Option(
        "--signal",
        metavar="FILE",
        help="Figures for --color-by signal: saved by archscope signal; --by layer colours opened blocks. Measured if not given.",
        show_default=False,
    ),
]
Theme = Annotated[str, typer.Option("--theme", help="light, dark or paper.")]
Direction = Annotated[str, typer.Option("--direction", help="TB, from top to bottom, or LR, from left to right.")]
Picture = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="A file .svg, .png, .pdf, .dot or .json; a bare format names the file after the model. - is stdout, as svg.",
    ),
]


def diagram(
    models: options.Models,
    level: Level = "stage",
    block: Block = None,
    color_by: ColorBy = "kind",
    bench: Bench = None,
    signal: Signal = None,
    theme: Theme = "light",
    direction: Direction = "TB",
    *,
    forward: options.Forward,
    out: Picture = "svg",
) -> None:
    """A picture of a network on one page; of several, side by side by resolution.

    archscope diagram inception_resnet_v2 --level block --out png
    """
    from archscope.diagrams.colouring import paint
    from archscope.diagrams.diagram import DIRECTIONS, FORMS, LEVELS
    from archscope.models.look_up import look
    from archscope.models.picture_of import diagram as draw

    for word, known, what in ((level, LEVELS, "level"), (direction, DIRECTIONS, "direction")):
        if word not in known:
            raise UsageError(f"unknown {what} '{word}'", f"choose from {', '.join(known)}")
    path = destination(out, _stem(models, level, block), FORMS)
    if signal is not None and color_by.partition(":")[0] != "signal":
        raise UsageError("--signal goes with --color-by signal", "add --color-by signal, or leave it out")
    values: Mapping[str, float] | None = None
    if color_by == "latency":
        values = _latencies(models, bench)
    elif color_by.endswith(".json"):
        values = _values(color_by)
    elif color_by.partition(":")[0] == "signal":
        values = _figures(models, color_by.partition(":")[2] or "variance", signal, forward)
    paint([], color_by, theme, values)
    request = forward.request()
    graphs: list[Graph] = []
    first: ArchscopeError | None = None
    for model in models:
        try:
            graphs.append(look(model, **request))
        except ArchscopeError as error:
            graphs.append(traced_part(error))
            first = first or error
    name = "latency, s" if color_by == "latency" else Path(color_by).stem.removeprefix("signal:")
    name = "variance" if name == "signal" else name
    shown = draw(graphs, level=level, block=block, color_by=name, theme=theme, direction=direction, values=values)
    form = "svg" if path is None else next(name for name, suffix in FORMS.items() if suffix == path.suffix.lower())
    data = shown.render(form)
    if path is None:
        sys.stdout.buffer.write(data)
    else:
        write(path, data)
    if first is not None:
        raise first


def traced_part(error: ArchscopeError) -> "Graph":
    """What a failing forward did before it failed; raises the error again where it did nothing."""
    part: Graph | None = getattr(error, "graph", None)
    if part is None or not part.nodes:
        raise error
    return part


def _stem(models: list[str], level: str, block: str | None) -> str:
    from archscope.models.look_up import stem

    name = "-".join(stem(model) for model in models)
    if block is not None:
        return f"{name}-{block}"
    return name if level == "stage" else f"{name}-{level}"


def _latencies(models: list[str], bench: str | None) -> dict[str, float]:
    """Seconds by module path, of one model, from a saved benchmark."""
    from archscope.bench.results.files import latencies, load
    from archscope.models.look_up import canonical

    if bench is None:
        raise UsageError("--color-by latency needs measured times", "name a saved benchmark: --bench FILE.json")
    if len(models) > 1:
        raise UsageError("--color-by latency colours one model", f"draw {models[0]} alone")
    return latencies(load([bench]), canonical(models[0]))


def _figures(models: list[str], figure: str, file: str | None, forward: options.Forward) -> dict[str, float]:
    """What each module of one model hands on, from a saved signal, or measured now."""
    from archscope.diagrams.colouring import HandedOn
    from archscope.models.look_up import canonical
    from archscope.signal.files import load, one_of
    from archscope.signal.records import BY_KEY
    from archscope.signal.track import by_module

    if figure not in BY_KEY:
        raise unknown("figure", figure, BY_KEY, list_all=True)
    if len(models) > 1:
        raise UsageError("--color-by signal colours one model", f"draw {models[0]} alone")
    if file is not None:
        return HandedOn(by_module(one_of(load([file]), canonical(models[0])), figure))
    from archscope.cli.signal import measured
    from archscope.signal.propagation import Request

    request = Request(by="layer", samples=1, batch=forward.batch if forward.batch > 1 else 8)
    [found] = measured(models, request, forward.input, forward.dtype, options.settings(forward.set_))
    return HandedOn(by_module(found, figure))


def _values(file: str) -> dict[str, float]:
    """Numbers by module path."""
    try:
        read = json.loads(Path(file).read_text())
    except (OSError, ValueError) as error:
        raise ArchscopeError(
            f"{file} cannot be read: {error}", 'write an object with a number for each module path: {"stem": 0.8}'
        ) from None
    if not isinstance(read, dict) or not all(isinstance(value, (int, float)) for value in read.values()):
        raise ArchscopeError(f"{file} is not an object of numbers", 'write a number for each module path: {"stem": 0.8}')
    return {str(path): float(value) for path, value in read.items()}
