"""Picture -> a Rich tree, for those without an image viewer: the overview's boxes, and inside them each block, opened once."""

from rich.text import Text
from rich.tree import Tree

from archscope import units
from archscope.diagrams.page import alarm, notes, summary
from archscope.diagrams.picture import INPUT, Box, Panel, Picture


def tree(picture: Picture) -> Tree:
    """The tree; a block that stands in it twice is opened where it comes first."""
    head = Text(picture.title, style="bold")
    head.append(f"  {summary(picture)}", style="dim")
    if picture.failure:
        head.append(f"\n{alarm(picture)}", style="bold red")
    root = Tree(head, guide_style="dim")
    macs = sum(box.costs.macs for box in picture.overview.boxes)
    opened: set[int] = set()
    wide = max(len(_name(box)) for box in picture.overview.boxes)
    for box in picture.overview.boxes:
        if box.kind == INPUT:
            continue
        branch = root.add(_stage(box, macs, wide))
        _open_once(branch, box, picture, opened)
    for note in notes(picture):
        root.add(Text(note, style="dim italic"))
    return root


def _open_once(branch: Tree, box: Box, picture: Picture, opened: set[int]) -> None:
    """What is inside a box, where that was not shown before, and then what is inside its boxes."""
    if box.opens is None or box.opens in opened:
        return
    opened.add(box.opens)
    panel = picture.panels[box.opens]
    _open(branch, panel)
    for inner in panel.boxes:
        if inner.opens is not None and inner.opens not in opened:
            _open_once(branch.add(Text(_name(inner), style="italic not bold")), inner, picture, opened)


def _name(box: Box) -> str:
    return f"{box.title} {box.mark}".strip()


def _stage(box: Box, macs: int, wide: int) -> Text:
    line = Text(_name(box).ljust(wide), style="bold" if box.opens is not None or box.count > 1 else "")
    share = units.share(box.costs.macs / macs) if macs else "-"
    bound = "≥ " if box.costs.uncounted else ""
    line.append(f"  {box.shape:<13}", style="cyan")
    line.append(
        f" {units.count(box.costs.params):>9} params {bound + units.count(box.costs.macs):>9} MACs {share:>6}", style="not bold"
    )
    return line


def _open(branch: Tree, panel: Panel) -> None:
    """The boxes of a block, one line for each chain; where a chain does not continue the line before, what it reads is said."""
    sources: dict[int, list[int]] = {box.id: [] for box in panel.boxes}
    for a, b in panel.edges:
        sources[b].append(a)
    line = Text()
    for box in panel.boxes[1:]:
        before = sources[box.id]
        if before == [box.id - 1] and len(panel.readers[box.id - 1]) == 1 and line:
            line.append(" → ")
        else:
            line = Text(style="not bold")
            branch.add(line)
            if before not in ([0], [box.id - 1]):
                line.append(f"({', '.join('input' if a == 0 else _name(panel.boxes[a]) for a in before)}) ", style="dim")
        line.append(_name(box))
        if box.scale is not None:
            line.append(f" x {box.scale:.4g}")
