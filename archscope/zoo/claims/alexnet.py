"""Published figures."""

from archscope.zoo.cards import Claim

ALEXNET: tuple[Claim, ...] = ()
ALEXNET_OWT: tuple[Claim, ...] = ()
