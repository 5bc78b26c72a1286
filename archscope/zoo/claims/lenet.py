"""Published figures."""

from archscope.zoo.cards import Claim

LENET5: tuple[Claim, ...] = ()
LENET5_DENSE: tuple[Claim, ...] = ()
