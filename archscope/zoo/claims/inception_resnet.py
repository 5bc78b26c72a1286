"""Published figures of the Inception-ResNets."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import (
    ARTICLE,
    CADENE,
    CNBLOGS,
    READING_NOTE,
    SLIM_TABLE,
    accuracies,
    errors,
    keras,
    parts,
    shapes,
    timm,
)

_PAPER = "Szegedy et al. 2016"
_SLIM = "tensorflow/models, research/slim/nets/inception_resnet_v2.py"
_BLOG = "Alemi, Google Research blog, 31 August 2016"
_SUBSET = "about 48,300 images of ILSVRC-2012 validation, single crop"
_TWELVE = "ILSVRC-2012 validation, 12 crops"
_CROPS = "ILSVRC-2012 validation, 144 crops"
_NO_GAMMA = "the released normalisations have no scale (gamma), here they have one per channel"
_BLOCKS = {"inception_resnet_a": 5, "inception_resnet_b": 10, "inception_resnet_c": 5}


def _conv(before: int, after: int, size: int) -> int:
    """Parameters of a normalised convolution with this kernel area."""
    return before * after * size + 2 * after


_V1_REDUCTION = _conv(256, 384, 9) + _conv(256, 192, 1) + _conv(192, 192, 9) + _conv(192, 256, 9)
_V4_REDUCTION = _conv(384, 384, 9) + _conv(384, 192, 1) + _conv(192, 224, 9) + _conv(224, 256, 9)

INCEPTION_RESNET_V1: tuple[Claim, ...] = (
    Claim(quantity="macs_ratio", than="inception_v3", value=1.0, relation="about", unit=0.1, source=f"{_PAPER}, sec. 3.2"),
    *errors(f"{_PAPER}, Table 2", _SUBSET, 21.3, 5.5),
    *errors(f"{_PAPER}, Table 3", _TWELVE, 19.8, 4.6),
    *errors(f"{_PAPER}, Table 4", _CROPS, 18.8, 4.3),
    *parts("blocks", f"{_PAPER}, Figure 15", _BLOCKS),
    *shapes(
        f"{_PAPER}, Figures 10 to 15",
        {
            "stem.0": (32, 149, 149), "stem.1": (32, 147, 147), "stem.2": (64, 147, 147), "stem.3": (64, 73, 73),
            "stem.4": (80, 73, 73),
            "stem.5": (192, 71, 71), "stem": (256, 35, 35), "inception_resnet_a": (256, 35, 35), "reduction_a": (896, 17, 17),
            "inception_resnet_b": (896, 17, 17), "reduction_b": (1792, 8, 8), "inception_resnet_c": (1792, 8, 8),
            "pool": (1792, 1, 1),
        },
    ),
    *parts(
        "width", f"{_PAPER}, Table 1 (k, l, m, n)",
        {"reduction_a.branch2.0": 192, "reduction_a.branch2.1": 192, "reduction_a.branch2.2": 256, "reduction_a.branch1": 384},
    ),
    Claim(
        quantity="macs_ratio", than="inception_v3", value=1.0, relation="about", unit=0.1,
        source=READING_NOTE + ": as costly as Inception-v3"
    ),
    Claim(
        quantity="depth_ratio", than="inception_v3", value=1.0, relation=">",
        source=READING_NOTE + ": many more layers than Inception-v3",
    ),
    *parts("blocks", READING_NOTE, {"inception_resnet_a": 5, "inception_resnet_b": 10}),
    Claim(
        quantity="params_ratio", of="reduction_a", than="inception_v4", value=1.0,
        source=READING_NOTE + ": Reduction-A is Inception-v4's",
        expect="differs", correct=round(_V1_REDUCTION / _V4_REDUCTION, 2),
        because="the same layout with other filters: l = 192 against 224, on 256 instead of 384 channels",
        because_source=f"{_PAPER}, Table 1",
    ),
)  # fmt: skip

INCEPTION_RESNET_V1_FACENET: tuple[Claim, ...] = (
    *shapes(
        "davidsandberg/facenet, src/models/inception_resnet_v1.py",
        {"stem": (256, 17, 17), "reduction_a": (896, 8, 8), "reduction_b": (1792, 3, 3)},
    ),
)

_TWICE = "roughly twice Inception-v3's"

INCEPTION_RESNET_V2: tuple[Claim, ...] = (
    Claim(
        quantity="params_ratio", than="inception_v3", value=2.0, relation="about", unit=0.25, source=f"{_BLOG}: memory {_TWICE}",
    ),
    Claim(
        quantity="macs_ratio", than="inception_v3", value=2.0, relation="about", unit=0.25,
        source=f"{_BLOG}: computation {_TWICE}",
    ),
    Claim(quantity="macs_ratio", than="inception_v4", value=1.0, relation="about", unit=0.1, source=f"{_PAPER}, sec. 3.2"),
    Claim(
        quantity="params_without_gamma", value=55_813_192, source=f"{_SLIM}, trainable", expect="convention",
        because=_NO_GAMMA, because_source=_SLIM,
    ),
    Claim(
        quantity="params_without_gamma", value=59_179_952, options={"aux_heads": True}, source=f"{_SLIM}, with auxiliary head",
        expect="convention", because=_NO_GAMMA, because_source=_SLIM,
    ),
    *errors(f"{_PAPER}, Table 2", _SUBSET, 19.9, 4.9),
    *errors(f"{_PAPER}, Table 3", _TWELVE, 18.7, 4.1),
    *errors(f"{_PAPER}, Table 4", _CROPS, 17.8, 3.7),
    *timm(55.84, (13.18, 25.06)),
    *keras(55_873_736, 215, 54.3, (572, 449), (80.3, 95.3), (80.256, 95.252), "keras_params"),
    *accuracies(SLIM_TABLE, 80.4, 95.3),
    *accuracies(CADENE, 80.17, 95.234),
    Claim(
        quantity="params_ratio", than="inception_v3", value=2.0, relation="about", unit=0.25,
        source=f"{CNBLOGS}: capacity twice Inception-v3's",
    ),
    Claim(
        quantity="macs_ratio", than="inception_v3", value=2.0, relation="about", unit=0.25,
        source=f"{CNBLOGS}: computation twice Inception-v3's",
    ),
    Claim(quantity="depth_ratio", than="inception_v3", value=1.0, relation=">", source=f"{CNBLOGS}: deeper than Inception-v3"),
    *(
        Claim(
            quantity="blocks", of=f"{part}.0.branches", value=4, relation="<",
            source=f"{CNBLOGS}: fewer parallel towers than Inception-v3",
        )
        for part in _BLOCKS
    ),
    *(
        Claim(
            quantity="blocks", of=part, value=count, source=ARTICLE, expect="differs", correct=2 * count,
            because="the figures' number; the released network has twice as many", because_source=_SLIM,
        )
        for part, count in _BLOCKS.items()
    ),
    Claim(
        quantity="macs_ratio", than="resnet152_v1_5", value=1.0, relation="<", source=f"{ARTICLE}: lighter than ResNet",
        expect="differs",
        correct=1.14, because="dearer than even ResNet-152 at their canonical inputs; the paper compares with Inception "
        "without residuals",
        because_source=f"{_PAPER}, sec. 3.2",
    ),
)  # fmt: skip

INCEPTION_RESNET_V2_PAPER: tuple[Claim, ...] = (
    Claim(
        quantity="macs_ratio", than="inception_v4", value=1.0, relation="about", unit=0.1, source=f"{_PAPER}, sec. 3.2",
        expect="differs",
        correct=0.76, because="with the figures' 5, 10 and 5 blocks; the released network has 10, 20 and 10 and comes to 1.07",
        because_source=_SLIM,
    ),
    *parts("blocks", f"{_PAPER}, Figure 15", _BLOCKS),
    *shapes(
        f"{_PAPER}, Figures 3, 7 and 16 to 19", {"stem": (384, 35, 35), "inception_resnet_a": (384, 35, 35)},
    ),
    *parts(
        "width", f"{_PAPER}, Table 1 (k, l, m, n)",
        {"reduction_a.branch2.0": 256, "reduction_a.branch2.1": 256, "reduction_a.branch2.2": 384, "reduction_a.branch1": 384},
    ),
    Claim(
        quantity="width", of="inception_resnet_b.0.linear", value=1154, source=f"{_PAPER}, Figure 17", expect="differs",
        correct=384 + 384 + 384,
        because="a sum needs the 1152 channels of Reduction-A: 384 pooled, 384 and 384",
        because_source=f"{_PAPER}, Figure 7 and Table 1",
    ),
    Claim(
        quantity="width", of="inception_resnet_c.0.linear", value=2048, source=f"{_PAPER}, Figure 19", expect="differs",
        correct=1152 + 384 + 288 + 320, because="a sum needs the 2144 channels of Reduction-B: 1152 pooled, 384, 288 and 320",
        because_source=f"{_PAPER}, Figure 18",
    ),
    *parts("blocks", ARTICLE, _BLOCKS),
    Claim(
        quantity="dropout", value=0.5, source=ARTICLE, expect="differs", correct=0.2,
        because="the paper keeps 0.8, so drops 0.2", because_source=f"{_PAPER}, Figure 15",
    ),
)  # fmt: skip
