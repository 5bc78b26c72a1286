"""Reading a picture back: the boxes, arrows and texts of an SVG, and the branches between its joins."""

from dataclasses import dataclass
from functools import cache
from xml.etree import ElementTree

from archscope.graph import Graph
from archscope.models.loading import load

SVG = "{http://www.w3.org/2000/svg}"


@cache
def traced(name: str, *options: tuple[str, object]) -> Graph:
    """A graph, traced once per process."""
    return load(name, **dict(options)).trace()


@dataclass(frozen=True)
class Drawn:
    """What an SVG shows: labels by box, arrows between boxes; 0 is the input."""

    labels: dict[int, str]
    edges: list[tuple[int, int]]
    texts: list[str]


def drawn(svg: str) -> Drawn:
    root = ElementTree.fromstring(svg)
    labels, edges = {0: "input"}, []
    for group in root.iter(f"{SVG}g"):
        if group.get("class") == "box":
            labels[int(group.get("data-box"))] = group.get("data-label")
        elif group.get("class") == "edge" and group.get("data-from"):
            edges.append((int(group.get("data-from")), int(group.get("data-to"))))
    return Drawn(labels, edges, ["".join(text.itertext()) for text in root.iter(f"{SVG}text")])


def joins(picture: Drawn) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Every place where branches meet, in order: its label, and what lies on each way to it from the place before, sorted."""
    readers: dict[int, list[int]] = {}
    sources: dict[int, list[int]] = {}
    for a, b in picture.edges:
        if b in picture.labels:
            readers.setdefault(a, []).append(b)
            sources.setdefault(b, []).append(a)
    places = [box for box in picture.labels if len(sources.get(box, ())) > 1 or picture.labels[box] == "filter concat"]
    found = []
    for place in places:
        ways: list[tuple[str, ...]] = []

        def back(box: int, way: tuple[str, ...], place: int = place, ways: list[tuple[str, ...]] = ways) -> None:
            for source in sources.get(box, ()):
                if source == 0 or source in places:
                    ways.append(way)
                else:
                    back(source, (picture.labels[source], *way), place, ways)

        back(place, ())
        found.append((picture.labels[place], sorted(ways)))
    return found
