"""Published figures."""

from archscope.zoo.cards import Claim

GOOGLENET: tuple[Claim, ...] = ()
GOOGLENET_TORCHVISION: tuple[Claim, ...] = ()
