"""Items in words: what a layer or a module is, in a line."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from archscope.comparison.layer_tree import Item


def changed_traits(a: Item, b: Item) -> tuple[str, str]:
    """The traits that two layers do not share: ("conv 1x1: width 384", "width 320")."""
    mine, other = dict(a.traits), dict(b.traits)
    names = [name for name in dict.fromkeys((*mine, *other)) if mine.get(name) != other.get(name)]
    return tuple(", ".join(_trait(name, traits.get(name, "")) for name in names) for traits in (mine, other))  # type: ignore[return-value]


def _trait(name: str, value: str) -> str:
    if name in ("then", "norm", "layer"):
        return value or {"then": "nothing behind", "norm": "no normalisation"}.get(name, "")
    return f"{name} {value or 'none'}"


def summary(item: Item) -> str:
    """An item in a few words: "conv 3x3/2, 32 wide, bn, relu" or "StemV4 (11 conv, 2 max pool)"."""
    if item.is_layer:
        found = dict(item.traits)
        kernel = f" {found['kernel']}" if "kernel" in found else ""
        stride = f"/{found['stride']}" if found.get("stride", "1") != "1" else ""
        rest = [
            f"{found['width']} wide" if "width" in found else "",
            found.get("norm", "").partition(",")[0],
            found.get("then", ""),
        ]
        return ", ".join(part for part in (f"{found['layer']}{kernel}{stride}", *rest) if part)
    words = Counter(dict(layer)["layer"] for layer in item.alike)  # type: ignore[call-overload]
    inside = ", ".join(f"{count} {word}" for word, count in words.most_common(3))
    return f"{item.type} ({inside})"


def census(item: Item) -> str:
    """What a module is made of: "2 x BasicBlock"."""
    if any(child.is_layer for child in item.children):
        return summary(item)
    runs = [list(run) for _, run in groupby(item.children, key=lambda child: child.type)]
    return ", ".join(times(run) for run in runs)


def counted(run: Sequence[Item]) -> str:
    """Equal items in a few words, with their number if there are several."""
    return summary(run[0]) if len(run) == 1 else f"{len(run)} x {summary(run[0])}"


def times(run: Sequence[Item]) -> str:
    """The number of items of one class, or of equal layers: "23 x Bottleneck"."""
    return f"{len(run)} x {summary(run[0]) if run[0].is_layer else run[0].type}"


def span(paths: Sequence[str]) -> str:
    """`["a.1", "a.2", "a.3"]` -> `"a.1-3"`; the first one where they have no common beginning."""
    first, last = paths[0], paths[-1]
    head, _, tail = first.rpartition(".")
    return first if first == last or last.rpartition(".")[0] != head else f"{head}.{tail}-{last.rpartition('.')[2]}"
