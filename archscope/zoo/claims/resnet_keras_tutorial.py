"""Published figures."""

from archscope.zoo.cards import Claim

RESNET_KERAS_TUTORIAL: tuple[Claim, ...] = ()
