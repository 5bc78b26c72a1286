"""Layout of any other graph: Graphviz places boxes of our sizes in layers, and we draw them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from archscope.diagrams.graphviz_engine import laid_out
from archscope.diagrams.scene import Point


@dataclass(frozen=True)
class Placed:
    """Where Graphviz put everything.

    Attributes:
        at: the middle of each box.
        curves: of each edge: the arrow's tip, then the points of its Bezier curve.
        clusters: of each named cluster: left, top, right, bottom.
    """

    at: Mapping[int, Point]
    curves: Mapping[tuple[int, int], tuple[Point, ...]]
    width: float
    height: float
    clusters: Mapping[str, tuple[float, float, float, float]]


def layered(rooms: Mapping[int, Point], edges: Sequence[tuple[int, int]], direction: str = "TB") -> Placed:
    """Places boxes in layers.

    Arguments:
        rooms: (width, height) of each box, in points.
        edges: (from, to), each once.
    """
    return read(laid_out(_source(rooms, edges, direction)))


def layered_each(graphs: Sequence[tuple[Mapping[int, Point], Sequence[tuple[int, int]]]]) -> list[Placed]:
    """As `layered`, for many graphs in one run of the engine: (rooms, edges) of each."""
    if not graphs:
        return []
    found = laid_out("\n".join(_source(rooms, edges, "TB") for rooms, edges in graphs))
    return [read(part) for part in re.split(rb"(?<=^\})\s", found.strip(), flags=re.MULTILINE)]


def _source(rooms: Mapping[int, Point], edges: Sequence[tuple[int, int]], direction: str) -> str:
    lines = [f'digraph {{ graph [rankdir={direction} nodesep=0.2 ranksep=0.3] node [shape=box fixedsize=true label=""]']
    lines += [f"{box} [width={w / 72:.4f} height={h / 72:.4f}]" for box, (w, h) in rooms.items()]
    lines += [f"{a} -> {b}" for a, b in edges]
    return "\n".join([*lines, "}"])


class _Object(msgspec.Struct):
    name: str
    pos: str = ""
    bb: str = ""


class _Edge(msgspec.Struct):
    tail: int
    head: int
    pos: str = ""


class _Layout(msgspec.Struct):
    bb: str
    objects: list[_Object] = []
    edges: list[_Edge] = []


def read(data: bytes) -> Placed:
    """Graphviz' JSON, with the origin moved to the top left."""
    layout = msgspec.json.decode(data, type=_Layout, strict=False)
    _, _, width, height = _numbers(layout.bb)

    def flipped(text: str) -> Point:
        x, y = _numbers(text)
        return x, height - y

    at = {int(o.name): flipped(o.pos) for o in layout.objects if o.pos}
    curves: dict[tuple[int, int], tuple[Point, ...]] = {}
    for edge in layout.edges:
        tip: Point | None = None
        points: list[Point] = []
        for part in edge.pos.split():
            if part.startswith("e,"):
                tip = flipped(part[2:])
            elif not part.startswith("s,"):
                points.append(flipped(part))
        names = layout.objects[edge.tail].name, layout.objects[edge.head].name
        curves[int(names[0]), int(names[1])] = (tip or points[-1], *points)
    clusters = {}
    for o in layout.objects:
        if o.bb:
            x0, y0, x1, y1 = _numbers(o.bb)
            clusters[o.name] = (x0, height - y1, x1, height - y0)
    return Placed(at, curves, width, height, clusters)


def _numbers(text: str) -> list[Any]:
    return [float(v) for v in text.split(",")]
