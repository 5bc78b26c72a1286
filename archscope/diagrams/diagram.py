"""A Diagram shows itself in a notebook and saves itself as svg, png, pdf, dot or json."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Literal, cast

import msgspec

from archscope.diagrams import operator_level as ops
from archscope.diagrams.block_places import Direction
from archscope.diagrams.colouring import Paint, paint
from archscope.diagrams.composition import block_picture, picture
from archscope.diagrams.page import block_page, page
from archscope.diagrams.picture import Box, Panel, Picture, totals
from archscope.diagrams.scene import Scene
from archscope.diagrams.side_by_side import side_by_side
from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph, legible
from archscope.metrics.weights_only import needs_forward
from archscope.printable import printable, printable_json
from archscope.registry import unknown

Level = Literal["stage", "block", "op"]
LEVELS = ("stage", "block", "op")
DIRECTIONS = ("TB", "LR")
FORMS = {"svg": ".svg", "png": ".png", "pdf": ".pdf", "dot": ".dot", "json": ".json"}


def draw(
    graphs: Sequence[Graph],
    titles: Sequence[str],
    *,
    level: str = "stage",
    block: str | None = None,
    color_by: str = "kind",
    theme: str = "light",
    direction: str = "TB",
    values: Mapping[str, float] | None = None,
) -> "Diagram":
    """A picture of a network, or of several side by side; see `archscope.diagram` for the arguments.

    Arguments:
        titles: the name above each.

    Raises `UsageError` for a word that is not among the choices, `ArchscopeError` for weights without a network.
    """
    if level not in LEVELS:
        raise UsageError(f"unknown level '{level}'", f"choose from {', '.join(LEVELS)}")
    if direction not in DIRECTIONS:
        raise UsageError(f"unknown direction '{direction}'", f"choose from {', '.join(DIRECTIONS)}")
    for graph in graphs:
        needs_forward(graph, "there is nothing to draw")
    graphs, titles = [legible(graph) for graph in graphs], [printable(title) for title in titles]
    if not graphs:
        raise UsageError("there is no network to draw", "name one: archscope diagram inception_v4")
    if len(graphs) > 1 and (level != "stage" or block):
        raise UsageError(
            "several networks are drawn side by side at the level of stages only",
            "draw one at a time, or leave out --level and --block",
        )
    if block is not None:
        pictures = [block_picture(graphs[0], block, title=titles[0])]
        level = "block"
    else:
        pictures = [picture(graph, title=title, opened=level == "block") for graph, title in zip(graphs, titles, strict=True)]
    colors = paint(pictures if level != "op" else [_by_operator(pictures[0])], color_by, theme, values)
    return Diagram(tuple(pictures), cast(Level, level), colors, cast(Direction, direction), alone=block is not None)


def _by_operator(shown: Picture) -> Picture:
    boxes = tuple(ops.box_of(shown.graph, node) for node in shown.graph.nodes)
    return Picture(shown.graph, shown.title, Panel("", boxes, ()), (), shown.usual)


@dataclass(frozen=True)
class Diagram:
    """A picture, ready in every format.

    Attributes:
        pictures: what is shown: one network, or several side by side.
        level: "stage", "block" or "op".
        paint: its colours.
        direction: "TB" or "LR".
        alone: whether it is one opened block.
    """

    pictures: tuple[Picture, ...]
    level: Level
    paint: Paint
    direction: Direction
    alone: bool = False

    @cached_property
    def scene(self) -> Scene:
        """Shapes and texts at their places."""
        first = self.pictures[0]
        if len(self.pictures) > 1:
            return side_by_side(self.pictures, self.paint)
        if self.level == "op":
            return ops.operators(first, self.paint, self.direction)
        return block_page(first, self.paint, self.direction) if self.alone else page(first, self.paint, self.direction)

    def svg(self) -> str:
        """As SVG: text as text, tooltips on the boxes, nothing outside referred to."""
        from archscope.diagrams.svg import svg

        return svg(self.scene)

    def png(self) -> bytes:
        """As PNG. Raises `UsageError` for more operators than an image can hold."""
        from archscope.diagrams.png import png

        if self.level == "op":
            ops.check_size(self.pictures[0].graph, "png")
        return png(self.scene)

    def pdf(self) -> bytes:
        """As PDF, one page of the picture's size."""
        from archscope.diagrams.pdf import pdf

        return pdf(self.scene)

    def dot(self) -> str:
        """As a graph in Graphviz' language. Raises `UsageError` for several networks."""
        from archscope.diagrams import dot as source

        if len(self.pictures) > 1:
            raise UsageError("a dot file holds one network", "choose --out svg, png, pdf or json for several")
        write = source.operators_dot if self.level == "op" else source.dot
        return write(self.pictures[0], self.paint, self.direction)

    def json(self) -> str:
        """As data: boxes, edges, costs; plain numbers."""
        shown = [_operators(p) if self.level == "op" else _plain(p) for p in self.pictures]
        data = msgspec.json.encode({"level": self.level, "networks": shown})
        return printable_json(msgspec.json.format(data, indent=1).decode()) + "\n"

    def render(self, form: str) -> bytes:
        """In one of `FORMS`; raises `UsageError` for any other."""
        if form not in FORMS:
            raise unknown("picture format", form, FORMS, list_all=True)
        make: Callable[[], str | bytes] = getattr(self, form)
        made = make()
        return made.encode() if isinstance(made, str) else made

    def save(self, path: str | PurePath) -> Path:
        """Writes a file; its suffix picks the format. Raises `ArchscopeError` where it cannot be written."""
        where = Path(path)
        form = next((name for name, suffix in FORMS.items() if suffix == where.suffix.lower()), None)
        if form is None:
            raise UsageError(f"'{where}' has no suffix that names a picture format", f"use one of {', '.join(FORMS.values())}")
        data = self.render(form)
        try:
            where.parent.mkdir(parents=True, exist_ok=True)
            where.write_bytes(data)
        except OSError as error:
            raise ArchscopeError(
                f"cannot write {where}: {(error.strerror or str(error)).lower()}", "choose another place"
            ) from None
        return where

    def _repr_html_(self) -> str | None:
        import archscope  # the page is above the pictures: only the front door knows where

        return archscope.diagram_html(self)

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        boxes = sum(len(p.overview.boxes) for p in self.pictures)
        return f"<Diagram of {' and '.join(p.title for p in self.pictures)}: {self.level} level, {boxes} boxes in the overview>"


def _plain(shown: Picture) -> dict[str, object]:
    return {
        "name": shown.graph.name,
        "title": shown.title,
        "incomplete": shown.failure or None,
        "totals": asdict(totals(shown.graph)),
        "boxes": [_plain_box(box) for box in shown.overview.boxes],
        "edges": shown.overview.edges,
        "conditions": [asdict(one) for one in shown.overview.conditions],
        "blocks": [
            {
                "title": p.title,
                "input": p.shapes[0],
                "output": p.shapes[1],
                "boxes": [_plain_box(box) for box in p.boxes],
                "edges": p.edges,
            }
            for p in shown.panels
        ],
    }


def _plain_box(box: Box) -> dict[str, object]:
    return asdict(box)


def _operators(shown: Picture) -> dict[str, object]:
    graph = shown.graph
    return {
        "name": graph.name,
        "title": shown.title,
        "incomplete": graph.meta.failure.error if graph.meta.failure else None,
        "totals": asdict(totals(graph)),
        "inputs": [{"id": -1 - t, "shape": graph.tensors[t].shape} for t in graph.inputs],
        "boxes": [_plain_box(ops.box_of(graph, node)) for node in graph.nodes],
        "edges": ops.edges(graph),
    }
