"""Published figures."""

from archscope.zoo.cards import Claim

VGG: dict[str, tuple[Claim, ...]] = {}
