"""Published figures."""

from archscope.zoo.cards import Claim

RESNET_CIFAR: dict[str, tuple[Claim, ...]] = {}
