"""What tells blocks of one class apart: every second one of a Swin transformer shifts its windows, five of six layers of a Gemma
look through a sliding window, some layers of a Jamba have experts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from archscope.graph import Node
from archscope.views.fusion import Pieces
from archscope.views.module_groups import ANONYMOUS, Group, is_anonymous, type_of


@dataclass(frozen=True)
class Variant:
    """What a block does that others of its class do not.

    Attributes:
        word: before its name: "shifted".
        addition: behind it: "with JambaSparseMoeBlock".
    """

    word: str = ""
    addition: str = ""

    def of(self, name: str) -> str:
        """The name with what tells it apart."""
        return " ".join(filter(None, (self.word, name, self.addition)))


PLAIN = Variant()


def _keeps_last(nodes: Iterable[Node]) -> bool:
    """Whether of the keys only the last few are kept."""
    return any(node.name == "slice" and isinstance(start := node.attrs.get("start"), int) and start < -1 for node in nodes)


_SLIDING = "sliding-window"
_TELLING = (
    ("shifted", lambda nodes: any(node.name == "roll" for node in nodes)),
    (_SLIDING, _keeps_last),
    ("dilated", lambda nodes: any(max(_sizes(node.attrs.get("dilation")), default=1) > 1 for node in nodes)),
)


def _sizes(value: object) -> list[int]:
    return [size for size in value if isinstance(size, int)] if isinstance(value, list) else []


def variants(cut: Pieces, groups: Sequence[Group]) -> list[Variant]:
    """What tells each of these modules from those of its class among them; `PLAIN` where nothing does that has a word."""
    classes: dict[str, list[int]] = {}
    for n, group in enumerate(groups):
        if group.unit.call is not None and not is_anonymous(cut, group.unit):
            classes.setdefault(type_of(cut, group.unit), []).append(n)
    found = [PLAIN] * len(groups)
    for alike in classes.values():
        words = [_words(cut, groups[n].unit) for n in alike]
        common = set.intersection(*map(set, words))
        inside = [_types(cut, groups[n].unit) for n in alike]
        shared = set.intersection(*inside)
        for n, word, types in zip(alike, words, inside, strict=True):
            own = sorted(types - shared)
            if len(own) == 1:
                found[n] = Variant(addition=f"with {own[0]}")
            else:
                found[n] = Variant(" ".join(one for one in word if one not in common))
    return found


def _words(cut: Pieces, group: Group) -> list[str]:
    """The words for what a module does, of all that there are."""
    pieces = cut.items[group.start : group.stop]
    own = range(group.call or 0, cut.graph.end(group.call or 0))  # what only views its result is run by others
    nodes = [node for piece in pieces for node in piece.nodes if node.id in cut.live and node.call in own]
    attentions = [piece.attention for piece in pieces if piece.attention is not None]
    found = [word for word, holds in _TELLING if holds(nodes) and (attentions or word != _SLIDING)]
    return [*found, *(["windowed"] if any(one.windows > 1 for one in attentions) else [])]


def _types(cut: Pieces, group: Group) -> set[str]:
    """The classes of the modules that a module runs itself, those that do nothing (a dropout that is off) left out."""
    children = cut.graph.children[group.call or 0]
    return {cut.graph.calls[child].type for child in children if cut.graph.inside(child)} - ANONYMOUS


def in_series(names: Sequence[str]) -> str:
    """Blocks one after the other: `"5 x A + B"`; where they take turns more often, how many there are of each: `"7 A + 1 B"`."""
    runs = [(name, len(list(run))) for name, run in groupby(names)]
    if len(runs) > _TURNS and len(set(names)) < len(runs):
        return " + ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))
    return " + ".join(name if count == 1 else f"{count} x {name}" for name, count in runs)


_TURNS = 3
