"""`archscope diff`."""

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated

import typer

from archscope.cli import options
from archscope.cli.output import deliver, destination, write

if TYPE_CHECKING:
    from archscope.comparison.structural_diff import Difference

_PICTURES = {"svg": ".svg", "png": ".png", "pdf": ".pdf"}


def diff(
    first: options.Model,
    second: options.Model,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 1 where there is a structural difference, for CI.")
    ] = False,
    *,
    forward: options.Forward,
    theme: Annotated[str, typer.Option("--theme", help="Of a picture: light, dark or paper.")] = "light",
    format: options.Format = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="A file: .svg, .png and .pdf draw both networks with the differences marked, others hold the table. A bare "
            "format names it after the models, in reports/. - is stdout.",
            show_default=False,
        ),
    ] = None,
    exact: options.Exact = False,
) -> None:
    """What differs between two networks: blocks added, removed or repeated more often, layers with another kernel, stride,
    width or norm.

    archscope diff inception_resnet_v2_paper inception_resnet_v2
    """
    from archscope.comparison.diff_table import diff_table
    from archscope.comparison.structural_diff import diff as compare
    from archscope.models.look_up import look

    request = forward.request()
    difference = compare(look(first, **request), look(second, **request))
    stem = f"{difference.first.name}-{difference.second.name}-diff"
    form = next((name for name, suffix in _PICTURES.items() if out == name or PurePath(out or "").suffix.lower() == suffix), None)
    if form is not None:
        _draw(difference, form, destination(out, stem, _PICTURES), theme)
    else:
        deliver([diff_table(difference, (first, second))], format, out, stem, exact)
    if exit_code and not difference.equal:
        raise typer.Exit(1)


def _draw(difference: "Difference", form: str, path: Path | None, theme: str) -> None:
    """Writes the picture of both networks."""
    from archscope.comparison.diff_picture import marked
    from archscope.diagrams import pdf, svg
    from archscope.diagrams import png as xdot

    scene = marked(difference, theme)
    makers: dict[str, Callable[[], str | bytes]] = {
        "svg": lambda: svg.svg(scene), "png": lambda: xdot.png(scene), "pdf": lambda: pdf.pdf(scene),
    }  # fmt: skip
    if path is not None:
        write(path, makers[form]())
