"""Published figures of the Keras tutorial's network."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import RESNET_TUTORIAL

_PAPER = "He et al. 2015, Table 1"

RESNET_KERAS_TUTORIAL: tuple[Claim, ...] = (
    Claim(
        quantity="depth", value=50, source=RESNET_TUTORIAL + ': "resnet50"', expect="differs",
        correct=1 + 2 * (3 + 4 + 6 + 3) + 1,
        because="basic blocks, 3, 4, 6 and 3, are ResNet-34's; ResNet-50 has bottlenecks", because_source=_PAPER,
    ),
    Claim(
        quantity="params_ratio", than="resnet50", value=1.0, source=RESNET_TUTORIAL + ': "resnet50"', expect="differs",
        correct=4.8,
        because="a Flatten of 14x14x512 in front of 1000 classes takes 100,353,000 parameters", because_source=_PAPER,
    ),
)  # fmt: skip
