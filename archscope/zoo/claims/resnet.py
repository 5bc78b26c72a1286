"""Published figures of the residual networks for ImageNet."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import TEN, errors, parts, shapes, torchvision

Shapes = dict[str, tuple[int, ...]]

_PAPER = "He et al. 2015"
_TABLE1 = f"{_PAPER}, Table 1"
_TABLE2 = f"{_PAPER}, Table 2"
_TABLE3 = f"{_PAPER}, Table 3"
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


def _keras(total: int, trainable: int) -> tuple[Claim, ...]:
    return (
        Claim(quantity="trainable_params", value=trainable, source="Keras Applications, trainable"),
        Claim(
            quantity="params_and_statistics", value=total, source="Keras Applications, total", expect="convention",
            because="Keras counts the moving means and variances as parameters", because_source="Keras, count_params",
        ),
    )  # fmt: skip


_CUT = "3.858 cut after the first digit, not rounded"
_OPTION_A = "with shortcut option A, which the paper's 34-layer network of Table 2 has; option B makes it 3.66"

RESNET: dict[str, tuple[Claim, ...]] = {
    "plain18": (Claim(quantity="depth", value=18, source=_TABLE1), *errors(_TABLE2, TEN, 27.94)),
    "plain34": (Claim(quantity="depth", value=34, source=_TABLE1), *errors(_TABLE2, TEN, 28.54), _gmacs(3.6)),
    "resnet18": (
        *_table1(18, (2, 2, 2, 2), _BASIC),
        _gmacs(1.8),
        *errors(f"{_TABLE2}, option A", TEN, 27.88),
        *torchvision(11_689_512, 1.814, 69.758, 89.078),
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
        *errors(f"{_TABLE3}, option A", TEN, 25.03, 7.76),
        *errors(f"{_TABLE3}, option C", TEN, 24.19, 7.40),
        *torchvision(21_797_672, 3.664, 73.314, 91.42),
    ),
    "resnet50": (
        *_table1(50, (3, 4, 6, 3), _WIDE),
        Claim(
            quantity="macs", value=3.8e9, unit=1e8, relation="cut", source=_TABLE1, expect="convention", because=_CUT,
            because_source=_TABLE1
        ),
        *errors(_TABLE3, TEN, 22.85, 6.71),
    ),
    "resnet101": (*_table1(101, (3, 4, 23, 3), _WIDE), _gmacs(7.6), *errors(_TABLE3, TEN, 21.75, 6.05)),
    "resnet152": (
        *_table1(152, (3, 8, 36, 3), _WIDE),
        _gmacs(11.3),
        Claim(
            quantity="macs_ratio", than="vgg16", value=1.0, relation="<", source=f"{_PAPER}, sec. 4.1: less complex than VGG-16",
        ),
        *errors(_TABLE3, TEN, 21.43, 5.71),
    ),
    "resnet50_v1_5": torchvision(25_557_032, 4.089, 76.13, 92.862),
    "resnet101_v1_5": torchvision(44_549_160, 7.801, 77.374, 93.546),
    "resnet152_v1_5": torchvision(60_192_808, 11.514, 78.312, 94.046),
    "resnet50_keras": _keras(25_636_712, 25_583_592),
    "resnet101_keras": _keras(44_707_176, 44_601_832),
    "resnet152_keras": _keras(60_419_944, 60_268_520),
}  # fmt: skip
