"""Short ways to write the claims that come in rows."""

from collections.abc import Mapping
from typing import Literal

from archscope.zoo.cards import Claim, OptionValue

SINGLE = "ILSVRC-2012 validation, single crop"
TEN = "ILSVRC-2012 validation, 10 crops"
SLIM_TABLE = "tensorflow/models, research/slim/README.md"
CADENE = "Cadene's pretrained-models.pytorch, README"
TIMM = "timm, results/benchmark-infer-*.csv"
KERAS_2020 = "Keras Applications, table of 2020"
KERAS_NOW = "Keras Applications, today's table"
KERAS_README = "keras-applications, README"

CNBLOGS = "a cnblogs post on residual networks and Inception-ResNet"
READING_NOTE = "a CSDN reading note on the Inception-v4 paper"
ARTICLE = "a 506064.com article on Inception-ResNet"
CNN_TUTORIAL = "a Tencent Cloud tutorial on CNNs"
RESNET_TUTORIAL = "a tutorial on deep residual learning"

MIB = 2**20
Options = Mapping[str, OptionValue]


def errors(source: str, protocol: str, top1: float | None = None, top5: float | None = None) -> tuple[Claim, ...]:
    """Error rates in percent, as reported: they need the trained weights and the data."""
    rates = (("top1_error", top1), ("top5_error", top5))
    return tuple(
        Claim(quantity=name, value=rate, source=source, protocol=protocol, expect="reported")
        for name, rate in rates
        if rate is not None
    )


def accuracies(source: str, top1: float, top5: float, protocol: str = SINGLE) -> tuple[Claim, ...]:
    """The errors of what was published as accuracies, in percent."""
    return errors(source, protocol, round(100 - top1, 3), round(100 - top5, 3))


def shapes(source: str, outputs: Mapping[str, tuple[int, ...]]) -> tuple[Claim, ...]:
    """Output shapes of parts, channels first."""
    return tuple(Claim(quantity="shape", of=part, value=shape, source=source) for part, shape in outputs.items())


def parts(quantity: str, source: str, values: Mapping[str, int]) -> tuple[Claim, ...]:
    """A figure of each part."""
    return tuple(Claim(quantity=quantity, of=part, value=value, source=source) for part, value in values.items())


def torchvision(
    params: int,
    gmacs: float,
    mib: float,
    accuracy: tuple[float, float] | None,
    weights: str = "IMAGENET1K_V1",
    *,
    params_of: Options | None = None,
    file: Options | None = None,
) -> tuple[Claim, ...]:
    """What torchvision's metadata say; its "GFLOPS" are multiply-accumulates, its accuracies are of a single crop.

    Arguments:
        mib: size of the file of weights.
        accuracy: top-1 and top-5, in percent; None where the weights are not for classification.
        params_of, file: arguments of the variants whose parameters it counts and whose weights the file holds.
    """
    source = f"torchvision, metadata of the {weights} weights"
    return (
        Claim(quantity="params", value=params, source=source, options=dict(params_of or {})),
        Claim(quantity="macs", value=gmacs * 1e9, unit=1e6, source=source),
        Claim(
            quantity="state_bytes", value=mib * MIB, relation="about", unit=0.002, source=source, options=dict(file or {}),
            expect="convention", because="of the file, in MiB: parameters and buffers, and up to 0.2% of names and headers",
            because_source="torch.save",
        ),
        *(accuracies(source, *accuracy) if accuracy else ()),
    )  # fmt: skip


def timm(params: float, counts: tuple[float, float], at: Mapping[int, tuple[float, float]] | None = None) -> tuple[Claim, ...]:
    """What timm's tables say: millions of parameters, G multiply-accumulates and M activations at the network's own input, and
    at others by their side.
    """
    sizes: dict[tuple[int, ...], tuple[float, float]] = {(): counts}
    sizes |= {(3, side, side): row for side, row in (at or {}).items()}
    fvcore = "fvcore's count: batch normalisations at 2 per element and adaptive pooling are in it"
    return (
        Claim(quantity="params", value=params * 1e6, unit=1e4, source=TIMM),
        *(
            claim
            for input, (gmacs, mactivations) in sizes.items()
            for claim in (
                Claim(
                    quantity="fvcore_macs", value=gmacs * 1e9, unit=1e7, source=TIMM, input=input, expect="convention",
                    because=fvcore, because_source="fvcore, fvcore/nn/flop_count.py",
                ),
                Claim(quantity="neurons", value=mactivations * 1e6, unit=1e4, source=TIMM, input=input),
            )
        ),
    )  # fmt: skip


def keras(
    params: int,
    mib: int,
    features: float,
    depths: tuple[int | None, int],
    accuracy: tuple[float, float],
    readme: tuple[float, float],
    counted: Literal["params", "params_and_statistics", "keras_params"] = "params_and_statistics",
) -> tuple[Claim, ...]:
    """What the tables of Keras say.

    Arguments:
        params: with the top, to the last digit.
        mib: size of the file of weights.
        features: parameters without the top, in millions.
        depths: layers on the longest path, in the table of 2020; layers with parameters, in today's.
        accuracy, readme: top-1 and top-5, in percent: in the table of 2020, and in the package's README.
        counted: which parameters it counts.
    """
    full = "params_and_statistics" if counted == "params" else counted  # where nothing is normalised, the two are one
    path, weighted = depths
    return (
        _counted(counted, params, 0, f"{KERAS_2020}, total"),
        _counted(counted, round(params, -5), 1e5, KERAS_NOW),
        _counted(counted, round(params, -5), 1e5, KERAS_README),
        _counted(f"{full}_no_top", features * 1e6, 1e5, f"{KERAS_README}, include_top=False"),
        Claim(
            quantity=f"{full}_bytes", value=mib * MIB, relation="about", unit=0.012, source=KERAS_2020, expect="convention",
            because="of the file, in MiB: four bytes a number, and up to 1.2% of names and structure", because_source="HDF5",
        ),
        *([_layers("keras_depth", path, KERAS_2020, _PATH)] if path is not None else []),
        _layers("layers_with_params", weighted, KERAS_NOW, "all layers with parameters, normalisations among them"),
        *accuracies(KERAS_2020, *accuracy),
        *accuracies(KERAS_README, *readme),
    )  # fmt: skip


_PATH = "every layer on the longest path of the Keras network, input and activation functions among them"


def _counted(quantity: str, value: float, unit: float, source: str) -> Claim:
    """Parameters by Keras's convention; without batch normalisation it is everybody's."""
    if quantity == "params":
        return Claim(quantity=quantity, value=value, unit=unit, source=source)
    no_gamma = ", and this network has no gammas" if quantity.startswith("keras") else ""
    return Claim(
        quantity=quantity, value=value, unit=unit, source=source, expect="convention",
        because=f"Keras counts the moving means and variances as parameters{no_gamma}", because_source="Keras, count_params",
    )  # fmt: skip


def _layers(quantity: str, value: int, source: str, because: str) -> Claim:
    return Claim(
        quantity=quantity, value=value, source=source, expect="convention", because=because, because_source=source
    )  # fmt: skip
