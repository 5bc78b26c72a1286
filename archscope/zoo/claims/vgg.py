"""Published figures of the VGG networks."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CNN_TUTORIAL, errors, shapes, torchvision

_PAPER = "Simonyan and Zisserman 2014"
_TABLE3 = f"{_PAPER}, Table 3"
_TABLE5 = f"{_PAPER}, Table 5"
_DENSE = "ILSVRC-2012 validation, dense, one scale"
_MULTI = "ILSVRC-2012 validation, multi-crop and dense"
_RESNET = "He et al. 2015"
_TABLE1 = f"{_PAPER}, Table 1"


def _paper(millions: int, depth: int, top1: float, top5: float) -> tuple[Claim, ...]:
    return (
        Claim(quantity="params", value=millions * 1e6, unit=1e6, source=f"{_PAPER}, Table 2"),
        Claim(quantity="depth", value=depth, source=_TABLE1),
        *errors(_TABLE3, _DENSE, top1, top5),
    )


def _no_top(value: int) -> Claim:
    return Claim(quantity="conv_params", value=value, source="Keras Applications, include_top=False")


def _typo(quantity: str, of: str, value: int | tuple[int, ...], correct: int | tuple[int, ...], because: str) -> Claim:
    return Claim(
        quantity=quantity, of=of, value=value, source=CNN_TUTORIAL, expect="differs", correct=correct,
        because=because, because_source=_TABLE1,
    )  # fmt: skip


_VGG16 = (
    *_paper(138, 16, 25.6, 8.1),
    _no_top(14_714_688),
    *errors(_TABLE5, _MULTI, 24.4, 7.2),
    Claim(
        quantity="conv_macs", value=15.3e9, unit=1e8, source=f"{_RESNET}, sec. 4.1", expect="convention",
        because="of the convolutions alone; with the linear layers, as the same paper counts VGG-19, it is 15.5",
        because_source=_TABLE1,
    ),
    *shapes(CNN_TUTORIAL, {"block2": (128, 56, 56), "block3": (256, 28, 28), "block4": (512, 14, 14), "block5": (512, 7, 7)}),
    _typo("shape", "block1", (128, 112, 112), (64, 112, 112), "typo: the first block has 64 maps, the 128 come after it"),
    _typo("shape", "block2", (256, 56, 56), (128, 56, 56), "typo of the second listing; the first has 128 maps"),
    _typo("kernel", "block1.2", 1, 2, "typo: the pooling is 2x2, as elsewhere in the source"),
    _typo("inputs", "fc6", 9_216, 7 * 7 * 512, "9,216 is AlexNet's 6x6x256; VGG's last map is 7x7x512 = 25,088"),
    Claim(
        quantity="params", value=137_557_696, source=CNN_TUTORIAL + ", comment in the code", expect="differs",
        correct=138_357_544,
        because="3 x 512 x 512 short of the 138,344,128 weights, to which 13,416 biases come", because_source=_TABLE1,
    ),
)  # fmt: skip
_VGG19 = (
    *_paper(144, 19, 25.5, 8.0),
    _no_top(20_024_384),
    *errors(_TABLE5, _MULTI, 24.4, 7.1),
    Claim(quantity="macs", value=19.6e9, unit=1e8, source=f"{_RESNET}, sec. 3.3"),
    Claim(quantity="convolutions", value=16, source=CNN_TUTORIAL + ": VGG-16 and conv3_4, conv4_4, conv5_4"),
)

VGG: dict[str, tuple[Claim, ...]] = {
    "vgg11": (*_paper(133, 11, 29.6, 10.4), *torchvision(132_863_336, 7.609, 69.02, 88.628)),
    "vgg11_lrn": _paper(133, 11, 29.7, 10.5),
    "vgg13": (*_paper(133, 13, 28.7, 9.9), *torchvision(133_047_848, 11.308, 69.928, 89.246)),
    "vgg16_1x1": _paper(134, 16, 27.3, 8.8),
    "vgg16": (*_VGG16, *torchvision(138_357_544, 15.47, 71.592, 90.382)),
    "vgg19": (*_VGG19, *torchvision(143_667_240, 19.632, 72.376, 90.876)),
    "vgg11_bn": torchvision(132_868_840, 7.609, 70.37, 89.81),
    "vgg13_bn": torchvision(133_053_736, 11.308, 71.586, 90.374),
    "vgg16_bn": torchvision(138_365_992, 15.47, 73.36, 91.516),
    "vgg19_bn": torchvision(143_678_248, 19.632, 74.218, 91.842),
}
