"""Short ways to write the claims that come in rows."""

from collections.abc import Mapping

from archscope.zoo.cards import Claim, OptionValue

SINGLE = "ILSVRC-2012 validation, single crop"
TEN = "ILSVRC-2012 validation, 10 crops"
TORCHVISION = "torchvision, metadata of the IMAGENET1K_V1 weights"

CNBLOGS = "a cnblogs post on residual networks and Inception-ResNet"
READING_NOTE = "a CSDN reading note on the Inception-v4 paper"
ARTICLE = "a 506064.com article on Inception-ResNet"
CNN_TUTORIAL = "a Tencent Cloud tutorial on CNNs"
RESNET_TUTORIAL = "a tutorial on deep residual learning"


def errors(source: str, protocol: str, top1: float | None = None, top5: float | None = None) -> tuple[Claim, ...]:
    """Error rates in percent, as reported: they need the trained weights and the data."""
    rates = (("top1_error", top1), ("top5_error", top5))
    return tuple(
        Claim(quantity=name, value=rate, source=source, protocol=protocol, expect="reported")
        for name, rate in rates
        if rate is not None
    )


def shapes(source: str, outputs: Mapping[str, tuple[int, ...]]) -> tuple[Claim, ...]:
    """Output shapes of parts, channels first."""
    return tuple(Claim(quantity="shape", of=part, value=shape, source=source) for part, shape in outputs.items())


def parts(quantity: str, source: str, values: Mapping[str, int]) -> tuple[Claim, ...]:
    """A figure of each part."""
    return tuple(Claim(quantity=quantity, of=part, value=value, source=source) for part, value in values.items())


def torchvision(params: int, gmacs: float, top1: float, top5: float, **options: OptionValue) -> tuple[Claim, ...]:
    """What torchvision's metadata say; its "GFLOPS" are multiply-accumulates, its accuracies are of a single crop."""
    return (
        Claim(quantity="params", value=params, source=TORCHVISION, options=options),
        Claim(quantity="macs", value=gmacs * 1e9, unit=1e6, source=TORCHVISION),
        *errors(TORCHVISION, SINGLE, round(100 - top1, 3), round(100 - top5, 3)),
    )
