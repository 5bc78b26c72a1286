"""Picture -> a Rich tree, for those without an image viewer: the overview's boxes, and inside them each block, opened once.

A row of the overview stays a row: where a terminal is too narrow for the longest name, long names go on below, and the numbers
stay in their columns. A chain of boxes breaks between two boxes.
"""

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.text import Text
from rich.tree import Tree

from archscope import units
from archscope.diagrams.page import alarm, notes, summary
from archscope.diagrams.picture import INPUT, Box, Panel, Picture
from archscope.diagrams.text_width import folded

_GUIDE = 4  # places that one level of the tree is indented by
_NAME = 16  # places that a name keeps in the narrowest terminal


def tree(picture: Picture, width: int | None = None) -> Tree:
    """The tree; a block that stands in it twice is opened where it comes first.

    Arguments:
        width: places in a line of the terminal; None for lines as long as they need.
    """
    head = Text(picture.title, style="bold")
    head.append(f"  {summary(picture)}", style="dim")
    if picture.failure:
        head.append(f"\n{alarm(picture)}", style="bold red")
    root = Tree(head, guide_style="dim")
    macs = sum(box.costs.macs for box in picture.overview.boxes)
    opened: set[int] = set()
    boxes = [box for box in picture.overview.boxes if box.kind != INPUT]
    numbers, wide = _fitted(boxes, macs, width)
    for box, words in zip(boxes, numbers, strict=True):
        branch = root.add(_stage(box, words, wide))
        _open_once(branch, box, picture, opened, width)
    for note in notes(picture, letters=False):
        root.add(Text(note, style="dim italic"))
    return root


def _open_once(branch: Tree, box: Box, picture: Picture, opened: set[int], width: int | None, depth: int = 1) -> None:
    """What is inside a box, where that was not shown before, and then what is inside its boxes.

    Arguments:
        depth: levels between the root and what is added.
    """
    if box.opens is None or box.opens in opened:
        return
    opened.add(box.opens)
    panel = picture.panels[box.opens]
    _open(branch, panel, None if width is None else width - _GUIDE * (depth + 1))
    for inner in panel.boxes:
        if inner.opens is not None and inner.opens not in opened:
            below = branch.add(Text(_name(inner), style="italic not bold"))
            _open_once(below, inner, picture, opened, width, depth + 1)


def _name(box: Box) -> str:
    return f"{box.title} {box.mark}".strip()


def _fitted(boxes: Sequence[Box], macs: int, width: int | None) -> tuple[list[tuple[str, str]], int]:
    """What stands behind each name, the shape and the costs, and the places for the names. A terminal that has no room for all
    leaves out the parameters, then the shares.
    """
    shapes = [f"  {box.shape}" for box in boxes]
    shapes = [shape.ljust(max(map(len, shapes))) for shape in shapes]
    params = [f" {units.count(box.costs.params):>9} params" for box in boxes]
    counts = [f" {'≥ ' if box.costs.uncounted else ''}{units.count(box.costs.macs)}".rjust(10) + " MACs" for box in boxes]
    shares = [f" {units.share(box.costs.macs / macs) if macs else '-':>6}" for box in boxes]
    longest = max([cell_len(_name(box)) for box in boxes], default=0)
    for columns in ((params, counts, shares), (counts, shares), (counts,)):
        found = [(shape, "".join(words)) for shape, *words in zip(shapes, *columns, strict=True)]
        room = longest if width is None else width - _GUIDE - max([len(shape + words) for shape, words in found], default=0)
        if room >= min(longest, _NAME):
            break
    return found, min(longest, max(room, _NAME))


def _stage(box: Box, numbers: tuple[str, str], wide: int) -> Text:
    name = _name(box)
    first, *more = folded(name, wide, cell_len) if cell_len(name) > wide else [name]
    line = Text(set_cell_size(first, wide), style="bold" if box.opens is not None or box.count > 1 else "")
    line.append(numbers[0], style="cyan")
    line.append(numbers[1], style="not bold")
    for rest in more:
        line.append(f"\n{rest}")
    return line


def _open(branch: Tree, panel: Panel, room: int | None) -> None:
    """The boxes of a block, one line for each chain; where a chain does not continue the line before, what it reads is said.

    Arguments:
        room: places in a line.
    """
    sources: dict[int, list[int]] = {box.id: [] for box in panel.boxes}
    for a, b in panel.edges:
        sources[b].append(a)
    chains: list[list[tuple[str, str]]] = []  # words and their style
    for box in panel.boxes[1:]:
        before = sources[box.id]
        goes_on = bool(chains) and before == [box.id - 1] and len(panel.readers[box.id - 1]) == 1
        if not goes_on:
            chains.append([])
            if before not in ([0], [box.id - 1]):
                *some, last = ["input" if a == 0 else _name(panel.boxes[a]) for a in before] or [""]
                chains[-1] += [(f"{'' if at else '('}{name}, ", "dim") for at, name in enumerate(some)]
                chains[-1].append((f"{'' if some else '('}{last}) ", "dim"))
        scale = "" if box.scale is None else f" x {box.scale:.4g}"
        chains[-1].append((f"{'→ ' if goes_on else ''}{_name(box)}{scale} ", ""))
    for chain in chains:
        branch.add(_flowing(chain, room))


def _flowing(pieces: list[tuple[str, str]], room: int | None) -> Text:
    """The pieces one behind the other, on a new line where one does not fit on the last; none is broken that fits on a line."""
    line, used = Text(style="not bold"), 0
    for words, style in pieces:
        if room is not None and used and used + len(words.rstrip()) > room:
            line.rstrip()
            line.append("\n  ")
            used = 2
        line.append(words, style=style)
        used += len(words)
    line.rstrip()
    return line
