"""Published errors of trained networks: of the several that a card carries, those that can be set beside another network's."""

from archscope.tables.table import Value
from archscope.zoo.cards import Claim, Entry

_CROPS = ("single crop", "one scale", "10 crops", "12 crops")  # from the cheapest protocol to dearer ones


def published(entry: Entry, protocol: str | None = None) -> dict[str, Value]:
    """Top-1 and top-5 error of one trained network, in percent, with protocol and source: both from one table, as far as there
    are both.

    Arguments:
        protocol: words that its protocol has; without it, the cheapest protocol that figures were published for.
    """
    claims = [claim for claim in entry.claims if claim.quantity in ("top1_error", "top5_error") and _of_one(claim)]
    claims = [claim for claim in claims if "2010" not in claim.protocol and (protocol is None or protocol in claim.protocol)]
    for crops in (*_CROPS, ""):
        first = next((claim for claim in claims if crops in claim.protocol), None)
        if first is not None:
            same = {c.quantity: c.value for c in reversed(claims) if (c.source, c.protocol) == (first.source, first.protocol)}
            return {
                "top1_error": _float(same.get("top1_error")), "top5_error": _float(same.get("top5_error")),
                "error_protocol": first.protocol, "error_source": first.source,
            }  # fmt: skip
    return {}


def _of_one(claim: Claim) -> bool:
    return not claim.options and "networks" not in claim.source


def _float(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
