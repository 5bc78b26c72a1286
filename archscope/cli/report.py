"""`archscope report`."""

import shlex
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli import options
from archscope.cli.output import FOLDER, write
from archscope.errors import UsageError

if TYPE_CHECKING:
    from archscope.comparison.side_by_side import Subject
    from archscope.errors import ArchscopeError
    from archscope.report.page_data import Request

Baseline = Annotated[
    str | None, typer.Option("--baseline", metavar="MODEL", help="What ratios refer to at first.", show_default="the first")
]
Bench = Annotated[
    list[str] | None,
    typer.Option(
        "--bench", metavar="FILE", help="A saved benchmark: adds times, of layers too if it has them. Repeatable.",
        show_default=False,
    ),
]  # fmt: skip


def report(
    models: Annotated[list[str] | None, options.models_argument("the four networks of the Inception-v4 paper")] = None,
    baseline: Baseline = None,
    bench: Bench = None,
    *,
    forward: options.Forward,
    out: Annotated[
        str,
        typer.Option(
            "--out", "-o", metavar="DIR", help="A folder for the page, its table, pictures and charts; FILE.html: the page alone."
        ),
    ] = str(FOLDER / "report"),
) -> None:
    """One page that shows everything: what networks cost, how they are built, where they differ. It needs no server.

    archscope report inception_v4 timm:convnext_tiny --out convnext
    """  # fmt: skip
    from archscope.report.files import folder
    from archscope.report.page import page
    from archscope.report.page_data import page_data

    where = Path(out)
    if where.suffix.lower() not in (".html", ".htm") and where.is_file():
        raise UsageError(f"--out {out} is a file", "name a folder, or a file ending in .html")
    words = command(models, baseline, bench, forward, out)
    subjects, request, error = asked(models, baseline, bench, forward, words)
    if where.suffix.lower() in (".html", ".htm"):
        write(where, page(page_data(subjects, request)))
    else:
        for name, content in folder(subjects, request):
            write(where / name, content)
    if error is not None:
        raise error


def asked(
    models: Sequence[str] | None, baseline: str | None, bench: Sequence[str] | None, forward: options.Forward, words: str
) -> "tuple[list[Subject], Request, ArchscopeError | None]":
    """The networks and what is to be shown of them, and the first error; raises it where there is nothing to show."""
    from archscope.bench.results import files
    from archscope.comparison.side_by_side import DEFAULT, gather
    from archscope.metrics.weights_only import needs_forward
    from archscope.report.page_data import Request

    look = forward.request()
    timings = files.load(bench) if bench else None
    subjects = list(gather(models or DEFAULT[:4], look))
    error = next((subject.error for subject in subjects if subject.error is not None), None)
    if error is not None and not any(subject.graph is not None and subject.graph.nodes for subject in subjects):
        raise error
    for subject in subjects:
        if subject.graph is not None:
            needs_forward(subject.graph, "there is nothing to draw")
    return subjects, Request(look, baseline, timings, words), error


def command(
    models: Sequence[str] | None, baseline: str | None, bench: Sequence[str] | None, forward: options.Forward, out: str
) -> str:
    """The words that make this page again."""
    words = ["archscope", "report", *(models or ())]
    words += [] if baseline is None else ["--baseline", baseline]
    words += [word for file in bench or () for word in ("--bench", file)]
    for field in fields(forward):
        value: Any = getattr(forward, field.name)
        if value != field.default:
            words += [
                word
                for one in (value if isinstance(value, list) else [value])
                for word in (f"--{field.name.strip('_')}", str(one))
            ]
    return shlex.join([*words, "--out", out])
