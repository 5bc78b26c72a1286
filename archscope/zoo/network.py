"""The registry of networks: a decorator over the function that builds one. No torch."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from archscope.errors import UsageError
from archscope.registry import Registry, nearest
from archscope.zoo.cards import Card, Claim, Option, Paper

Build = TypeVar("Build", bound=Callable[..., Any])


class Network(NamedTuple):
    """A card and the function that builds what it describes."""

    card: Card
    build: Callable[..., Any]

    def check(self, options: Mapping[str, object]) -> None:
        """Raises `UsageError` for an option that the network does not have, or a value that the option does not take."""
        known = {option.name: option for option in self.card.options}
        for name, value in options.items():
            if name not in known:
                close = nearest(name, known, count=1)
                takes = f"it takes: {', '.join(known)}" if known else "it takes no arguments"
                hint = f"did you mean {close[0]}? {takes}" if close else takes
                raise UsageError(f"{self.card.name} has no argument '{name}'", hint)
            known[name].check(self.card.name, value)


NETWORKS: Registry[Network] = Registry("network")
_ALIASES: Registry[str] = Registry("name of a network")


def network(
    name: str,
    *,
    title: str,
    family: str,
    paper: Paper,
    input: tuple[int, ...],
    variant: str,
    aliases: tuple[str, ...] = (),
    year: int | None = None,
    differs: str = "",
    claims: tuple[Claim, ...] = (),
) -> Callable[[Build], Build]:
    """Registers the function below it, whose keyword arguments become the network's options. See `Card` for the fields.

    Raises `ValueError` if the name or an alias is taken.
    """

    def register(build: Build) -> Build:
        card = Card(
            name=name, title=title, family=family, year=year or paper.year, paper=paper, input=input, variant=variant,
            aliases=aliases, differs=differs, claims=claims, options=_options(build), module=build.__module__,
        )  # fmt: skip
        for known in (name, *aliases):
            _ALIASES.add(known, name)
        NETWORKS.add(name, Network(card, build))
        return build

    return register


def _options(build: Callable[..., Any]) -> tuple[Option, ...]:
    hints = get_type_hints(build)
    return tuple(
        Option(parameter.name, parameter.default, *_type(hints[parameter.name]))
        for parameter in inspect.signature(build).parameters.values()
    )


def _type(hint: Any) -> tuple[str, tuple[Any, ...]]:
    """`Literal["A", "B"]` -> ("str", ("A", "B")); `float | None` -> ("float", ())."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        return type(choices[0]).__name__, choices
    plain = next((arg for arg in get_args(hint) if arg is not type(None)), hint)
    return plain.__name__, ()
