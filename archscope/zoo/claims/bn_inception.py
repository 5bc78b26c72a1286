"""Published figures of BN-Inception."""

from archscope.zoo.cards import Claim
from archscope.zoo.claims.forms import CADENE, SINGLE, SLIM_TABLE, accuracies, errors, shapes

_PAPER = "Ioffe and Szegedy 2015"
_SLIM = "tensorflow/models, research/slim/nets/inception_v2.py"
_FIGURE = f"{_PAPER}, Figure 5"
_CROPS = "ILSVRC-2012 validation, 144 crops"

BN_INCEPTION: tuple[Claim, ...] = (
    Claim(
        quantity="params", value=13.6e6, unit=1e5, source=f"{_PAPER}, sec. 4.2", expect="differs", correct=11_188_288,
        because="no reading of Figure 5 comes near: 11.19 to 11.30 million by what becomes of the pool projections and the "
        "first convolution; "
        "how the authors counted is not said",
        because_source=_FIGURE,
    ),
    Claim(
        quantity="macs", value=2.0e9, unit=1e8, options={"conv1": "dense"}, source="Szegedy et al. 2015, Table 3",
        expect="convention",
        because="with a dense first convolution; the figure's separable one makes it 1.9", because_source=_FIGURE,
    ),
    *shapes(
        _FIGURE,
        {
            "conv1": (64, 112, 112), "pool1": (64, 56, 56), "conv2": (192, 56, 56), "pool2": (192, 28, 28),
            "inception_3a": (256, 28, 28), "inception_3b": (320, 28, 28), "inception_3c": (576, 14, 14),
            "inception_4a": (576, 14, 14), "inception_4b": (576, 14, 14), "inception_4c": (576, 14, 14),
            "inception_4d": (576, 14, 14), "inception_4e": (1024, 7, 7), "inception_5a": (1024, 7, 7),
            "inception_5b": (1024, 7, 7), "pool": (1024, 1, 1),
        },
    ),
    *(
        Claim(
            quantity="width", of=f"{part}.branch4.1", value=128, source=_FIGURE, expect="differs", correct=96,
            because="with 128 the module has 608 channels, not the 576 that the figure prints beside it; the authors' "
            "released code has 96",
            because_source=_SLIM,
        )
        for part in ("inception_4c", "inception_4d")
    ),
    Claim(
        quantity="params_without_gamma", value=11_178_336, source=_SLIM, expect="convention",
        because="the released normalisations have no scale (gamma), here they have one per channel", because_source=_SLIM,
    ),
    *errors(f"{_PAPER}, Figure 4", SINGLE, 25.2, 7.82),
    *errors(f"{_PAPER}, Figure 4", _CROPS, 21.99, 5.82),
    *errors(f"{_PAPER}, Figure 4, six networks", _CROPS, 20.1, 4.9),
    *errors("Szegedy et al. 2015, Table 3", "48,238 images of ILSVRC-2012 validation, single crop", 25.2, 7.8),
    *errors("Szegedy et al. 2016, Table 2", "about 48,300 images of ILSVRC-2012 validation, single crop", 25.2, 7.8),
    *accuracies(SLIM_TABLE, 73.9, 91.8),
)  # fmt: skip

BN_INCEPTION_CAFFE: tuple[Claim, ...] = (
    *(Claim(quantity="width", of=f"{part}.branch4.1", value=128, source=_FIGURE) for part in ("inception_4c", "inception_4d")),
    *accuracies(CADENE, 73.524, 91.562),
)
