"""Which inputs a network runs with: sets of them are tried on the meta device, and the one that gets farthest is
improved.

How far a forward gets is how many operators ran before it stopped. An input more, or another shape for one, that gets it farther
is kept; what an error names is tried first; what turns out not to be needed is left out again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from torch import nn

from archscope.graph.input_spec import PYTHON, InputSpec
from archscope.models.evidence import evidence
from archscope.models.input_changes import Given, Set, counted, reshaped, resized
from archscope.models.model import example
from archscope.models.nests import nested
from archscope.tracing.reach import Reach, reach

Known = Mapping[str, Sequence[Given]]
"""Inputs by parameter, each with what networks which call it so take, the likeliest first."""


class Search:
    """Tries sets of inputs on one network.

    Arguments:
        known: its inputs, as far as they are known.
        most: sets that are tried at the most.

    Attributes:
        best: the set that got farthest.
        guesses_more: whether it has begun to guess.
    """

    def __init__(self, module: nn.Module, known: Known, most: int) -> None:
        self._module, self._known, self._left = module, known, most
        self._switches: Known = {}
        self.guesses_more = False
        self._tried: dict[str, Reach] = {}
        self.best: Set = {}
        self.reach = Reach(False, -1, "", "")

    def guesses(self, known: Known, switches: Known, most: int) -> None:
        """From now on, tries more: other shapes than are known, and more inputs.

        Arguments:
            known: inputs, those that were known and more.
            switches: what is given only where an error names it.
        """
        self._known, self._switches, self._left, self.guesses_more = known, switches, most, True

    def tries(self, sets: Iterable[Set]) -> bool:
        """Whether one of these is what the network runs with; then it is the best."""
        return any(self._gets_farther(given) and self.reach.runs for given in sets)

    def improves(self, needed: Sequence[str]) -> bool:
        """Whether the best set, changed one input at a time, becomes one that the network runs with.

        Arguments:
            needed: names that no set may be without.
        """
        farther = True
        while farther and not self.reach.runs:
            farther = any(self._gets_farther(given) for given in self._changed(needed))
        if self.reach.runs:
            for name in [name for name in self.best if name not in needed]:
                self._gets_farther(_without(self.best, name))
        return self.reach.runs is True

    def tells_values(self) -> None:
        """Where the network looks at ids, so that nothing hangs on the ids of one text: adds masks that say what is no padding,
        where that is all it wants to know; tells the ids otherwise, those of a text that is nothing but text.
        """
        if not self.reach.runs or not self.reach.looked or self._runs_told(self.best):
            return
        masks = {
            name: several[0] for name, several in self._known.items() if name.endswith("attention_mask") and name not in self.best
        }
        for more in [*({name: masks[name]} for name in masks if len(masks) > 1), masks, None]:
            given = _with_ids_told(self.best) if more is None else {**self.best, **more}
            if more != {} and self._runs_told(given):
                self.best = given
                return

    def _runs_told(self, given: Set) -> bool:
        """Whether it runs where it may look at told values only."""
        return (
            _reach(self._module, given, [name for name, specs in given.items() if any(spec.values for spec in specs)]).runs
            is True
        )

    def _changed(self, needed: Sequence[str]) -> Iterator[Set]:
        """The best set with one input more, in another shape, or less."""
        given, said = self.best, self.reach.said
        known: dict[str, Sequence[Given]] = {
            **{name: several for name, several in self._switches.items() if name in said},
            **self._known,
        }
        lacking = self._lacking() if self.guesses_more else []
        if self.guesses_more:
            yield from counted(given)
        if len(lacking) > 1:
            yield {**given, **{name: known[name][0] for name in lacking}}
        first = [*(name for name in known if name in said), *lacking]
        for name in dict.fromkeys([*first, *known]):
            yield from ({**given, name: one} for one in known[name] if str(given.get(name)) != str(one))
        yield from resized(given, said)
        yield from (_without(given, name) for name in given if name not in needed and len(given) > 1)
        if self.guesses_more:
            yield from reshaped(given, said, self.reach.error)

    def _lacking(self) -> list[str]:
        """The inputs that stand in what failed and were not given."""
        return [name for name in evidence(self._module, self.best, self.reach.error).lacking if name in self._known]

    def _gets_farther(self, given: Set) -> bool:
        """Tries a set; whether it is the best so far."""
        key = " ".join(sorted(map(str, flat(given))))
        if key in self._tried or self._left <= 0:
            return False
        self._left -= 1
        there = self._tried[key] = _reach(self._module, given)
        if self.reach.runs and not (there.runs and len(given) < len(self.best)):
            return False
        if not there.runs and (there.where == self.reach.where or not self._is_farther(given, there)):
            return False  # more of the same, before the same error, is not farther
        self.best, self.reach = given, there
        return True

    def _is_farther(self, given: Set, there: Reach) -> bool:
        """Whether more operators ran, or the forward stopped at a later place of its own code."""
        if there.operators != self.reach.operators or not self.guesses_more:
            return there.operators > self.reach.operators
        return evidence(self._module, given, there.error).at > evidence(self._module, self.best, self.reach.error).at


def flat(given: Set) -> tuple[InputSpec, ...]:
    """All inputs of a set."""
    return tuple(spec for specs in given.values() for spec in specs)


def _without(given: Set, name: str) -> Set:
    return {key: specs for key, specs in given.items() if key != name}


def _with_ids_told(given: Set) -> Set:
    """0 wherever ids were not told, as in every example of theirs."""

    def told(spec: InputSpec) -> InputSpec:
        return spec.but(values=(0,)) if spec.dtype.startswith("int") and spec and not spec.values else spec

    return {name: tuple(map(told, specs)) for name, specs in given.items()}


def _reach(module: nn.Module, given: Set, known: Sequence[str] | None = None) -> Reach:
    """How far it gets; where `known` is not given, all whole numbers may be looked at."""
    names = [name for name, specs in given.items() if any(map(_has_values, specs))] if known is None else known
    return reach(module, nested(flat(given), _example, 1), names)


def _has_values(spec: InputSpec) -> bool:
    return spec.dtype != PYTHON and (bool(spec.values) or spec.dtype.startswith(("int", "bool")))


def _example(spec: InputSpec, shape: tuple[int, ...]) -> Any:
    """A tensor for it, one example; whole numbers have values: 0 where no others were told, truth values 1."""
    return example(spec, shape, "float32", "cpu" if _has_values(spec) else "meta")
