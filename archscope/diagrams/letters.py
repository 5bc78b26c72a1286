"""What a block reads beside what it works on (a text, the embedding of a time step, what the encoder makes), by the letters that
the overview has for it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from archscope.diagrams.picture import Condition
from archscope.diagrams.shape_labels import input_label, read_shape_label, shape_label
from archscope.views.conditioning import given
from archscope.views.fusion import ENTRY, Pieces
from archscope.views.module_groups import Group, sources


class Letters:
    """The conditions of a picture, for the blocks that are opened in it.

    Arguments:
        found: each condition with the group that makes it, or the tensor of the network's inputs that it is.
    """

    def __init__(self, cut: Pieces, found: Sequence[tuple[Condition, Group | int]] = ()) -> None:
        self.cut = cut
        self.made = [(one, source) for one, source in found if isinstance(source, Group)]
        self.inputs = {source: one for one, source in found if not isinstance(source, Group)}

    def conditions(self, group: Group, parts: Sequence[Group]) -> tuple[tuple[Condition, ...], frozenset[tuple[int, int]]]:
        """The conditions that parts of an opened block read, and the edges from its input along which nothing else passes."""
        readers: dict[Condition, list[int]] = {}
        beside = set()
        for n, part in enumerate(parts, 1):
            read = [one for _, one in self._read(group, part)]
            for one in dict.fromkeys(one for one in read if one is not None):
                readers.setdefault(one, []).append(n)
            if read and None not in read:
                beside.add((0, n))
        found = (replace(one, source=None, readers=tuple(numbers)) for one, numbers in readers.items())
        return tuple(sorted(found, key=lambda one: one.mark)), frozenset(beside)

    def read(self, group: Group) -> str:
        """The shapes that a block reads, each once, conditions left out: "128 tokens x 384 and 1500 tokens x 384"."""
        plain = [shape for shape, one in self._read(group, group) if one is None]
        shapes = list(dict.fromkeys(plain))
        return " and ".join(filter(None, (", ".join(shapes[:-1]), *shapes[-1:])))

    def _read(self, group: Group, part: Group) -> Iterator[tuple[str, Condition | None]]:
        """What a part of a block reads from outside of it: shapes, and the conditions that they are."""
        outside = [source for source in sources(self.cut, part) if source < group.start]
        for n, source in enumerate(outside):
            if source == ENTRY:
                for tensor in given(self.cut, [part])[0]:
                    yield input_label(self.cut, tensor), self.inputs.get(tensor)
                continue
            shape = shape_label(self.cut, source) if n else read_shape_label(self.cut, part)
            yield (
                shape,
                next((one for one, made in self.made if self._is_of(made, source) and not self._is_of(made, group.start)), None),
            )

    def _is_of(self, made: Group, piece: int) -> bool:
        return made.start <= piece < made.stop
