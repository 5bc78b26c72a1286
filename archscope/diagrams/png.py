"""Scene -> PNG, without any system package: the scene becomes drawing commands of Graphviz' xdot language, which the embedded
engine rasterises.

The engine brings its own font (Arimo, the width of Helvetica) and writes the same bytes on every platform.
"""

from archscope.diagrams.graphviz_engine import rasterised
from archscope.diagrams.scene import Scene, Segment, Shape, Text, one_line

_DPI = 192  # 2.7 pixels a point
_LARGEST = 16000  # pixels along an edge


def png(scene: Scene) -> bytes:
    """The scene as an image of 192 pixels an inch; of fewer where it would have more than 16,000 pixels along an edge."""
    return rasterised(dot(scene), min(_DPI, int(_LARGEST * 72 / max(scene.width, scene.height))))


def dot(scene: Scene) -> str:
    """The scene as a DOT graph without nodes worth the name: everything is in its background."""
    commands = " ".join(command for element in scene.elements for item in element.items for command in _item(item, scene.height))
    quoted = commands.replace('"', '\\"')
    corners = "".join(
        f'{name} [shape=point style=invis width=0.01 label="" pos="{x:.2f},{y:.2f}!"]\n'
        for name, x, y in (("a", 0, 0), ("b", scene.width, scene.height))
    )
    return f'digraph {{\ngraph [pad=0 margin=0 bgcolor="{scene.background or "#ffffff"}" _background="{quoted} "]\n{corners}}}\n'


def _item(item: Shape | Text, height: float) -> list[str]:
    if isinstance(item, Text):
        anchor = {"start": -1, "middle": 0, "end": 1}[item.anchor]
        text = one_line(item.text)
        if not text:
            return []
        return [
            f"F {item.size:.2f} {_string('Helvetica')}",
            f"t {int(item.bold)}",
            f"c {_string(item.color)}",
            f"T {item.x:.2f} {height - item.y:.2f} {anchor} 0 {_string(text)}",
        ]
    found = [f"S {_string(f'setlinewidth({item.width:.2f})')}", f"S {_string('dashed' if item.dashed else 'solid')}"]
    points = _bezier(item.path, height)
    if item.fill:
        # A filled curve is drawn with its outline; without one the outline takes the fill's colour.
        found += [f"C {_string(item.fill)}", f"c {_string(item.stroke or item.fill)}", f"b {len(points)} {_listed(points)}"]
    elif item.stroke:
        found += [f"c {_string(item.stroke)}", f"B {len(points)} {_listed(points)}"]
    return found


def _bezier(path: tuple[Segment, ...], height: float) -> list[tuple[float, float]]:
    """Every segment as a cubic curve: 3n + 1 points."""
    points: list[tuple[float, float]] = []
    first = (0.0, 0.0)
    for kind, *rest in path:
        numbers = [float(v) for v in rest]
        pairs = [(numbers[n], height - numbers[n + 1]) for n in range(0, len(numbers), 2)]
        if kind == "M":
            first = pairs[0]
            points.append(first)
        elif kind == "C":
            points += pairs
        else:
            end = pairs[0] if kind == "L" else first
            points += [points[-1], end, end]
    return points


def _listed(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f} {y:.2f}" for x, y in points)


def _string(text: str) -> str:
    # In a quoted string of DOT a backslash stands for itself, except before a quote.
    text = text.replace('\\"', '\\ "')
    return f"{len(text.encode())} -{text}"
