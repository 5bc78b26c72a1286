"""What a step of a loop is called: by the modules that it runs."""

from collections.abc import Set

from archscope.views.fusion import Pieces
from archscope.views.module_groups import Group, contents

_MOST_NAMES = 4  # of the modules that a step of a loop runs


def step_label(cut: Pieces, unit: Group) -> str:
    """The modules with parameters that a step of a loop runs, by their names: `"attention, cell, layers.0"`. What runs all
    of a container runs the container.
    """
    names: dict[str, None] = {}
    own = {node.id for piece in cut.items[unit.start : unit.stop] for node in piece.nodes}
    for part in contents(cut, unit):
        pieces = cut.items[part.start : part.stop]
        path = _outermost(cut, part, own)
        if path and any(node.params for piece in pieces for node in piece.nodes):
            above, _, last = path.rpartition(".")
            names[f"{above.rpartition('.')[2]}.{last}" if last.isdecimal() and above else last] = None
    first, rest = list(names)[:_MOST_NAMES], len(names) - _MOST_NAMES
    return ", ".join([*first, f"{rest} more"] if rest > 0 else first) or "a step"


def _outermost(cut: Pieces, part: Group, own: Set[int]) -> str:
    """Path of the outermost module around a part that runs nothing but operators of its `own`."""
    calls = cut.graph.calls
    call = cut.items[part.start].main.call if part.call is None else part.call
    while above := calls[call].parent:
        if any(node.id in cut.live and node.id not in own for node in cut.graph.inside(above)):
            break
        call = above
    return calls[call].path
