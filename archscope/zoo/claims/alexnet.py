"""Published figures of AlexNet."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CADENE, CNN_TUTORIAL, TEN, accuracies, errors, parts, shapes, torchvision

_PAPER = "Krizhevsky et al. 2012"
_FIGURE = f"{_PAPER}, Figure 2"

ALEXNET: tuple[Claim, ...] = (
    Claim(quantity="params", value=60e6, relation="about", unit=0.02, source=f"{_PAPER}, abstract"),
    Claim(quantity="neurons", value=650_000, relation="about", unit=0.02, source=f"{_PAPER}, abstract"),
    Claim(quantity="depth", value=8, source=f"{_PAPER}, sec. 3.5"),
    Claim(
        quantity="neurons", of="conv1", value=253_440, source=f"{_FIGURE}, caption", expect="differs", correct=55 * 55 * 96,
        because="55 x 48 x 96; the map is 55x55x96 in the same figure", because_source=_FIGURE,
    ),
    *parts(
        "neurons", f"{_FIGURE}, caption",
        {"conv2": 186_624, "conv3": 64_896, "conv4": 64_896, "conv5": 43_264, "fc6": 4_096, "fc7": 4_096, "fc8": 1_000},
    ),
    *errors(f"{_PAPER}, Table 2, one network", TEN, 40.7, 18.2),
    *errors(f"{_PAPER}, Table 2, five networks", TEN, 38.1, 16.4),
    *errors(f"{_PAPER}, Table 2, seven networks", TEN, 36.7, 15.4),
    *errors(f"{_PAPER}, Table 2, seven networks", "ILSVRC-2012 test, 10 crops", top5=15.3),
    *errors(f"{_PAPER}, Table 1", "ILSVRC-2010 test, 10 crops", 37.5, 17.0),
    *errors(f"{_PAPER}, footnote 5", "ILSVRC-2010 test, one patch", 39.0, 18.3),
    *shapes(
        CNN_TUTORIAL,
        {
            "conv1": (96, 55, 55), "pool1": (96, 27, 27), "conv2": (256, 27, 27), "pool2": (256, 13, 13),
            "conv3": (384, 13, 13), "conv4": (384, 13, 13), "conv5": (256, 13, 13), "pool5": (256, 6, 6), "fc6": (4096,),
        },
    ),
    *(
        Claim(
            quantity="stride", of=part, value=3, source=CNN_TUTORIAL, expect="differs", correct=correct,
            because=f"typo: with stride 3 a map of 13x13 could not give the {size} that the same line prints",
            because_source=_FIGURE,
        )
        for part, correct, size in (("conv3", 1, "13x13"), ("conv4", 1, "13x13"), ("conv5", 1, "13x13"), ("pool5", 2, "6x6"))
    ),
    Claim(
        quantity="params_ratio", than="googlenet", value=12.0,
        source="Szegedy et al. 2014, sec. 1: GoogLeNet has 12x fewer",
        expect="differs", correct=8.71,
        because="60.97 M / 7.00 M; twelve takes the 5 million of the authors' later paper for GoogLeNet, its own Table 1 adds "
        "up to 6.8 M",
        because_source="Szegedy et al. 2014, Table 1; Szegedy et al. 2015, sec. 1",
    ),
)  # fmt: skip

ALEXNET_OWT: tuple[Claim, ...] = (
    *torchvision(61_100_840, 0.714, 233.087, (56.522, 79.066)),
    *accuracies(CADENE, 56.432, 79.194),
)
