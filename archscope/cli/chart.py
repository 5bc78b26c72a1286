"""`archscope chart`."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli import options
from archscope.cli.compare import Models
from archscope.cli.doublings import doublings
from archscope.cli.output import destination, write
from archscope.errors import UsageError
from archscope.registry import unknown

if TYPE_CHECKING:
    from archscope.charts.chart import Chart, ChartKind
    from archscope.comparison.comparison_table import Line
    from archscope.comparison.side_by_side import Subject
    from archscope.graph import Graph

_NOTES = 20  # that are written out
_FEW = 60  # curves or bars that can still be told apart


def _axis(flag: str, what: str, default: str) -> Any:
    says = f"For --kind balls: {what}; a metric (archscope metrics), top1_error or top5_error."
    return typer.Option(flag, metavar="METRIC", help=says, show_default=default)


@dataclass(frozen=True)
class Circumstances:
    """As `options.Forward`, with several sizes of the batch where the chart goes through them."""

    input: options.Input = None
    batch: Annotated[
        str,
        typer.Option(
            "--batch",
            "-b",
            metavar="N",
            help="Examples per forward pass. With --kind batch: sizes, doubled from first to last, 1..256; or a list, 1,8,32.",
            show_default="1, or 1..64",
        ),
    ] = ""
    dtype: options.Dtype = "float32"
    mode: options.Mode = "eval"
    set_: options.Settings = None
    keep: options.Keep = None
    autocast: options.Autocast = ""

    def at(self, size: int) -> options.Forward:
        """The circumstances at one size of the batch."""
        return options.Forward(self.input, size, self.dtype, self.mode, self.set_, self.keep, self.autocast)

    def one(self) -> options.Forward:
        """The circumstances of a chart that looks at one size. Raises `UsageError` for several."""
        sizes = doublings("--batch", self.batch or "1")
        if len(sizes) > 1:
            raise UsageError(f"--batch {self.batch} is several sizes", "choose one, or --kind batch")
        return self.at(sizes[0])


def chart(
    models: Models = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            "-k",
            help="balls, front (both error against MACs), stages, depth, field (receptive field), memory (over time), signal, "
            "tokens (language models by the length of the text), batch (by the size of the batch).",
        ),
    ] = "balls",
    theme: Annotated[str, typer.Option("--theme", help="light or dark; an html page has both.")] = "light",
    protocol: options.Protocol = None,
    signal: Annotated[
        list[str] | None,
        typer.Option(
            "--signal",
            metavar="FILE",
            help="For --kind signal: saved by archscope signal. Repeatable. Without it the networks are looked at as archscope "
            "signal does: in train mode, at batch 8.",
            show_default=False,
        ),
    ] = None,
    tokens: Annotated[
        str | None,
        typer.Option(
            "--tokens",
            metavar="N..N",
            help="With --kind tokens: lengths, doubled from first to last; or a list, 100,1000.",
            show_default="128..4096, or to the places that there are",
        ),
    ] = None,
    x: Annotated[str | None, _axis("--x", "along x", "macs")] = None,
    y: Annotated[str | None, _axis("--y", "along y", "top1_error")] = None,
    size: Annotated[str | None, _axis("--size", "the area of a ball", "params")] = None,
    training: Annotated[
        bool, typer.Option("--training", help="With --kind memory: over a training step, forward and backward.")
    ] = False,
    *,
    circumstances: Circumstances,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="A file ending in svg, png, pdf or html; a bare format names it after the chart, in reports/. - is stdout.",
        ),
    ] = "svg",
) -> None:
    """Draw networks: the ball chart of the field, cost by stage, cost along the depth, receptive field, activation memory, signal
    propagation, language models by the length of the text, any by the size of the batch.

    archscope chart --kind stages inception_v3 inception_v4 --out stages.svg
    """
    from archscope import charts
    from archscope.charts.style import theme as find_theme

    if kind not in charts.KINDS:
        raise unknown("kind of chart", kind, charts.KINDS, list_all=True)
    chosen = charts.KINDS[kind]
    find_theme(theme)
    path = destination(out, f"chart-{kind}", charts.SUFFIXES)
    if training:
        from archscope.charts.kinds.memory import training_step

        if kind != "memory":
            raise UsageError(f"--training does not change --kind {kind}", "add --kind memory")
        chosen, circumstances = chosen._replace(of=training_step), replace(circumstances, mode="train")
    axes = {name: word for name, word in (("x", x), ("y", y), ("size", size)) if word is not None}
    if axes and kind != "balls":
        raise UsageError(f"--{next(iter(axes))} does not go with --kind {kind}", "choose --kind balls")
    if signal and chosen.takes != "signals":
        raise UsageError(f"--signal does not go with --kind {kind}", "choose --kind signal")
    if tokens is not None and chosen.takes != "lengths":
        raise UsageError(f"--tokens does not go with --kind {kind}", "choose --kind tokens")
    if chosen.takes == "batches":
        drawing = chosen.of(_batches(models, circumstances))
        sys.stderr.writelines(f"{note}\n" for note in drawing.notes)
        _write(drawing, path, theme)
        return
    forward = circumstances.one()
    if chosen.takes == "lengths":
        drawing = chosen.of(_lengths(models, tokens, forward))
    elif chosen.takes == "signals":
        drawing = chosen.of(_signals(models, signal, forward))
    else:
        drawing = _of_graphs(chosen, models, forward, protocol, axes)
    _write(drawing, path, theme)


def _write(drawing: "Chart", path: Path | None, theme: str) -> None:
    from archscope import charts

    form = next(name for name, suffix in charts.SUFFIXES.items() if suffix == (path.suffix.lower() if path else ".svg"))
    content = charts.render(drawing, form, theme)
    if path is None:
        sys.stdout.write(content.decode())
    else:
        write(path, content)


def _batches(models: list[str] | None, circumstances: Circumstances) -> list[list[tuple[int, "Graph"]]]:
    """Each network at each size of the batch."""
    from archscope.comparison.side_by_side import DEFAULT, gather
    from archscope.metrics.weights_only import needs_forward

    found = []
    for model in models or DEFAULT:
        graphs = []
        for size in doublings("--batch", circumstances.batch or "1..64"):
            (subject,) = gather([model], circumstances.at(size).request())
            if subject.error is not None:
                raise subject.error
            if subject.graph is not None:
                needs_forward(subject.graph, "there is nothing to draw")
                graphs.append((size, subject.graph))
        found.append(graphs)
    return found


def _of_graphs(
    chosen: "ChartKind", models: list[str] | None, forward: options.Forward, protocol: str | None, words: dict[str, str]
) -> "Chart":
    """The chart of a kind that needs traces, or what is known of the networks."""
    from archscope.charts.columns import PUBLISHED
    from archscope.charts.kinds.balls import Axes, field
    from archscope.comparison.comparison_table import asked_metrics
    from archscope.comparison.side_by_side import DEFAULT, FIELD, gather, lines
    from archscope.sweep.results import is_results

    request, from_rows = forward.request(), chosen.takes == "rows"
    axes = Axes(**words)
    axes.check()
    named: list[Any] = list(models or (FIELD if from_rows else DEFAULT))
    files = [model for model in named if is_results(model)]
    kept = {file: _kept(file, from_rows) for file in files}
    subjects = [subject for model in named for subject in (kept[model] if model in kept else gather([model], request))]
    error = next((subject.error for subject in subjects if subject.error is not None), None)
    if error is not None:
        raise error
    if from_rows:
        rows = lines(subjects, "model", request, protocol=protocol, more=asked_metrics("model", axes))
        for error_of in (column for column in axes if column in PUBLISHED):
            rows = _with_errors(rows, error_of, from_files=bool(files))
        drawing = field(rows, axes) if words else chosen.of(rows)
    else:
        drawing = chosen.of([subject.graph for subject in subjects if subject.graph is not None])
    notes = drawing.notes if drawing.items else ()  # of a chart with nothing in it, the error says them
    sys.stderr.writelines(f"{note}\n" for note in notes[:_NOTES])
    if len(notes) > _NOTES:
        sys.stderr.write(f"... and {len(notes) - _NOTES:,} more\n")
    return drawing


def _with_errors(rows: "list[Line]", column: str, *, from_files: bool) -> "list[Line]":
    """The rows that have a published error."""
    from archscope.charts.columns import title

    error = title(column).removesuffix(", %")
    silent = [str(row["model"]) for row in rows if row.get(column) is None]
    if silent and not from_files:
        raise UsageError(
            f"no {error} of {', '.join(silent)} has been published that is known here",
            "leave it out, or choose another --protocol, --kind or axis",
        )
    if silent:  # nobody can take them out of a file
        sys.stderr.write(f"not drawn, as no {error} of theirs is known: {len(silent):,} of {len(rows):,} networks\n")
    return [row for row in rows if row.get(column) is not None]


def _signals(models: list[str] | None, files: list[str] | None, forward: options.Forward) -> list[dict[str, Any]]:
    """Saved signals, of these models if some are named; or measured now."""
    from archscope.signal.track import as_rows

    if files:
        from archscope.models.look_up import canonical
        from archscope.signal.files import load

        wanted = [canonical(name) for name in models or ()]
        found = [one for one in load(files) if not wanted or one.name in wanted]
        missing = [name for name in wanted if all(one.name != name for one in found)]
        if missing:
            raise UsageError(f"{missing[0]} is not in {', '.join(files)}", "name a network that is, or leave the names out")
        return as_rows(found)
    from archscope.cli.signal import FOUR, measured
    from archscope.signal.propagation import Request

    request = Request(batch=forward.batch if forward.batch > 1 else 8)
    return as_rows(measured(models or FOUR, request, forward.input, forward.dtype, options.settings(forward.set_)))


def _lengths(models: list[str] | None, tokens: str | None, forward: options.Forward) -> list[Any]:
    """Each language model at several lengths of text."""
    from archscope.models.token_lengths import at_lengths

    if not models:
        raise UsageError("no language model is named", "name some, as in: archscope chart --kind tokens hf:gpt2 hf:llama")
    if forward.input:
        raise UsageError("--input is what --tokens varies", "leave one of them out")
    request, lengths = forward.request(), doublings("--tokens", tokens) if tokens else []
    found = [
        (name, at_lengths(name, lengths, batch=forward.batch, dtype=forward.dtype, options=request["options"])) for name in models
    ]
    silent = [name for name, rows in found if any(row.step is None for row in rows)]
    if silent:
        sys.stderr.write(f"only reading is drawn: what {', '.join(silent)} keeps of a text cannot be given back to it\n")
    return found


def _kept(file: str, from_rows: bool) -> "list[Subject]":
    """The networks of a file of results: their rows, or where the chart needs more than these, traced again."""
    from archscope.comparison.side_by_side import gather
    from archscope.sweep.named_rows import arguments, compared, request_of

    rows, lines, columns = compared([Path(file)])
    if from_rows:
        return list(gather(lines, {"batch": 1, "dtype": "float32"}))
    if len(rows) > _FEW:
        raise UsageError(
            f"{file} holds {len(rows):,} networks, and this chart shows {_FEW} at most", "name a few, or try another --kind"
        )
    given = arguments(list(columns))
    return [subject._replace(name=row["model"]) for row in rows for subject in gather([row["source"]], request_of(row, given))]
