"""Inputs that a network of diffusers runs with, found by trying them on the meta device.

From the parameters that a forward needs and its likeliest inputs, each step changes one thing that the error names: it gives
another parameter, another width, another shape that the parameter's name may mean. A change stays where the forward gets farther
with it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from torch import nn

from archscope.graph.input_spec import InputSpec
from archscope.models.denoising.choices import Choice, Choices
from archscope.models.denoising.noise import Noise, noises
from archscope.models.evidence import Evidence, evidence
from archscope.tracing.reach import reach

_MOST = 200  # forwards that are tried
_MORE = 20  # of these after one that only wanted values
_ALL = 2**31  # modules: what only wants values has got as far as it can


def inputs_of(module: nn.Module, config: Any) -> tuple[InputSpec, ...]:
    """Inputs by name that it runs with, with values where it runs with them only; where none were found, those that it gets
    farthest with, and none where it needs something of which nothing is known.
    """
    search = _Search(module)
    for noise in noises(module, config):
        specs = search.among(noise)
        if specs:
            return specs
    return search.perhaps or search.farthest


class _Outcome(NamedTuple):
    """What became of a try.

    Attributes:
        far: how far the forward got: modules, a place in its own code, whether it lacked something there.
        operators: that ran.
        wants_values: whether it only lacks values.
        evidence: what its error tells.
    """

    far: tuple[int, int, bool]
    operators: int
    wants_values: bool
    evidence: Evidence


class _Search:
    """Attributes:
    perhaps: inputs with which the forward wanted values and nothing else.
    farthest: inputs with which the most modules began to run.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module, self._choices = module, Choices(module)
        self._left = _MOST
        self._tried: set[str] = set()
        self.perhaps: tuple[InputSpec, ...] = ()
        self.farthest: tuple[InputSpec, ...] = ()
        self._modules = -1

    def among(self, noise: Noise) -> tuple[InputSpec, ...]:
        """Inputs that fit where what is cleaned is of this kind; none where there are none."""
        choice = self._choices.first(noise)
        if choice is None:
            return ()
        found = self._try(choice)
        before = _Outcome((0, 0, False), 0, False, Evidence())
        while found is not None:
            if found.wants_values:
                self.perhaps = self.perhaps or choice.specs()
                farther = self._farther(self._choices.with_values(choice), before)
            else:
                before, farther = found, self._farther(self._choices.changed(choice, found.evidence), found)
            if farther is None:
                self._left = min(self._left, _MORE) if self.perhaps else self._left
                return ()
            choice, found = farther
        return choice.specs()

    def _farther(self, choices: Iterable[Choice], found: _Outcome) -> tuple[Choice, _Outcome | None] | None:
        """The first of these with which the forward gets farther, or the one with which most operators run; None where none does.

        Arguments:
            found: what became of the choice so far.
        """
        best: tuple[Choice, _Outcome] | None = None
        for one in choices:
            if self._left <= 0:
                return None
            if (key := str(one.specs())) in self._tried:
                continue
            self._tried.add(key)
            tried = self._try(one)
            if tried is None or tried.far > found.far:
                return one, tried
            if tried.far == found.far and tried.operators > max(found.operators, best[1].operators if best else 0):
                best = one, tried
        return best

    def _try(self, choice: Choice) -> _Outcome | None:
        """What becomes of a forward; None where it gets through."""
        self._left -= 1
        inputs = choice.arguments()
        there = reach(self._module, inputs, choice.known())
        if there.runs:
            return None
        if there.modules > self._modules:
            self.farthest, self._modules = choice.specs(), there.modules
        told, wants = evidence(self._module, inputs, there.error), there.runs is None
        far = (_ALL, 0, True) if wants else (there.modules, told.at, not told.absent)
        return _Outcome(far, there.operators, wants, told)
