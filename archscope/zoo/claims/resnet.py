"""Published figures of the residual networks for ImageNet."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CADENE, TEN, accuracies, errors, keras, parts, shapes, timm, torchvision

Shapes = dict[str, tuple[int, ...]]

_PAPER = "He et al. 2015"
_TABLE1 = f"{_PAPER}, Table 1"
_TABLE2 = f"{_PAPER}, Table 2"
_TABLE3 = f"{_PAPER}, Table 3"
_TABLE4 = f"{_PAPER}, Table 4"
_MULTI = "ILSVRC-2012 validation, dense, five scales"
_V4_PAPER = "Szegedy et al. 2016"
_BASIC: Shapes = {
    "conv1": (64, 112, 112),
    "conv2_x": (64, 56, 56),
    "conv3_x": (128, 28, 28),
    "conv4_x": (256, 14, 14),
    "conv5_x": (512, 7, 7),
}
_WIDE: Shapes = {
    "conv1": (64, 112, 112),
    "conv2_x": (256, 56, 56),
    "conv3_x": (512, 28, 28),
    "conv4_x": (1024, 14, 14),
    "conv5_x": (2048, 7, 7),
}


def _table1(depth: int, blocks: tuple[int, ...], outputs: Shapes) -> tuple[Claim, ...]:
    stages = [stage for stage in outputs if stage != "conv1"]
    return (
        Claim(quantity="depth", value=depth, source=_TABLE1),
        *parts("blocks", _TABLE1, dict(zip(stages, blocks, strict=True))),
        *shapes(_TABLE1, outputs),
    )


def _gmacs(value: float) -> Claim:
    return Claim(quantity="macs", value=value * 1e9, unit=1e8, source=_TABLE1)


def _trainable(params: int) -> Claim:
    return Claim(quantity="trainable_params", value=params, source="Keras Applications, trainable")


_CUT = "3.858 cut after the first digit, not rounded"
_OPTION_A = "with shortcut option A, which the paper's 34-layer network of Table 2 has; option B makes it 3.66"

RESNET: dict[str, tuple[Claim, ...]] = {
    "plain18": (Claim(quantity="depth", value=18, source=_TABLE1), *errors(_TABLE2, TEN, 27.94)),
    "plain34": (Claim(quantity="depth", value=34, source=_TABLE1), *errors(_TABLE2, TEN, 28.54), _gmacs(3.6)),
    "resnet18": (
        *_table1(18, (2, 2, 2, 2), _BASIC),
        _gmacs(1.8),
        *errors(f"{_TABLE2}, option A", TEN, 27.88),
        *torchvision(11_689_512, 1.814, 44.661, (69.758, 89.078)),
        *timm(11.69, (1.82, 2.48), {160: (0.93, 1.27), 288: (3.01, 4.11)}),
        *accuracies(CADENE, 70.142, 89.274),
    ),
    "resnet34": (
        *_table1(34, (3, 4, 6, 3), _BASIC),
        Claim(
            quantity="macs", value=3.6e9, unit=1e8, source=_TABLE1, options={"shortcut": "A"}, expect="convention",
            because=_OPTION_A, because_source=_TABLE2,
        ),
        Claim(
            quantity="macs_ratio", than="vgg19", value=0.18, unit=0.01, relation="cut", source=f"{_PAPER}, sec. 3.3",
            expect="convention",
            because="3.6 / 19.6, cut after two digits", because_source=_TABLE1,
        ),
        *errors(f"{_TABLE3}, option B", TEN, 24.52, 7.46),
        *errors(f"{_TABLE2}, option A", TEN, 25.03),
        *errors(f"{_TABLE3}, option A", TEN, 25.03, 7.76),
        *errors(f"{_TABLE3}, option C", TEN, 24.19, 7.40),
        *errors(f"{_TABLE4}, option B", _MULTI, 21.84, 5.71),
        *errors(f"{_TABLE4}, option C", _MULTI, 21.53, 5.60),
        *torchvision(21_797_672, 3.664, 83.275, (73.314, 91.42)),
        *timm(21.8, (3.67, 3.74), {160: (1.87, 1.91), 288: (6.07, 6.18)}),
        *accuracies(CADENE, 73.554, 91.456),
    ),
    "resnet50": (
        *_table1(50, (3, 4, 6, 3), _WIDE),
        Claim(
            quantity="macs", value=3.8e9, unit=1e8, relation="cut", source=_TABLE1, expect="convention", because=_CUT,
            because_source=_TABLE1
        ),
        *errors(_TABLE3, TEN, 22.85, 6.71),
        *errors(_TABLE4, _MULTI, 20.74, 5.25),
    ),
    "resnet101": (
        *_table1(101, (3, 4, 23, 3), _WIDE),
        _gmacs(7.6),
        *errors(_TABLE3, TEN, 21.75, 6.05),
        *errors(_TABLE4, _MULTI, 19.87, 4.60),
        *accuracies(f"{CADENE}, cafferesnet101", 76.4, 92.9),
    ),
    "resnet152": (
        *_table1(152, (3, 8, 36, 3), _WIDE),
        _gmacs(11.3),
        Claim(
            quantity="macs_ratio", than="vgg16", value=1.0, relation="<", source=f"{_PAPER}, sec. 4.1: less complex than VGG-16",
        ),
        *errors(_TABLE3, TEN, 21.43, 5.71),
        *errors(_TABLE4, _MULTI, 19.38, 4.49),
        *errors(f"{_V4_PAPER}, Table 3", TEN, 21.4, 5.7),
        *errors(f"{_V4_PAPER}, Table 4", "ILSVRC-2012 validation, dense", 19.4, 4.5),
    ),
    "resnet50_v1_5": (
        *torchvision(25_557_032, 4.089, 97.781, (76.13, 92.862)),
        *torchvision(25_557_032, 4.089, 97.79, (80.858, 95.434), "IMAGENET1K_V2"),
        *timm(25.56, (4.11, 11.11), {160: (2.1, 5.67), 176: (2.62, 6.92), 288: (6.8, 18.37)}),
        *accuracies(CADENE, 76.002, 92.98),
    ),
    "resnet101_v1_5": (
        *torchvision(44_549_160, 7.801, 170.511, (77.374, 93.546)),
        *torchvision(44_549_160, 7.801, 170.53, (81.886, 95.78), "IMAGENET1K_V2"),
        *timm(44.55, (7.83, 16.23), {160: (4.0, 8.28), 176: (4.92, 10.08), 288: (12.95, 26.83)}),
        *accuracies(CADENE, 77.438, 93.672),
    ),
    "resnet152_v1_5": (
        *torchvision(60_192_808, 11.514, 230.434, (78.312, 94.046)),
        *torchvision(60_192_808, 11.514, 230.474, (82.284, 96.002), "IMAGENET1K_V2"),
        *timm(60.19, (11.56, 22.56), {160: (5.9, 11.51), 176: (7.22, 13.99), 288: (19.11, 37.28)}),
        *accuracies(CADENE, 78.428, 94.11),
    ),
    "resnet50_keras": (
        _trainable(25_583_592),
        *keras(25_636_712, 98, 23.6, (None, 107), (74.9, 92.1), (74.928, 92.06)),
    ),
    "resnet101_keras": (
        _trainable(44_601_832),
        *keras(44_707_176, 171, 42.7, (None, 209), (76.4, 92.8), (76.42, 92.786)),
    ),
    "resnet152_keras": (
        _trainable(60_268_520),
        *keras(60_419_944, 232, 58.4, (None, 311), (76.6, 93.1), (76.604, 93.118)),
    ),
}  # fmt: skip
