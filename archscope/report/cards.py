"""A network's card on the page: paper, variant, and each published figure with what becomes of it when it is counted again."""

from typing import Any

import msgspec

from archscope.models.look_up import look
from archscope.zoo import catalog
from archscope.zoo.card_tables import claims_table
from archscope.zoo.cards import Claim, Entry, Value
from archscope.zoo.quantities import QUANTITIES, SPELLED, subject
from archscope.zoo.verdicts import Result, judge


def card(entry: Entry) -> dict[str, Any]:
    """A card as plain data; its `claims` are the rows of `archscope verify`."""
    rows = claims_table([_checked(entry, claim) for claim in entry.claims], [entry]).rows
    return {
        "title": entry.title,
        "aliases": list(entry.aliases),
        "family": entry.family,
        "year": entry.year,
        "variant": entry.variant,
        "differs": entry.differs,
        "paper": msgspec.to_builtins(entry.paper),
        "claims": [{key: row.values.get(key) for key in _SHOWN} for row in rows],
    }


_SHOWN = ("claim", "relation", "claimed", "computed", "difference_percent", "verdict", "source", "because", "because_source")


def _checked(entry: Entry, claim: Claim) -> Result:
    """One claim, recomputed from stored traces."""
    if claim.expect == "reported":
        return Result(entry.name, claim, None, None, "reported")
    quantity, is_ratio, _ = claim.quantity.partition("_ratio")
    count = QUANTITIES.find(quantity)
    size = [claim.input] if claim.input else []
    whole = look(entry.name, options=claim.options, input=size, spelling=quantity in SPELLED)
    computed = count(subject(entry, whole, claim.of))
    if is_ratio:
        other = count(subject(catalog.find(claim.than), look(claim.than), claim.of))
        if isinstance(computed, int | float) and isinstance(other, int | float):
            computed = computed / other
    return Result(entry.name, claim, computed, _difference(computed, claim.value), judge(claim, computed))


def _difference(computed: Value, claimed: Value) -> float | None:
    numbers = isinstance(computed, int | float) and isinstance(claimed, int | float)
    return computed / claimed - 1 if numbers else None  # type: ignore[operator]
