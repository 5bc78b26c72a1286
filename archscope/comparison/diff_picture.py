"""Two networks side by side with their differences marked: a number on each box that is concerned, and what it says below."""

from collections.abc import Sequence
from dataclasses import replace
from textwrap import wrap

from archscope import units
from archscope.comparison.diff_table import sentence
from archscope.comparison.structural_diff import Change, Difference
from archscope.diagrams import text_width as fonts
from archscope.diagrams.colouring import paint
from archscope.diagrams.composition import picture
from archscope.diagrams.picture import Box, Picture
from archscope.diagrams.scene import Element, Scene, Shape, Text, rectangle
from archscope.diagrams.side_by_side import side_by_side
from archscope.tables.common import called

_SIZE, _LINE, _BADGE = 9.5, 14.0, 8.5
_MARGIN, _INDENT = 20.0, 18.0
_MOST = 40  # sentences below the picture
# Blue-green, vermilion and purple of Okabe and Ito; the numbers say the same without colour.
_COLORS = {"added": "#00805d", "removed": "#c44f00"}
_OTHER = "#a3387b"


def marked(difference: Difference, theme: str = "light") -> Scene:
    """The overviews of both networks; every box in which something differs has a heavy outline and the numbers of the changes.

    Arguments:
        theme: "light", "dark" or "paper".

    Raises `UsageError` for a theme that does not exist.
    """
    shown = [picture(graph, title=called(graph)) for graph in (difference.first, difference.second)]
    colors = paint(shown, "kind", theme)
    scene = side_by_side(shown, colors)
    changes = [change for change in difference.changes if change.kind != "follows"]
    marks = [_marks(one, changes, side) for side, one in enumerate(shown)]
    boxes = iter(
        [(numbers.get(box.id, []), box) for one, numbers in zip(shown, marks, strict=True) for box in one.overview.boxes]
    )
    elements = [_outlined(element, *next(boxes), changes) if element.role == "box" else element for element in scene.elements]
    listed, top = _listed(difference, changes, colors.theme.ink, scene.width, scene.height + 8)
    elements.append(Element(tuple(listed), role="differences"))
    return replace(
        scene, height=top + 8, title=f"{shown[0].title} and {shown[1].title}, differences marked",
        description=" ".join(f"{sentence(change)}." for change in changes) or "No structural difference.",
        elements=tuple(elements),
    )  # fmt: skip


def _marks(shown: Picture, changes: Sequence[Change], side: int) -> dict[int, list[int]]:
    """The numbers of the changes that concern each box, by box id."""
    found: dict[int, list[int]] = {}
    for number, change in enumerate(changes, 1):
        nodes = set(change.there if side else change.here)
        for box in shown.overview.boxes:
            if nodes.intersection(box.nodes):
                found.setdefault(box.id, []).append(number)
    return found


def _outlined(element: Element, numbers: Sequence[int], box: Box, changes: Sequence[Change]) -> Element:
    """A box with a heavy outline and its numbers in the upper right corner."""
    if not numbers:
        return element
    kinds = {changes[number - 1].kind for number in numbers}
    color = _COLORS.get(next(iter(kinds)), _OTHER) if len(kinds) == 1 else _OTHER
    body = next(item for item in element.items if isinstance(item, Shape))
    heavy = Shape(body.path, body.fill, color, 2.6, body.dashed)
    xs = [float(value) for segment in body.path for value in segment[1::2] if not isinstance(value, str)]
    ys = [float(value) for segment in body.path for value in segment[2::2] if not isinstance(value, str)]
    words = " ".join(map(str, numbers[:4])) + (" …" if len(numbers) > 4 else "")
    wide = fonts.width(words, _BADGE, True) + 8
    right, upper = max(xs) + 5, min(ys) - 5
    badge = Shape(rectangle(right - wide, upper, wide, 13, 6.5), fill=color)
    label = Text(right - wide / 2, upper + 9.6, words, _BADGE, "#ffffff", True, "middle", wide)
    said = "; ".join(sentence(changes[number - 1]) for number in numbers)
    rest = tuple(heavy if item is body else item for item in element.items)
    return Element((*rest, badge, label), f"{element.tooltip}\n{said}", element.role, element.data)


def _listed(difference: Difference, changes: Sequence[Change], ink: str, width: float, y: float) -> tuple[list[Text], float]:
    """The changes below the picture, numbered, and where they end."""
    if not changes:
        return [Text(_MARGIN, y, "No structural difference.", _SIZE, ink, True)], y + _LINE
    texts: list[Text] = []
    room = max(40, int((width - 2 * _MARGIN - _INDENT) / fonts.width("n", _SIZE)))
    for number, change in enumerate(changes[:_MOST], 1):
        texts.append(Text(_MARGIN, y, str(number), _SIZE, ink, True))
        for words in wrap(f"{sentence(change)}{_cost(change)}", room):
            texts.append(Text(_MARGIN + _INDENT, y, words, _SIZE, ink))
            y += _LINE
    if len(changes) > _MOST:
        texts.append(Text(_MARGIN, y, f"and {len(changes) - _MOST} more", _SIZE, ink))
        y += _LINE
    return texts, y


def _cost(change: Change) -> str:
    amounts = [f"{_signed(amount)} {name}" for amount, name in ((change.params, "parameters"), (change.macs, "MACs")) if amount]
    return f" ({', '.join(amounts)})" if amounts else ""


def _signed(amount: int) -> str:
    return f"{'+' if amount > 0 else '-'}{units.count(abs(amount))}"
