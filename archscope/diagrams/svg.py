"""Scene -> SVG: text as text, a tooltip on every box, no reference to anything outside, the same bytes from run to run."""

from xml.sax.saxutils import escape

from archscope.diagrams import text_width as fonts
from archscope.diagrams.scene import Element, Scene, Segment, Shape, Text
from archscope.printable import printable


def svg(scene: Scene) -> str:
    """The scene as a document that stands alone."""
    w, h = _n(scene.width), _n(scene.height)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{w}pt" height="{h}pt" viewBox="0 0 {w} {h}" role="img"',
        f'  font-family="{fonts.FAMILY}">',
        f"<title>{_text(scene.title)}</title>",
        f"<desc>{_text(scene.description)}</desc>",
    ]
    if scene.background:
        lines.append(f'<rect width="{w}" height="{h}" fill="{scene.background}"/>')
    lines += [line for element in scene.elements for line in _element(element)]
    return "\n".join([*lines, "</svg>\n"])


def _element(element: Element) -> list[str]:
    attributes = "".join(f' {name}="{_attribute(value)}"' for name, value in (("class", element.role), *_data(element)) if value)
    tooltip = [f"<title>{_text(element.tooltip)}</title>"] if element.tooltip else []
    return [f"<g{attributes}>", *tooltip, *(_item(item) for item in element.items), "</g>"]


def _data(element: Element) -> list[tuple[str, str]]:
    return [(f"data-{name}", value) for name, value in element.data]


def _item(item: Shape | Text) -> str:
    if isinstance(item, Text):
        anchor = "" if item.anchor == "start" else f' text-anchor="{item.anchor}"'
        weight = ' font-weight="bold"' if item.bold else ""
        look = f'font-size="{_n(item.size)}" fill="{item.color}"{anchor}{weight}{_squeezed(item)}'
        return f'<text x="{_n(item.x)}" y="{_n(item.y)}" {look}>{_text(item.text)}</text>'
    stroke = f' stroke="{item.stroke}" stroke-width="{_n(item.width)}"' if item.stroke else ""
    dashes = ' stroke-dasharray="4 3"' if item.dashed else ""
    return f'<path d="{_path(item.path)}" fill="{item.fill or "none"}"{stroke}{dashes}/>'


def _squeezed(item: Text) -> str:
    """Where a font wider than Helvetica would run over its box, the text is set to the width it was planned with."""
    planned = fonts.width(item.text, item.size, item.bold)
    return f' textLength="{_n(planned)}" lengthAdjust="spacingAndGlyphs"' if item.room and planned > 0.8 * item.room else ""


def _path(path: tuple[Segment, ...]) -> str:
    return "".join(f"{segment[0]}{' '.join(_n(v) for v in segment[1:] if not isinstance(v, str))}" for segment in path)


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) >= 0.005 else "0"


def _text(text: str) -> str:
    return escape(printable(text, keep="\n"))


def _attribute(text: str) -> str:
    return escape(printable(text, keep="\n"), {'"': "&quot;", "\n": "&#10;"})
