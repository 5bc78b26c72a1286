"""Published figures of the VGG networks."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import (
    CADENE,
    CNN_TUTORIAL,
    KERAS_README,
    SLIM_TABLE,
    accuracies,
    errors,
    keras,
    shapes,
    timm,
    torchvision,
)

_PAPER = "Simonyan and Zisserman 2014"
_TABLE3 = f"{_PAPER}, Table 3"
_TABLE4 = f"{_PAPER}, Table 4"
_TABLE5 = f"{_PAPER}, Table 5"
_DENSE = "ILSVRC-2012 validation, dense, one scale, trained at S = "
_SCALES = "ILSVRC-2012 validation, dense, scales 256, 384 and 512"
_MULTI = "ILSVRC-2012 validation, multi-crop and dense"
_RESNET = "He et al. 2015"
_TABLE1 = f"{_PAPER}, Table 1"


def _paper(millions: int, depth: int, **by_scale: tuple[float, float]) -> tuple[Claim, ...]:
    """Tables 1 to 3; the errors by the scale of the shorter side in training: S256, S384, S256_512 (both and all between)."""
    rows = {scale[1:].replace("_", " to "): row for scale, row in by_scale.items()}
    return (
        Claim(quantity="params", value=millions * 1e6, unit=1e6, source=f"{_PAPER}, Table 2"),
        Claim(quantity="depth", value=depth, source=_TABLE1),
        *(error for scale, row in rows.items() for error in errors(_TABLE3, _DENSE + scale, *row)),
    )


def _typo(quantity: str, of: str, value: int | tuple[int, ...], correct: int | tuple[int, ...], because: str) -> Claim:
    return Claim(
        quantity=quantity, of=of, value=value, source=CNN_TUTORIAL, expect="differs", correct=correct,
        because=because, because_source=_TABLE1,
    )  # fmt: skip


_VGG16 = (
    *_paper(138, 16, S256_512=(25.6, 8.1), S256=(27.0, 8.8), S384=(26.8, 8.7)),
    Claim(quantity="conv_params", value=14_714_688, source=f"{KERAS_README}, include_top=False"),
    *errors(_TABLE4, _SCALES, 24.8, 7.5),
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
    *_paper(144, 19, S256_512=(25.5, 8.0), S256=(27.3, 9.0), S384=(26.9, 8.7)),
    Claim(quantity="conv_params", value=20_024_384, source=f"{KERAS_README}, include_top=False"),
    *errors(_TABLE4, _SCALES, 24.8, 7.5),
    *errors(_TABLE5, _MULTI, 24.4, 7.1),
    Claim(quantity="macs", value=19.6e9, unit=1e8, source=f"{_RESNET}, sec. 3.3"),
    Claim(quantity="convolutions", value=16, source=CNN_TUTORIAL + ": VGG-16 and conv3_4, conv4_4, conv5_4"),
)

VGG: dict[str, tuple[Claim, ...]] = {
    "vgg11": (
        *_paper(133, 11, S256=(29.6, 10.4)),
        *torchvision(132_863_336, 7.609, 506.84, (69.02, 88.628)),
        *timm(132.86, (7.61, 7.44)),
    ),
    "vgg11_lrn": _paper(133, 11, S256=(29.7, 10.5)),
    "vgg13": (
        *_paper(133, 13, S256=(28.7, 9.9)),
        *torchvision(133_047_848, 11.308, 507.545, (69.928, 89.246)),
        *timm(133.05, (11.31, 12.25)),
    ),
    "vgg16_1x1": _paper(134, 16, S256_512=(27.3, 8.8), S256=(28.1, 9.4), S384=(28.1, 9.3)),
    "vgg16": (
        *_VGG16,
        *torchvision(138_357_544, 15.47, 527.796, (71.592, 90.382)),
        *torchvision(138_357_544, 15.47, 527.802, None, "IMAGENET1K_FEATURES"),
        *timm(138.36, (15.47, 13.56)),
        *keras(138_357_544, 528, 14.7, (23, 16), (71.3, 90.1), (71.268, 90.05), "params"),
        *accuracies(SLIM_TABLE, 71.5, 89.8),
        *accuracies(CADENE, 71.636, 90.354),
    ),
    "vgg19": (
        *_VGG19,
        *torchvision(143_667_240, 19.632, 548.051, (72.376, 90.876)),
        *timm(143.67, (19.63, 14.86)),
        *keras(143_667_240, 549, 20.0, (26, 19), (71.3, 90.0), (71.256, 89.988), "params"),
        *accuracies(SLIM_TABLE, 71.1, 89.8),
        *accuracies(CADENE, 72.08, 90.822),
    ),
    "vgg11_bn": (*torchvision(132_868_840, 7.609, 506.881, (70.37, 89.81)), *timm(132.87, (7.62, 7.44))),
    "vgg13_bn": (*torchvision(133_053_736, 11.308, 507.59, (71.586, 90.374)), *timm(133.05, (11.33, 12.25))),
    "vgg16_bn": (*torchvision(138_365_992, 15.47, 527.866, (73.36, 91.516)), *timm(138.37, (15.5, 13.56))),
    "vgg19_bn": (*torchvision(143_678_248, 19.632, 548.143, (74.218, 91.842)), *timm(143.68, (19.66, 14.86))),
}
