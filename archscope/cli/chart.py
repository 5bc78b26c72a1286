"""`archscope chart`."""

import sys
from typing import Annotated

import typer

from archscope.cli import options
from archscope.cli.compare import Models
from archscope.cli.output import destination, write
from archscope.errors import UsageError
from archscope.registry import unknown


def chart(
    models: Models = None,
    kind: Annotated[
        str,
        typer.Option(
            "--kind", "-k", help="balls (error against MACs), stages, depth, field (receptive field) or memory (over time)."
        ),
    ] = "balls",
    theme: Annotated[str, typer.Option("--theme", help="light or dark; an html page has both.")] = "light",
    protocol: options.Protocol = None,
    *,
    forward: options.Forward,
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
    """Draw networks: the ball chart of the field, cost by stage, cost along the depth, receptive field, activation memory.

    archscope chart --kind stages inception_v3 inception_v4 --out stages.svg
    """
    from archscope import charts
    from archscope.charts.style import theme as find_theme
    from archscope.comparison.side_by_side import DEFAULT, FIELD, gather, lines

    if kind not in charts.KINDS:
        raise unknown("kind of chart", kind, charts.KINDS, list_all=True)
    chosen = charts.KINDS[kind]
    find_theme(theme)
    path = destination(out, f"chart-{kind}", charts.SUFFIXES)
    request = forward.request()
    subjects = list(gather(models or (FIELD if chosen.from_rows else DEFAULT), request))
    error = next((subject.error for subject in subjects if subject.error is not None), None)
    if error is not None:
        raise error
    if chosen.from_rows:
        rows = lines(subjects, "model", request, protocol=protocol)
        silent = [str(row["model"]) for row in rows if row.get("top1_error") is None]
        if silent:
            raise UsageError(
                f"no top-1 error of {', '.join(silent)} has been published that is known here",
                "leave it out, or choose another --protocol or --kind",
            )
        drawing = chosen.of(rows)
    else:
        drawing = chosen.of([subject.graph for subject in subjects if subject.graph is not None])
    form = next(name for name, suffix in charts.SUFFIXES.items() if suffix == (path.suffix.lower() if path else ".svg"))
    content = charts.render(drawing, form, theme)
    if path is None:
        sys.stdout.write(content.decode())
    else:
        write(path, content)
