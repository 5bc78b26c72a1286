"""Published figures of Inception-v4."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CADENE, READING_NOTE, SLIM_TABLE, accuracies, errors, parts, shapes, timm

_PAPER = "Szegedy et al. 2016"
_SLIM = "tensorflow/models, research/slim/nets/inception_v4.py"
_SUBSET = "about 48,300 images of ILSVRC-2012 validation, single crop"
_NO_GAMMA = "the released normalisations have no scale (gamma), here they have one per channel"


def _conv(before: int, after: int, size: int) -> int:
    """Parameters of a normalised convolution with this kernel area."""
    return before * after * size + 2 * after


_V4_A = 2 * _conv(384, 96, 1) + 2 * _conv(384, 64, 1) + 2 * _conv(64, 96, 9) + _conv(96, 96, 9)
_V3_A = 2 * _conv(192, 64, 1) + _conv(192, 48, 1) + _conv(48, 64, 25) + _conv(64, 96, 9) + _conv(96, 96, 9) + _conv(192, 32, 1)
_V4_REDUCTION = _conv(384, 384, 9) + _conv(384, 192, 1) + _conv(192, 224, 9) + _conv(224, 256, 9)
_V3_REDUCTION = _conv(288, 384, 9) + _conv(288, 64, 1) + _conv(64, 96, 9) + _conv(96, 96, 9)

INCEPTION_V4: tuple[Claim, ...] = (
    Claim(
        quantity="params_without_gamma", value=42_648_232, source=f"{_SLIM}, trainable", expect="convention",
        because=_NO_GAMMA, because_source=_SLIM,
    ),
    Claim(
        quantity="params_without_gamma", value=46_006_800, options={"aux_heads": True}, source=f"{_SLIM}, with auxiliary head",
        expect="convention", because=_NO_GAMMA, because_source=_SLIM,
    ),
    *timm(42.68, (12.28, 15.09)),
    *errors(f"{_PAPER}, Table 2", _SUBSET, 20.0, 5.0),
    *errors(f"{_PAPER}, Table 3", "ILSVRC-2012 validation, 12 crops", 18.7, 4.2),
    *errors(f"{_PAPER}, Table 4", "ILSVRC-2012 validation, 144 crops", 17.7, 3.8),
    *accuracies(SLIM_TABLE, 80.2, 95.2),
    *accuracies(CADENE, 80.062, 94.926),
    *parts("blocks", f"{_PAPER}, Figure 9", {"inception_a": 4, "inception_b": 7, "inception_c": 3}),
    *shapes(
        f"{_PAPER}, Figures 3 to 9",
        {
            "stem.conv1": (32, 149, 149), "stem.conv2": (32, 147, 147), "stem.conv3": (64, 147, 147),
            "stem.mixed1": (160, 73, 73),
            "stem.mixed2": (192, 71, 71), "stem": (384, 35, 35), "inception_a": (384, 35, 35), "reduction_a": (1024, 17, 17),
            "inception_b": (1024, 17, 17), "reduction_b": (1536, 8, 8), "inception_c": (1536, 8, 8), "pool": (1536, 1, 1),
        },
    ),
    *parts(
        "width", f"{_PAPER}, Table 1 (k, l, m, n)",
        {"reduction_a.branch2.0": 192, "reduction_a.branch2.1": 224, "reduction_a.branch2.2": 256, "reduction_a.branch1": 384},
    ),
    Claim(quantity="blocks", of="inception_a", value=4, source=READING_NOTE),
    Claim(
        quantity="blocks", of="inception_b", value=5, source=READING_NOTE, expect="differs", correct=7,
        because="Figure 9 has seven; the table of the Inception-v3 paper has five", because_source=f"{_PAPER}, Figure 9",
    ),
    Claim(quantity="blocks", of="inception_c", value=3, source=READING_NOTE),
    Claim(
        quantity="params_ratio", of="inception_a.0", than="inception_v3", value=1.0,
        source=READING_NOTE + ": Inception-A is Inception-v3's",
        expect="differs", correct=round(_V4_A / _V3_A, 2),
        because="two 3x3 instead of a 5x5, and wider: 384 channels instead of 256 to 288",
        because_source=f"{_PAPER}, Figure 4",
    ),
    Claim(
        quantity="params_ratio", of="reduction_a", than="inception_v3", value=1.0,
        source=READING_NOTE + ": Reduction-A is Inception-v3's",
        expect="differs", correct=round(_V4_REDUCTION / _V3_REDUCTION, 2),
        because="the same layout with other filters: k, l, m, n = 192, 224, 256, 384 against 64, 96, 96, 384",
        because_source=f"{_PAPER}, Table 1",
    ),
    Claim(
        quantity="depth_ratio", than="inception_v3", value=1.0, relation=">", source=READING_NOTE + ": deeper than Inception-v3",
    ),
)  # fmt: skip
