"""Published figures."""

from archscope.zoo.cards import Claim

INCEPTION_V4: tuple[Claim, ...] = ()
