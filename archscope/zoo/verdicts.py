"""What becomes of a claim when it is counted again. No torch."""

from typing import Literal, NamedTuple, get_args

from archscope.zoo.cards import Claim, Value

Verdict = Literal["holds", "holds under this convention", "differs", "reported", "FAILS"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


class Result(NamedTuple):
    """A claim and what became of it.

    Attributes:
        computed: the same quantity, counted; None for what was only reported.
        difference: computed / claimed - 1; None where the two are no numbers.
    """

    network: str
    claim: Claim
    computed: Value | None
    difference: float | None
    verdict: Verdict


def judge(claim: Claim, computed: Value) -> Verdict:
    """The verdict on a claim. A difference that was foreseen must be the one foreseen: the count must be `claim.correct`."""
    if claim.expect == "differs":
        right = claim.correct is not None and _equal(claim.correct, computed)
        return "differs" if right and not holds(claim, computed) else "FAILS"
    if not holds(claim, computed):
        return "FAILS"
    return "holds" if claim.expect == "holds" else "holds under this convention"


def _equal(right: Value, computed: Value) -> bool:
    if isinstance(right, float) and isinstance(computed, int | float):
        return abs(right - computed) <= 0.005
    return right == computed


def holds(claim: Claim, computed: Value) -> bool:
    """Whether the computed value is what the claim's words say, to the digits that it gives."""
    value = claim.value
    if not isinstance(value, int | float) or not isinstance(computed, int | float):
        return value == computed
    match claim.relation:
        case "<":
            return computed < value
        case ">":
            return computed > value
        case "about":
            return abs(computed / value - 1) <= claim.unit
        case "cut":
            return value <= computed < value + claim.unit
    return abs(computed - value) <= claim.unit / 2 + 1e-9 * abs(value)
