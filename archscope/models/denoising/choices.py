"""What a network is given in one try, and what may be changed in it after an error."""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
from torch import nn

from archscope.graph.input_spec import PYTHON, InputSpec
from archscope.models.denoising.arguments import Given, axis, given, is_told, meaning_of
from archscope.models.denoising.noise import Noise
from archscope.models.evidence import Evidence
from archscope.models.model import example
from archscope.models.nests import argument, nested

_USUAL = ("timestep", "encoder_hidden_states")


@dataclass(frozen=True)
class Choice:
    """Inputs by name: of each parameter one of the alternatives that its name has.

    Attributes:
        noise: the sizes of all of them.
        taken: which of the alternatives of each parameter.
        valued: parameters whose values are told.
    """

    noise: Noise
    taken: Mapping[str, int]
    valued: frozenset[str] = frozenset()

    def specs(self) -> tuple[InputSpec, ...]:
        """The inputs."""
        found = [(name, spec) for name, index in self.taken.items() for spec in given(self.noise, name)[index]]
        return tuple(_valued(spec) if name in self.valued else spec for name, spec in found)

    def alternatives(self, name: str) -> list[Given]:
        """What a parameter may be given."""
        return given(self.noise, name)

    def arguments(self) -> dict[str, Any]:
        """The arguments of a forward on the meta device."""
        return nested(self.specs(), lambda spec, shape: example(spec, shape, "float32", "meta"), 1)

    def known(self) -> list[str]:
        """The parameters whose values are known."""
        return [argument(spec.name) for spec in self.specs() if spec.values and spec.dtype != PYTHON]

    def gives(self, name: str, index: int = 0) -> "Choice":
        """The same with an alternative of a parameter."""
        return replace(self, taken={**self.taken, name: index})


def _valued(spec: InputSpec) -> InputSpec:
    """The same with a value everywhere: 1, and 0 among whole numbers."""
    dtype = spec.dtype or "float32"
    return spec if spec.values else spec.but(dtype=dtype, values=(int(not dtype.startswith("int")),))


class Choices:
    """The choices that a network's forward has."""

    def __init__(self, module: nn.Module) -> None:
        parameters = inspect.signature(module.forward).parameters
        plain = {n: p for n, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
        self._first = [name for name, p in plain.items() if p.default is p.empty or name in _USUAL]
        self._optional = [name for name, p in plain.items() if p.default is None]

    def first(self, noise: Noise) -> Choice | None:
        """What the forward needs, and what most are given; None where it needs something of which nothing is known."""
        choice = Choice(noise, dict.fromkeys(self._first, 0))
        return choice if all(map(choice.alternatives, self._first)) else None

    def with_values(self, choice: Choice) -> Iterator[Choice]:
        """Tells the values of one input, the last first."""
        for name in reversed([*choice.taken]):
            for index in range(len(choice.alternatives(name))):
                yield replace(choice.gives(name, index), valued=choice.valued | {name})

    def changed(self, choice: Choice, found: Evidence) -> Iterator[Choice]:
        """Changes one thing, the likeliest first by what an error tells."""
        lacking = [name for name in found.lacking if name in self._optional and choice.alternatives(name)]
        if lacking and found.absent:
            for index in range(max(len(choice.alternatives(name)) for name in lacking)):
                some = {name: index for name in lacking if index < len(choice.alternatives(name))}
                yield replace(choice, taken={**choice.taken, **some})
        if found.width is not None:
            yield from _widened(choice, found.named, found.shape, *found.width)
        yield from _turned(choice, found.named)
        for name in lacking:
            yield from (choice.gives(name, index) for index in range(len(choice.alternatives(name))))
        if found.named == (choice.noise.main,):  # it is the main input's own: its axes lie in another way
            return
        yield from (choice.gives(name) for name in self._optional if name not in choice.taken and meaning_of(name) is not None)
        yield from _turned(choice, choice.taken)


def _turned(choice: Choice, names: Iterable[str]) -> Iterator[Choice]:
    """Gives inputs in other shapes, the last first; then all that mean the same in the same."""
    for name in reversed(list(names)):
        for index in range(len(choice.alternatives(name))):
            alike = [n for n in choice.taken if meaning_of(n) is meaning_of(name) and index < len(choice.alternatives(n))]
            yield choice.gives(name, index)
            if len(alike) > 1:
                yield replace(choice, taken={**choice.taken, **dict.fromkeys(alike, index)})


def _widened(choice: Choice, named: Iterable[str], shape: tuple[int, ...], have: int, wanted: int) -> Iterator[Choice]:
    """Gives an input that a layer may have been given the width that the layer takes.

    Arguments:
        shape, have: what the layer was given, and how wide that was: an input itself, its patches, or several joined.
    """
    tensors = {name: t for name, value in choice.arguments().items() if (t := _first_of(value)) is not None}
    wide = {name: t for name, t in tensors.items() if t.is_floating_point() and t.dim() > 1}
    same = [name for name, t in wide.items() if shape in (tuple(t.shape), tuple(t.shape[1:]))]
    likely = [*same, *(name for name in (*named, choice.noise.main) if name in wide), *wide]
    for name in sorted(dict.fromkeys(likely), key=lambda name: is_told(choice.noise, name)):
        own, by = wide[name].shape[axis(choice.noise, name)], prod(choice.noise.patch)
        if (own * wanted) % have == 0:
            yield replace(choice, noise=choice.noise.shown(name, own * wanted // have))
        for more in {(wanted - have) // part for part in (1, by) if (wanted - have) % part == 0}:
            if own + more > 0:
                yield replace(choice, noise=choice.noise.shown(name, own + more))


def _first_of(value: Any) -> torch.Tensor | None:
    while isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, torch.Tensor) else None
