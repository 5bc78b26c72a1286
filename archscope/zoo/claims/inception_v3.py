"""Published figures of Inception-v3."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import SINGLE, errors, torchvision

_PAPER = "Szegedy et al. 2015"
_SLIM = "tensorflow/models, research/slim/nets/inception_v3.py"
_OUTLINE = "the paper counts a network of its Table 1, whose stem and modules are not those of the network that was released "
"as Inception-v3"
_SUBSET = "48,238 images of ILSVRC-2012 validation"
_NO_GAMMA = "the released normalisations have no scale (gamma), here they have one per channel"

INCEPTION_V3: tuple[Claim, ...] = (
    Claim(quantity="params", value=25e6, relation="<", source=f"{_PAPER}, abstract"),
    Claim(
        quantity="macs", value=5e9, unit=1e9, source=f"{_PAPER}, abstract", expect="differs", correct=5_713_216_096,
        because=_OUTLINE + " (4.8 in its Table 3)", because_source=_SLIM,
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
    Claim(
        quantity="keras_params", value=23_851_784, source="Keras Applications, total", expect="convention",
        because="Keras counts the moving means and variances as parameters, and this network has no gammas",
        because_source="Keras, count_params",
    ),
    *errors(f"{_PAPER}, Table 3", f"{_SUBSET}, single crop", 21.2, 5.6),
    *errors(f"{_PAPER}, Table 4", f"{_SUBSET}, 12 crops", 19.47, 4.48),
    *errors(f"{_PAPER}, Table 4", f"{_SUBSET}, 144 crops", 18.77, 4.2),
    *errors("Szegedy et al. 2016, Table 4", "ILSVRC-2012 validation, 144 crops", 18.9, 4.3),
    *errors("tensorflow/models, research/slim/README.md", SINGLE, 22.0, 6.1),
    *torchvision(27_161_264, 5.713, 77.294, 93.45, aux_heads=True),
)  # fmt: skip
