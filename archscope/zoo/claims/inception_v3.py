"""Published figures."""

from archscope.zoo.cards import Claim

INCEPTION_V3: tuple[Claim, ...] = ()
