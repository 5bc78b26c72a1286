"""What was found along a network: figures for each place and each sample. Frozen records; no torch."""

from collections.abc import Sequence
from math import isfinite
from statistics import median
from typing import Any, NamedTuple

import msgspec

SCHEMA_VERSION = 1
KIND = "archscope signal"

Values = list[float | None]  # one for each sample; None where the figure does not exist


class Figure(NamedTuple):
    """A figure that is read at every place: its key in files, its head in a table, what it is."""

    key: str
    title: str
    says: str


FIGURES = (
    Figure("mean_squared", "mean²", "average over the channels of the squared channel mean"),
    Figure("variance", "variance", "average over the channels of the channel variance"),
    Figure("second_moment", "moment", "mean of the squared values"),
    Figure("branch_mean_squared", "branch mean²", "mean² of the residual branch where it enters the sum"),
    Figure("branch_variance", "branch var", "variance of the residual branch where it enters the sum"),
    Figure("shortcut_mean_squared", "shortcut mean²", "mean² of the shortcut where it enters the sum"),
    Figure("shortcut_variance", "shortcut var", "variance of the shortcut where it enters the sum"),
    Figure("branch_ratio", "branch/short", "variance of the residual branch over that of the shortcut"),
    Figure("dead", "dead", "share of channels that no example makes positive anywhere, where no value is negative"),
    Figure("rank", "rank", "participation ratio of the channels' covariance: how many directions the activations fill"),
    Figure("gradient_norm", "gradient", "norm of the loss's gradient by the activations"),
    Figure("weight_norm", "|w|", "norm of the place's weights"),
    Figure("weight_gradient_norm", "|∂w|", "norm of the loss's gradient by the place's weights"),
    Figure("update_ratio", "update/w", "norm of one step of SGD over the norm of the weights"),
)
BY_KEY = {figure.key: figure for figure in FIGURES}


class Place(msgspec.Struct, frozen=True):
    """One place along the depth.

    Attributes:
        path, type: of the module, or what the layer does.
        stage: the stage that it belongs to: "stem", "35x35", "head".
        depth: convolutions, linear layers and products with weights that have run up to here.
        shape: of what it hands on, without the batch.
        rank_limit: the largest rank that so many examples and places could show.
        values: one value per sample, by the key of the figure.
        modules: paths of the modules that make up a layer; () for more than a layer.
    """

    path: str
    type: str
    stage: str
    depth: int
    shape: tuple[int, ...]
    rank_limit: int = 0
    values: dict[str, Values] = {}
    modules: tuple[str, ...] = ()

    def of(self, key: str) -> Values:
        """The values of one figure; nothing but None where it does not exist here."""
        return self.values.get(key, [])

    def typical(self, key: str) -> float | None:
        """The median over the samples; None where some sample has no finite value, or there is none."""
        found = self.of(key)
        known = [value for value in found if value is not None and isfinite(value)]
        return median(known) if known and len(known) == len(found) else None

    def spread(self, key: str) -> float | None:
        """From the smallest to the largest value of the samples; None for one sample."""
        known = [value for value in self.of(key) if value is not None and isfinite(value)]
        return max(known) - min(known) if len(known) > 1 else None


class Weight(msgspec.Struct, frozen=True):
    """One weight: its norm, its gradient's, and one step of SGD over it, for each sample."""

    name: str
    shape: tuple[int, ...]
    norm: Values
    gradient_norm: Values
    update_ratio: Values


class Training(msgspec.Struct, frozen=True):
    """What was done before the figures were read.

    Attributes:
        losses: of every step, for each sample.
    """

    steps: int
    optimizer: str
    learning_rate: float
    data: str
    losses: list[Values] = []


class Signal(msgspec.Struct, frozen=True):
    """A network, and what a signal does in it.

    Attributes:
        name: of the network; label: with the setting that sets it apart from others beside it.
        source, options: what loads it again.
        inputs: shapes without the batch.
        batch, mode, dtype, init, seeds: the circumstances; one sample for each seed.
        data: what went in, in words.
        by: "layer", "block", "stage" or "depth 2".
        learning_rate: of the step that `update_ratio` is of.
        losses: for each sample; None where no loss could be taken.
        training: what was done before; None at initialisation.
        broken: where the first value is that is no finite number, and what wrote it; "" for nowhere.
        notes: what makes the figures less than whole.
    """

    name: str
    label: str
    source: str
    inputs: tuple[tuple[int, ...], ...]
    batch: int
    mode: str
    dtype: str
    init: str
    data: str
    by: str
    learning_rate: float
    seeds: list[int]
    places: list[Place]
    weights: list[Weight]
    losses: Values
    loss: str = ""
    options: dict[str, Any] = {}
    training: Training | None = None
    broken: str = ""
    notes: list[str] = []
    torch: str = ""
    threads: int = 0
    seconds: float = 0.0

    @property
    def body(self) -> list[Place]:
        """The places before the head: those that a reader means by depth. All of them where these are less than three."""
        before = [place for place in self.places if place.stage != "head"]
        return before if len(before) > 2 else self.places


class Signals(msgspec.Struct, frozen=True):
    """Several, as they are saved."""

    signals: list[Signal]
    kind: str = KIND
    schema_version: int = SCHEMA_VERSION


def merged(samples: Sequence[dict[str, float | None]]) -> dict[str, Values]:
    """One list per figure from one dictionary per sample."""
    keys = dict.fromkeys(key for sample in samples for key in sample)
    return {key: [sample.get(key) for sample in samples] for key in keys}
