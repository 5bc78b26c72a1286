"""Published figures of LeNet-5."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CNN_TUTORIAL, parts, shapes

_PAPER = "LeCun et al. 1998, sec. II-B"
_PROCEEDINGS = "LeCun et al. 1998 as printed in Proc. IEEE 86(11)"
_MISPRINT = "misprint of the proceedings: C3 has 1,516 parameters at 10 x 10 positions, 151,600 connections, as the preprint says"

LENET5: tuple[Claim, ...] = (
    Claim(quantity="trainable_params", value=60_000, source=_PAPER),
    *parts("params", _PAPER, {"C1": 156, "S2": 12, "C3": 1_516, "S4": 32, "C5": 48_120, "F6": 10_164}),
    Claim(quantity="buffers", of="output", value=840, source=f"{_PAPER}: ten 7x12 bitmaps, kept fixed"),
    *parts(
        "connections",
        _PAPER,
        {"C1": 122_304, "S2": 5_880, "C3": 151_600, "S4": 2_000, "C5": 48_120, "F6": 10_164, "output": 840, "": 340_908},
    ),
    Claim(
        quantity="connections", of="C3", value=156_000, source=_PROCEEDINGS,
        expect="differs", correct=1_516 * 10 * 10, because=_MISPRINT, because_source=_PAPER,
    ),
    Claim(
        quantity="connections", value=345_308, source=_PROCEEDINGS,
        expect="differs", correct=340_908, because=_MISPRINT, because_source=_PAPER,
    ),
    *shapes(
        f"{_PAPER}, Figure 2",
        {"C1": (6, 28, 28), "S2": (6, 14, 14), "C3": (16, 10, 10), "S4": (16, 5, 5), "C5": (120, 1, 1), "F6": (84,),
        "output": (10,)},
    ),
    Claim(quantity="test_error", value=0.95, source="LeCun et al. 1998, sec. III", protocol="MNIST test", expect="reported"),
    Claim(
        quantity="test_error", value=0.8, source="LeCun et al. 1998, sec. III",
        protocol="MNIST test, trained with distortions", expect="reported",
    ),
    Claim(
        quantity="params", of="C1", value=5 * 5 + 1 * 6, source=CNN_TUTORIAL + ': "Param=5x5+1x6"',
        expect="differs", correct=(5 * 5 * 1 + 1) * 6, because="the brackets are missing: (5x5x1 + 1) x 6", because_source=_PAPER,
    ),
    Claim(quantity="params", of="C3", value=6 * 76 + 6 * 101 + 3 * 101 + 151, source=CNN_TUTORIAL),
    Claim(quantity="params", of="C5", value=120 * (16 * 5 * 5 + 1), source=CNN_TUTORIAL),
    Claim(quantity="params", of="F6", value=84 * (120 + 1), source=CNN_TUTORIAL),
    Claim(
        quantity="buffers", of="output", value=(84 + 1) * 10, source=CNN_TUTORIAL + ': "Fc_Gaussian"', expect="differs",
        correct=84 * 10,
        because="a radial basis function has no bias, and its codes are fixed; 850 is a dense softmax layer",
        because_source=_PAPER,
    ),
)  # fmt: skip

LENET5_DENSE: tuple[Claim, ...] = (
    Claim(quantity="params", of="C3", value=5 * 5 * 6 * 16 + 16, source=CNN_TUTORIAL + ": w = [5, 5, 6, 16]"),
    Claim(quantity="params", of="output", value=(84 + 1) * 10, source=CNN_TUTORIAL),
    *shapes(
        CNN_TUTORIAL, {"C1": (6, 28, 28), "S2": (6, 14, 14), "C3": (16, 10, 10), "S4": (16, 5, 5), "C5": (120,), "F6": (84,)}
    ),
)

LENET_SLIM: tuple[Claim, ...] = (
    Claim(
        quantity="title", value="AlexNet", source=CNN_TUTORIAL + ': "AlexNet_Codes"', expect="differs", correct="LeNet (TF-slim)",
        because="the listing has two 5x5 convolutions and two linear layers for 28x28 digits; AlexNet has five and three",
        because_source="Krizhevsky et al. 2012, sec. 3.5",
    ),
    *shapes(f'{CNN_TUTORIAL}, "AlexNet_Codes"', {"conv1": (32, 28, 28), "pool1": (32, 14, 14), "pool2": (64, 7, 7)}),
)  # fmt: skip
