"""Signal propagation plots: Brock, De and Smith, "Characterizing signal propagation to close the performance gap in unnormalized
ResNets", ICLR 2021 (arXiv 2101.08692), section 3, with the gradient beside them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from archscope import units
from archscope.charts import draw_signal
from archscope.charts.chart import Chart, Range, Track, chart_kind

_PANELS = (
    ("variance", "average channel variance"),
    ("mean_squared", "average channel squared mean"),
    ("branch_variance", "variance at the end of the residual branch"),
    ("gradient_norm", "norm of the gradient by the activations"),
)


@chart_kind("signal", draw_signal.draw, takes="signals")
def signal(signals: Sequence[Mapping[str, Any]]) -> Chart:
    """What a signal does along the depth: means, variances, residual branches, gradients.

    Arguments:
        signals: as `archscope signal --out signal.json` writes them.
    """
    shown = [(key, title) for key, title in _PANELS if any(_has(one, key) for one in signals)]
    tracks = tuple(_track(one, [key for key, _ in shown]) for one in signals)
    return Chart(
        "signal", "Signal propagation", _subtitle(signals), tracks, "convolutions and linear layers so far",
        tuple(title for _, title in shown), ("",) * len(shown),
    )  # fmt: skip


def _body(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The places before the head; all of them where these are less than three."""
    before = [place for place in one["places"] if place["stage"] != "head"]
    return before if len(before) > 2 else list(one["places"])


def _has(one: Mapping[str, Any], key: str) -> bool:
    return any(_range(place, key) is not None for place in _body(one))


def _track(one: Mapping[str, Any], keys: Sequence[str]) -> Track:
    places = _body(one)
    begins, before = [], None
    for place in places:
        if place["stage"] != before and before is not None:
            begins.append((place["depth"], place["stage"]))
        before = place["stage"]
    training = one.get("training")
    name = f"{one['label']}, after {training['steps']} steps" if training else one["label"]
    panels = tuple(tuple(_range(place, key) for place in places) for key in keys)
    return Track(name, tuple(p["depth"] for p in places), panels, tuple(p["path"] or p["type"] for p in places), tuple(begins))


def _range(place: Mapping[str, Any], key: str) -> Range | None:
    """Smallest, median and largest over the samples; None where some sample has no value."""
    found = place["values"].get(key) or []
    if not found or any(value is None for value in found):
        return None
    ordered = sorted(found)
    half = len(ordered) // 2
    return ordered[0], ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2, ordered[-1]


def _subtitle(signals: Sequence[Mapping[str, Any]]) -> str:
    inputs = dict.fromkeys(" and ".join(units.shape(tuple(shape)) for shape in one["inputs"]) for one in signals)
    batches, modes, inits = (dict.fromkeys(str(one[key]) for one in signals) for key in ("batch", "mode", "init"))
    counts = sorted({len(one["seeds"]) for one in signals})
    samples = " or ".join(map(str, counts))
    spread = f"median of {samples} samples, shaded from the smallest to the largest" if counts != [1] else "one sample each"
    return (
        f"input {' or '.join(inputs)}, batch {' or '.join(batches)}, {' and '.join(modes)} mode, init {' and '.join(inits)}; "
        f"{spread}; marks: where a stage begins"
    )
