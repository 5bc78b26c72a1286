"""Figures -> words: whether the signal keeps its size, what the residual branches add, whether units are dead. No torch.

The rules, and where they come from:

- By how much the standard deviation of the activations, and the norm of their gradients, changes from the first place to the
  last before the head. He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015 (arXiv 1502.01852), section 2.2: a
  factor per layer compounds exponentially; their 30-layer network, in which it compounds to 1/√2 per layer, that is about 10^4.2
  in all, "completely stalls", and they hold a gradient that is 1.7e4 times too small for the cause of others' diminishing
  gradients; their 22-layer network, about 10^3 in all, still trains.
      below 10        steady (our convention)
      10 to 10^3      grows or shrinks
      10^3 to 1.7e4   strongly
      above 1.7e4     explodes or vanishes
- Exponential or linear: whether log variance or variance is nearer to a straight line over the places (the correlation squared).
  De and Smith, "Batch normalization biases residual blocks towards the identity function in deep networks", NeurIPS 2020 (arXiv
  2002.10444), section 2: without normalisation the variance of a residual sum doubles with each block, with batch
  normalisation on the branch it grows by one.
- Branch over shortcut: the same paper, table 1: a normalised branch is 1/(l + 1) of the variance at block l.
- Dead units: Szegedy, Ioffe, Vanhoucke and Alemi (arXiv 1602.07261), section 3.3: with more than 1,000 filters "the last layer
  before the average pooling started to produce only zeros".
"""

from math import log10, sqrt

from archscope import units
from archscope.signal.records import Place, Signal

STEADY, STRONG, BROKEN = 10.0, 1e3, 1.7e4


def verdict(signal: Signal) -> list[str]:
    """What the figures say, one sentence each."""
    if signal.broken:
        return [f"Not finite: the first value that is no finite number is in {signal.broken}."]
    lines = [_forwards(signal), _backwards(signal), _branches(signal), _dead(signal), _collapse(signal)]
    return [line for line in lines if line]


def rule() -> str:
    """The thresholds, in one sentence."""
    return (
        f"Verdict: steady where standard deviation or gradient changes by less than {STEADY:g} over the depth, strong from "
        f"{STRONG:g} (He et al. 2015 train through that), explodes or vanishes from {BROKEN:g} (there they see training stall)."
    )


def size(factor: float) -> str:
    """A change in words: by how much a standard deviation or norm changes."""
    amount = max(factor, 1 / factor)
    up = factor >= 1
    if amount < STEADY:
        return "steady"
    if amount < STRONG:
        return "grows" if up else "shrinks"
    if amount < BROKEN:
        return "grows strongly" if up else "shrinks strongly"
    return "explodes" if up else "vanishes"


def along(signal: Signal, key: str) -> list[tuple[Place, float]]:
    """The places before the head that have a positive value of a figure."""
    return [(place, value) for place in signal.body if (value := place.typical(key)) is not None and value > 0]


def _forwards(signal: Signal) -> str:
    found = along(signal, "variance")
    zeros = [place for place in signal.body if place.typical("variance") == 0]
    if zeros:
        return f"The signal dies: no variance is left from {zeros[0].path or zeros[0].type} on."
    if len(found) < 2:
        return ""
    first, last = found[0][1], found[-1][1]
    word = size(sqrt(last / first))
    per_place = (last / first) ** (1 / (len(found) - 1))
    how = "" if word == "steady" else f", x{per_place:.3g} per place{_course([value for _, value in found])}"
    return f"Variance: {word}, from {first:.3g} to {last:.3g} over {_span(found)}{how}{_peak(found)}."


def _backwards(signal: Signal) -> str:
    found = along(signal, "gradient_norm")
    lost = [place for place in signal.body if place.typical("gradient_norm") == 0]
    if lost:
        return f"The gradient is zero at {lost[-1].path or lost[-1].type} and {len(lost) - 1} other places."
    if len(found) < 2:
        return ""
    first, last = found[0][1], found[-1][1]
    return (
        f"Gradient, on its way back: {size(first / last)}, by 10^{log10(first / last):+.1f} over {_span(found)} "
        f"({last:.3g} at the last, {first:.3g} at the first)."
    )


def _peak(found: list[tuple[Place, float]]) -> str:
    """Where it is largest in between, if that is more than twice what both ends have."""
    place, most = max(found, key=lambda pair: pair[1])
    return f"; at most {most:.3g} ({place.path or place.type})" if most > 2 * max(found[0][1], found[-1][1]) else ""


def _span(found: list[tuple[Place, float]]) -> str:
    layers = found[-1][0].depth - found[0][0].depth
    return f"{len(found)} places, {layers} layer{'s' * (layers != 1)}"


def _course(values: list[float]) -> str:
    """Whether it is an exponential or a straight line; nothing where neither fits."""
    if len(values) < 5:
        return ""
    straight, curved = _fit(values), _fit([log10(value) for value in values])
    if max(straight, curved) < 0.9:
        return ", unevenly"
    return (
        ", exponentially" if curved >= straight else f", in a straight line (+{(values[-1] - values[0]) / (len(values) - 1):.3g})"
    )


def _fit(values: list[float]) -> float:
    """The squared correlation with the number of the place."""
    count = len(values)
    x, y = (count - 1) / 2, sum(values) / count
    xx, yy = sum((n - x) ** 2 for n in range(count)), sum((value - y) ** 2 for value in values)
    xy = sum((n - x) * (value - y) for n, value in enumerate(values))
    return xy * xy / (xx * yy) if yy > 0 else 0.0


def _branches(signal: Signal) -> str:
    found = along(signal, "branch_ratio")
    if not found:
        return (
            "" if any("variance" in place.values for place in signal.places) and len(signal.places) < 3 else "No residual sums."
        )
    first, last = found[0][1], found[-1][1]
    least, most = min(value for _, value in found), max(value for _, value in found)
    return (
        f"Residual branches over shortcuts, in variance: {first:.3g} at the first of {len(found)}, {last:.3g} at the last, "
        f"between {least:.3g} and {most:.3g}."
    )


def _dead(signal: Signal) -> str:
    found = [(place, value) for place in signal.places if (value := place.typical("dead")) is not None]
    if not found:
        return "Dead units: none can be told, no place hands on only values of one sign."
    most, worst = max(((value, place) for place, value in found), key=lambda pair: pair[0])
    last, share = found[-1]
    if not most:
        return f"Dead units: none at {len(found)} places."
    everything = " It produces only zeros." if share == 1 else ""
    where = [place.path or place.type for place in (worst, last)]
    return f"Dead units: {units.share(most)} at most ({where[0]}); {units.share(share)} at the last ({where[1]}).{everything}"


def _collapse(signal: Signal) -> str:
    found = [(place, value) for place in signal.body if (value := place.typical("rank")) is not None and place.rank_limit]
    if not found:
        return ""
    (first, start), (last, end) = found[0], found[-1]
    return f"Directions filled: {start:.1f} of {first.rank_limit} at the first place, {end:.1f} of {last.rank_limit} at the last."
