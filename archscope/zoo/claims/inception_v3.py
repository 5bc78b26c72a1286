"""Published figures of Inception-v3."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CADENE, SLIM_TABLE, accuracies, errors, keras, timm, torchvision

_PAPER = "Szegedy et al. 2015"
_SLIM = "tensorflow/models, research/slim/nets/inception_v3.py"
_OUTLINE = (
    "the paper counts a network of its Table 1, whose stem and modules are not those of the network that was released as "
    "Inception-v3"
)
_V4_PAPER = "Szegedy et al. 2016"
_HEAD = {"aux_heads": True}
_SUBSET = "48,238 images of ILSVRC-2012 validation"
_NO_GAMMA = "the released normalisations have no scale (gamma), here they have one per channel"

INCEPTION_V3: tuple[Claim, ...] = (
    Claim(quantity="params", value=25e6, relation="<", source=f"{_PAPER}, abstract"),
    Claim(
        quantity="macs", value=5e9, unit=1e9, source=f"{_PAPER}, abstract", expect="differs", correct=5_713_216_096,
        because=_OUTLINE + " (4.8 in its Table 3)", because_source=_SLIM,
    ),
    Claim(
        quantity="macs", value=4.8e9, unit=1e8, source=f"{_PAPER}, Table 3", expect="differs", correct=5_713_216_096,
        because=_OUTLINE, because_source=_SLIM,
    ),
    Claim(
        quantity="depth", value=42, source=f"{_PAPER}, sec. 6", expect="differs", correct=48, because=_OUTLINE,
        because_source=_SLIM,
    ),
    Claim(
        quantity="macs_ratio", than="googlenet", value=2.5, unit=0.1, source=f"{_PAPER}, sec. 6", expect="differs", correct=3.61,
        because="3.8 / 1.5 of its Table 3: the first Inception-v2 of the paper, not Inception-v3",
        because_source=f"{_PAPER}, Table 3",
    ),
    Claim(
        quantity="params_without_gamma", value=23_817_352, source=f"{_SLIM} and Keras, trainable", expect="convention",
        because=_NO_GAMMA, because_source=_SLIM,
    ),
    Claim(
        quantity="params_without_gamma", value=27_143_152, options={"aux_heads": True}, source=f"{_SLIM}, with auxiliary head",
        expect="convention", because=_NO_GAMMA, because_source=_SLIM,
    ),
    *errors(f"{_PAPER}, Table 3", f"{_SUBSET}, single crop", 21.2, 5.6),
    *errors(f"{_PAPER}, Table 4", f"{_SUBSET}, 12 crops", 19.47, 4.48),
    *errors(f"{_PAPER}, Table 4", f"{_SUBSET}, 144 crops", 18.77, 4.2),
    *errors(f"{_PAPER}, Table 5, four networks", f"{_SUBSET}, 144 crops", 17.2, 3.46),
    *errors(f"{_PAPER}, Table 5 (arXiv v3), four networks", "ILSVRC-2012 test, 144 crops", top5=3.58),
    *errors(f"{_V4_PAPER}, Table 2", "about 48,300 images of ILSVRC-2012 validation, single crop", 21.2, 5.6),
    *errors(f"{_V4_PAPER}, Table 3", "ILSVRC-2012 validation, 12 crops", 19.8, 4.6),
    *errors(f"{_V4_PAPER}, Table 4", "ILSVRC-2012 validation, 144 crops", 18.9, 4.3),
    *errors(f"{_V4_PAPER}, Table 5, four networks", "ILSVRC-2012 validation, 144 crops", 17.3, 3.6),
    *accuracies(SLIM_TABLE, 78.0, 93.9),
    *torchvision(27_161_264, 5.713, 103.903, (77.294, 93.45), params_of=_HEAD, file=_HEAD),
    *timm(23.83, (5.73, 8.97)),
    *keras(23_851_784, 92, 21.8, (159, 189), (77.9, 93.7), (77.898, 93.72), "keras_params"),
    *accuracies(CADENE, 77.294, 93.454),
)  # fmt: skip
