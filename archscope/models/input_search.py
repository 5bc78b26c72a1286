"""Which inputs a network runs with: sets of them are tried on the meta device, and the one that gets farthest is
improved.

How far a forward gets is how many operators ran before it stopped. An input more, or another shape for one, that gets it farther
is kept; what an error names is tried first; what turns out not to be needed is left out again.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from torch import nn

from archscope.graph.input_spec import InputSpec
from archscope.models.model import example
from archscope.tracing.reach import Reach, reach

_NUMBER = re.compile(r"\d+")
_LARGEST = 100_000

Known = Mapping[str, Sequence[InputSpec]]
"""Inputs by name, each with the shapes that networks which call it so take, the likeliest first."""


class Search:
    """Tries sets of inputs on one network.

    Arguments:
        known: its inputs, as far as they are known.
        most: sets that are tried at the most.

    Attributes:
        best: the set that got farthest.
    """

    def __init__(self, module: nn.Module, known: Known, most: int) -> None:
        self._module, self._known, self._left = module, known, most
        self._tried: dict[str, Reach] = {}
        self.best: tuple[InputSpec, ...] = ()
        self.reach = Reach(False, -1, "", "")

    def tries(self, sets: Iterable[tuple[InputSpec, ...]]) -> bool:
        """Whether one of these is what the network runs with; then it is the best."""
        return any(self._gets_farther(specs) and self.reach.runs for specs in sets)

    def improves(self, needed: Sequence[str]) -> bool:
        """Whether the best set, changed one input at a time, becomes one that the network runs with.

        Arguments:
            needed: names that no set may be without.
        """
        farther = True
        while farther and not self.reach.runs:
            farther = any(self._gets_farther(specs) for specs in self._changed(needed))
        if self.reach.runs:
            for name in [spec.name for spec in self.best if spec.name not in needed]:
                self._gets_farther(tuple(spec for spec in self.best if spec.name != name))
        return self.reach.runs is True

    def tells_masks(self) -> None:
        """Where the network finds out from the ids what is no padding, adds masks that say so: nothing hangs on the ids then."""
        told = [spec.name for spec in self.best if spec.values]
        if not self.reach.runs or not self.reach.looked or _reach(self._module, self.best, told).runs:
            return
        given = {spec.name: spec for spec in self.best}
        masks = {name: specs[0] for name, specs in self._known.items() if name.endswith("attention_mask") and name not in given}
        for more in ({name: masks[name]} for name in masks if len(masks) > 1), [masks]:
            for one in more:
                specs = tuple({**given, **one}.values())
                if one and _reach(self._module, specs, [spec.name for spec in specs if spec.values]).runs:
                    self.best = specs
                    return

    def _changed(self, needed: Sequence[str]) -> Iterator[tuple[InputSpec, ...]]:
        """The best set with one input more, in another shape, or less."""
        given = {spec.name: spec for spec in self.best}
        said = [name for name in self._known if name in self.reach.said]
        for name in (*said, *(name for name in self._known if name not in said)):
            for spec in self._known[name]:
                if str(given.get(name)) != str(spec):
                    yield tuple({**given, name: spec}.values())
        for here, there in _sizes(self.reach.said):
            resized = {name: other for name, spec in given.items() if (other := _resized(spec, here, there)) is not None}
            for one in (*({name: other} for name, other in resized.items()), resized if len(resized) > 1 else {}):
                yield tuple({**given, **one}.values())
        for name in given:
            if name not in needed and len(given) > 1:
                yield tuple(spec for key, spec in given.items() if key != name)

    def _gets_farther(self, specs: tuple[InputSpec, ...]) -> bool:
        """Tries a set; whether it is the best so far."""
        key = " ".join(sorted(map(str, specs)))
        if key in self._tried or self._left <= 0:
            return False
        self._left -= 1
        there = self._tried[key] = _reach(self._module, specs)
        if self.reach.runs and not (there.runs and len(specs) < len(self.best)):
            return False
        if not there.runs and (there.operators <= self.reach.operators or there.where == self.reach.where):
            return False  # more of the same, before the same error, is not farther
        self.best, self.reach = specs, there
        return True


def _sizes(said: str) -> Iterator[tuple[int, int]]:
    """A size and another to try in its place, as an error names them: "Input height (224) doesn't match model (336)"."""
    numbers = [int(number) for number in dict.fromkeys(_NUMBER.findall(said))]
    for here, there in product(numbers, numbers):
        if there != here and 1 < there <= _LARGEST:
            yield here, here // there * there or there if "multiple" in said else there


def _resized(spec: InputSpec, here: int, there: int) -> InputSpec | None:
    """The input with that size in the place of the one; None where it has none such, or values for each place."""
    if here not in spec or spec.values[1:]:
        return None
    return spec.but([there if n == here else n for n in spec])


def _reach(module: nn.Module, specs: Sequence[InputSpec], known: Sequence[str] | None = None) -> Reach:
    """How far it gets; where `known` is not given, all whole numbers may be looked at."""
    names = [spec.name for spec in specs if _has_values(spec)] if known is None else known
    return reach(module, {spec.name: _example(spec) for spec in specs}, names)


def _has_values(spec: InputSpec) -> bool:
    return bool(spec.values) or spec.dtype.startswith(("int", "bool"))


def _example(spec: InputSpec) -> Any:
    """A tensor for it, one example; whole numbers have values: 0 where no others were told, truth values 1."""
    return example(spec, spec.batched(1), "float32", "cpu" if _has_values(spec) else "meta")
