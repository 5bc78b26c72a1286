"""Published figures of the residual networks for CIFAR-10."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import RESNET_TUTORIAL, shapes

_TABLE = "He et al. 2015, Table 6"
_SECTION = "He et al. 2015, sec. 4.2"
_AGAIN = "akamaster's pytorch_resnet_cifar10, README"


def _row(
    depth: int, params: float, unit: float, error: float, again: float, protocol: str = "CIFAR-10 test"
) -> tuple[Claim, ...]:
    return (
        Claim(quantity="params", value=params * 1e6, unit=unit, source=_TABLE),
        Claim(quantity="depth", value=depth, source=_TABLE),
        Claim(quantity="test_error", value=error, source=_TABLE, protocol=protocol, expect="reported"),
        Claim(quantity="test_error", value=again, source=_AGAIN, protocol="CIFAR-10 test", expect="reported"),
        *shapes(_SECTION, {"stage1": (16, 32, 32), "stage2": (32, 16, 16), "stage3": (64, 8, 8)}),
    )


RESNET_CIFAR: dict[str, tuple[Claim, ...]] = {
    "resnet20_cifar": _row(20, 0.27, 1e4, 8.75, 8.27),
    "resnet32_cifar": _row(32, 0.46, 1e4, 7.51, 7.37),
    "resnet44_cifar": _row(44, 0.66, 1e4, 7.17, 6.9),
    "resnet56_cifar": _row(56, 0.85, 1e4, 6.97, 6.61),
    "resnet110_cifar": _row(110, 1.7, 1e5, 6.43, 6.32, "CIFAR-10 test, best of five runs"),
    "resnet1202_cifar": (
        *_row(1202, 19.4, 1e5, 7.93, 6.18),
        Claim(quantity="depth", value=1000, relation=">", source=f"{RESNET_TUTORIAL}: more than a thousand layers"),
    ),
    **{
        f"plain{depth}_cifar": (Claim(quantity="depth", value=depth, source=_SECTION),) for depth in (20, 32, 44, 56, 110)
    },
}  # fmt: skip
