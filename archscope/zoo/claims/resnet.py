"""Published figures."""

from archscope.zoo.cards import Claim

RESNET: dict[str, tuple[Claim, ...]] = {}
