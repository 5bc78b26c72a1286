"""Layout of graphs that are made of series and branches, as nearly all blocks are: branches side by side, results under them.

The graph is reduced, two edges in series or two parallel edges at a time, to a single edge (Valdes, Tarjan and Lawler, "The
recognition of series parallel digraphs", SIAM Journal on Computing 11(2), 1982); the way back places the boxes. Lengths run
along the flow, sides across.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

GAP = 24.0  # along the flow, between two boxes
LANE = 16.0  # across, for a connection without a box
APART = 14.0  # across, between two branches


@dataclass(frozen=True)
class Size:
    """What a box takes: `length` along the flow, `side` to each side of its axis; a bar grows as wide as what it collects."""

    length: float
    side: float
    bar: bool = False


@dataclass
class Laid:
    """Where everything is.

    Attributes:
        at: of each box: (place across, begin along the flow).
        sides: of each box: how far it reaches to the left and right of its place.
        lanes: of each edge: the place across where it runs.
        left, right, length: the extent of the whole.
    """

    at: dict[int, tuple[float, float]] = field(default_factory=dict)
    sides: dict[int, tuple[float, float]] = field(default_factory=dict)
    lanes: dict[tuple[int, int], float] = field(default_factory=dict)
    left: float = 0.0
    right: float = 0.0
    length: float = 0.0


@dataclass
class _Edge:
    """A part of the graph between two boxes: a connection, or what was reduced to one."""

    start: int
    stop: int
    first: int  # the box that decides its place among its branches; a bare connection comes last
    left: float = LANE / 2
    right: float = LANE / 2
    length: float = GAP
    chain: "tuple[_Edge, int, _Edge] | None" = None
    branches: "list[_Edge] | None" = None
    axes: list[float] = field(default_factory=list)

    @property
    def bare(self) -> bool:
        return self.chain is None and self.branches is None


_LAST = 1 << 30


def series_parallel(sizes: Mapping[int, Size], edges: Sequence[tuple[int, int]], source: int, sink: int) -> Laid | None:
    """Places the boxes; None if the graph is not made of series and branches.

    Arguments:
        sizes: of every box, by id.
        edges: (from, to), each once; every box is on a way from `source` to `sink`.
    """
    parts = [_Edge(a, b, _LAST) for a, b in edges]
    sides = {box: (size.side, size.side) for box, size in sizes.items()}
    while len(parts) > 1:
        before = len(parts)
        parts = _parallel(parts)
        parts = _series(parts, sizes, sides, source, sink)
        if len(parts) == before:
            return None
    laid = Laid(sides=sides)
    whole = parts[0]
    head, tail = sizes[source], sizes[sink]
    laid.left = max(whole.left, sides[source][0], sides[sink][0])
    laid.right = max(whole.right, sides[source][1], sides[sink][1])
    laid.at[source] = (0.0, 0.0)
    _place(whole, 0.0, head.length, sizes, laid)
    laid.at[sink] = (0.0, head.length + whole.length)
    laid.length = head.length + whole.length + tail.length
    _stretch(whole, sink, sizes, sides)
    laid.left, laid.right = max(laid.left, sides[sink][0]), max(laid.right, sides[sink][1])
    return laid


def _parallel(parts: list[_Edge]) -> list[_Edge]:
    together: dict[tuple[int, int], list[_Edge]] = {}
    for part in parts:
        together.setdefault((part.start, part.stop), []).extend(part.branches or [part])
    return [found[0] if len(found) == 1 else _side_by_side(found) for found in together.values()]


def _side_by_side(branches: list[_Edge]) -> _Edge:
    """Branches in the order in which they run; bare connections on the right. A single branch with boxes keeps the axis."""
    boxed = sorted((b for b in branches if not b.bare), key=lambda b: b.first)
    bare = [b for b in branches if b.bare]
    ordered = [*boxed, *bare]
    across, places = 0.0, []
    for at, branch in enumerate(ordered):
        across += (APART if at else 0.0) + branch.left
        places.append(across)
        across += branch.right
    width = sum(b.left + b.right for b in boxed) + APART * (len(boxed) - 1)
    axis = (places[0] if len(boxed) == 1 else width / 2) if boxed else across / 2
    if len(boxed) > 1 and len(boxed) % 2:  # a middle branch that is nearly in the middle is put there: its line stays straight
        middle = places[len(boxed) // 2]
        axis = middle if abs(middle - axis) < 12 else axis
    whole = _Edge(ordered[0].start, ordered[0].stop, ordered[0].first, axis, across - axis, max(b.length for b in ordered))
    whole.branches, whole.axes = ordered, [place - axis for place in places]
    return whole


def _series(
    parts: list[_Edge], sizes: Mapping[int, Size], sides: dict[int, tuple[float, float]], source: int, sink: int
) -> list[_Edge]:
    into: dict[int, list[_Edge]] = {}
    out: dict[int, list[_Edge]] = {}
    for part in parts:
        out.setdefault(part.start, []).append(part)
        into.setdefault(part.stop, []).append(part)
    alive = {id(part): part for part in parts}
    for box, size in sizes.items():
        if box in (source, sink) or len(into.get(box, ())) != 1 or len(out.get(box, ())) != 1:
            continue
        above, below = into[box][0], out[box][0]
        if above.start == below.stop:
            continue
        _stretch(above, box, sizes, sides)
        side = sides[box]
        left, right = (
            max(above.left if not above.bare else 0, below.left if not below.bare else 0, side[0]),
            max(above.right if not above.bare else 0, below.right if not below.bare else 0, side[1]),
        )
        first = min(above.first, box)
        joined = _Edge(
            above.start, below.stop, first, left, right, above.length + size.length + below.length, chain=(above, box, below)
        )
        del alive[id(above)], alive[id(below)]
        alive[id(joined)] = joined
        out[above.start] = [joined if part is above else part for part in out[above.start]]
        into[below.stop] = [joined if part is below else part for part in into[below.stop]]
    return list(alive.values())


def _stretch(above: _Edge, box: int, sizes: Mapping[int, Size], sides: dict[int, tuple[float, float]]) -> None:
    """A bar is as wide as the branches that end in it."""
    while above.chain is not None:
        above = above.chain[2]
    if sizes[box].bar and above.branches is not None:
        left, right = sides[box]
        sides[box] = (max(left, above.left), max(right, above.right))


def _place(part: _Edge, axis: float, begin: float, sizes: Mapping[int, Size], laid: Laid, slack: float = 0.0) -> None:
    """Places what was reduced to `part`; `slack` is room that it does not need, which goes before its first box."""
    if part.chain is not None:
        above, box, below = part.chain
        _place(above, axis, begin, sizes, laid, slack)
        at = begin + slack + above.length
        laid.at[box] = (axis, at)
        _place(below, axis, at + sizes[box].length, sizes, laid)
    elif part.branches is not None:
        for branch, offset in zip(part.branches, part.axes, strict=True):
            _place(branch, axis + offset, begin, sizes, laid, slack + part.length - branch.length)
    else:
        laid.lanes[part.start, part.stop] = axis
