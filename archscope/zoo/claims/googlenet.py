"""Published figures of GoogLeNet."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CNN_TUTORIAL, SINGLE, SLIM_TABLE, accuracies, errors, shapes, torchvision

_PAPER = "Szegedy et al. 2014"
_TABLE = f"{_PAPER}, Table 1"
_V3_PAPER = "Szegedy et al. 2015"
_SLIM = "tensorflow/models, research/slim/nets/inception_v1.py"
_K = 1024  # "2.7K", "112K": the table's parameters are in units of 1024

# parameters (K) and operations (M) of the table's rows, loosely rounded: all but 4c and 5a are within 2% of what
# the row's filters give
_ROWS = {
    "stem.conv2_reduce + stem.conv2": (112, 360),
    "inception_3a": (159, 128), "inception_3b": (380, 304), "inception_4a": (364, 73), "inception_4b": (437, 88),
    "inception_4d": (580, 119), "inception_4e": (840, 170), "inception_5b": (1388, 71),
}  # fmt: skip
_SEPARABLE = "the table counts a separable 7x7 (depthwise with 8 maps per channel, then 1x1); the text describes a dense one"
_SEPARABLE_SOURCE = "7 x 7 x 3 x 8 + 24 x 64 = 2,712; Ioffe and Szegedy 2015, appendix, describe it"


def _module(in_channels: int, n1: int, reduce3: int, n3: int, reduce5: int, n5: int, proj: int) -> int:
    """Parameters of an Inception module with these filters, biases included."""
    convs = ((in_channels, n1, 1), (in_channels, reduce3, 1), (reduce3, n3, 9), (in_channels, reduce5, 1), (reduce5, n5, 25))
    return sum(size * before * after + after for before, after, size in (*convs, (in_channels, proj, 1)))


_FIVE_A = (832, 256, 160, 320, 32, 128, 128)
_FILTERS = "the row's own filters give another figure"

GOOGLENET: tuple[Claim, ...] = (
    Claim(quantity="depth", value=22, source=f"{_PAPER}, sec. 5"),
    Claim(
        quantity="macs", value=1.5e9, unit=1e8, options={"conv1": "separable"}, source=f"{_PAPER}, sec. 1",
        expect="convention", because=_SEPARABLE + "; with that it is 1.58", because_source=_SEPARABLE_SOURCE,
    ),
    Claim(
        quantity="macs", value=1.5e9, unit=1e8, options={"conv1": "separable"}, source=f"{_V3_PAPER}, Table 3",
        expect="convention", because=_SEPARABLE, because_source=_SEPARABLE_SOURCE,
    ),
    Claim(
        quantity="macs", value=1.502e9, relation="about", unit=0.01, options={"conv1": "separable"}, source=f"{_TABLE}, sum",
        expect="convention", because=_SEPARABLE, because_source=_SEPARABLE_SOURCE,
    ),
    Claim(
        quantity="params", value=6_797.7 * _K, relation="about", unit=0.02, options={"conv1": "separable"},
        source=f"{_TABLE}, sum",
        expect="convention", because=_SEPARABLE, because_source=_SEPARABLE_SOURCE,
    ),
    Claim(
        quantity="params", of="stem.conv1", value=2.7 * _K, unit=0.1 * _K, options={"conv1": "separable"}, source=_TABLE,
        expect="convention", because=_SEPARABLE, because_source=_SEPARABLE_SOURCE,
    ),
    Claim(
        quantity="macs", of="stem.conv1", value=34e6, unit=1e6, options={"conv1": "separable"}, source=_TABLE,
        expect="convention", because=_SEPARABLE, because_source=_SEPARABLE_SOURCE,
    ),
    *(
        Claim(quantity=quantity, of=row, value=value, relation="about", unit=0.02, source=_TABLE)
        for row, (k, m) in _ROWS.items()
        for quantity, value in (("params", k * _K), ("macs", m * 1e6))
    ),
    Claim(
        quantity="params", of="inception_4c", value=463 * _K, unit=_K, source=_TABLE, expect="differs",
        correct=_module(512, 128, 128, 256, 24, 64, 64), because=_FILTERS, because_source=_TABLE,
    ),
    Claim(quantity="macs", of="inception_4c", value=100e6, relation="about", unit=0.02, source=_TABLE),
    Claim(
        quantity="params", of="inception_5a", value=1_072 * _K, unit=_K, source=_TABLE, expect="differs",
        correct=_module(*_FIVE_A), because=_FILTERS, because_source=_TABLE,
    ),
    Claim(
        quantity="macs", of="inception_5a", value=54e6, unit=1e6, source=_TABLE, expect="differs",
        correct=7 * 7 * (_module(*_FIVE_A) - 256 - 160 - 320 - 32 - 128 - 128), because=_FILTERS, because_source=_TABLE,
    ),
    Claim(quantity="params", of="fc", value=1_000 * _K, relation="about", unit=0.01, source=_TABLE),
    Claim(quantity="macs", of="fc", value=1e6, unit=1e6, source=_TABLE),
    *shapes(
        _TABLE,
        {
            "stem.conv1": (64, 112, 112), "stem.pool1": (64, 56, 56), "stem.conv2": (192, 56, 56), "stem.pool2": (192, 28, 28),
            "inception_3a": (256, 28, 28), "inception_3b": (480, 28, 28), "pool3": (480, 14, 14), "inception_4a": (512, 14, 14),
            "inception_4b": (512, 14, 14), "inception_4c": (512, 14, 14), "inception_4d": (528, 14, 14),
            "inception_4e": (832, 14, 14), "pool4": (832, 7, 7), "inception_5a": (832, 7, 7), "inception_5b": (1024, 7, 7),
            "pool": (1024, 1, 1), "fc": (1000,),
        },
    ),
    Claim(
        quantity="params", value=5e6, unit=1e6, source=f"{_V3_PAPER}, sec. 1", expect="differs", correct=6_998_552,
        because="loose: the network's own Table 1 adds up to 6.8 x 1024 x 1000", because_source=_TABLE,
    ),
    *errors(f"{_V3_PAPER}, Table 3", SINGLE, 29.0, 9.2),
    *(
        error
        for crops, one, seven in (("single crop", 10.07, 8.09), ("10 crops", 9.15, 7.62), ("144 crops", 7.89, 6.67))
        for networks, top5 in (("", one), (", seven networks", seven))
        for error in errors(f"{_PAPER}, Table 3{networks}", f"ILSVRC-2014 validation, {crops}", top5=top5)
    ),
    Claim(quantity="blocks", of="inception_3a", value=4, source=CNN_TUTORIAL + ": four branches"),
    Claim(
        quantity="title", value="InterceptNet", source=CNN_TUTORIAL, expect="differs", correct="GoogLeNet (Inception-v1)",
        because="typo: the module is called Inception, the network GoogLeNet", because_source=_PAPER,
    ),
)  # fmt: skip

GOOGLENET_TORCHVISION: tuple[Claim, ...] = (
    *torchvision(6_624_904, 1.498, 49.731, (69.778, 89.53), file={"aux_heads": True}),
    Claim(
        quantity="params_without_gamma", value=6_617_624, source=_SLIM, expect="convention",
        because="its normalisations have no scale (gamma), torchvision's have one per channel", because_source=_SLIM,
    ),
    *accuracies(SLIM_TABLE, 69.8, 89.6),
)  # fmt: skip
