"""Published figures."""

from archscope.zoo.cards import Claim

INCEPTION_RESNET_V1: tuple[Claim, ...] = ()
INCEPTION_RESNET_V1_FACENET: tuple[Claim, ...] = ()
INCEPTION_RESNET_V2: tuple[Claim, ...] = ()
INCEPTION_RESNET_V2_PAPER: tuple[Claim, ...] = ()
