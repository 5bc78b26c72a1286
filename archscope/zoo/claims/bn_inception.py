"""Published figures."""

from archscope.zoo.cards import Claim

BN_INCEPTION: tuple[Claim, ...] = ()
BN_INCEPTION_CAFFE: tuple[Claim, ...] = ()
