"""Statistics of running times: order statistics, because running times have a floor and a long tail. Standard library only.

Every function takes the raw times and gives a plain number; None where the sample is too small for the statistic to exist.
"""

import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import comb, sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
SURE = 0.99  # of ratios
Sample = Sequence[float]
Interval = tuple[float, float]


def quantile(sample: Sample, q: float) -> float:
    """The value below which the share `q` of the sample lies, interpolated (Hyndman and Fan 1996, definition 7).

    Raises `ValueError` for an empty sample.
    """
    if not sample:
        raise ValueError("the quantile of no values")
    ordered = sorted(sample)
    at = q * (len(ordered) - 1)
    low = min(int(at), len(ordered) - 2) if len(ordered) > 1 else 0
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(sample: Sample) -> float:
    """The middle of the sample. Raises `ValueError` for an empty one."""
    return quantile(sample, 0.5)


def interquartile_range(sample: Sample) -> float | None:
    """The width of the middle half; None below 4 values."""
    return quantile(sample, 0.75) - quantile(sample, 0.25) if len(sample) >= 4 else None


def tail(sample: Sample, q: float) -> float | None:
    """A high quantile, if the sample has a value beyond it: p90 needs 10, p99 needs 100."""
    return quantile(sample, q) if len(sample) * (1 - q) >= 1 - 1e-9 else None


def median_interval(sample: Sample, confidence: float = CONFIDENCE) -> Interval | None:
    """A confidence interval of the median between two order statistics, by the binomial distribution; no assumption of shape.

    Source: Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2. None where the whole sample is too small
        (below 6 at 95%).
    """
    rank = _lowest_rank(len(sample), confidence)
    if rank is None:
        return None
    ordered = sorted(sample)
    return ordered[rank], ordered[len(ordered) - 1 - rank]


@lru_cache(maxsize=1024)
def _lowest_rank(count: int, confidence: float) -> int | None:
    """The largest r for which P(Binomial(count, 1/2) <= r) is at most half of what the interval may miss."""
    if count >= 1000:  # the powers of two would overflow; the normal approximation is exact enough
        return int(count / 2 - NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(count) / 2 - 1)
    allowed = (1 - confidence) / 2 * 2.0**count
    below, rank = 0, -1
    while rank + 1 <= count // 2 and below + comb(count, rank + 1) <= allowed:
        rank += 1
        below += comb(count, rank)
    return rank if rank >= 0 else None


def bootstrap_interval(
    sample: Sample,
    statistic: Callable[[Sample], float] = median,
    confidence: float = CONFIDENCE,
    resamples: int = 2000,
    seed: int = 0,
    run: int = 1,
) -> Interval | None:
    """The percentile bootstrap interval of a statistic: the same sample gives the same interval.

    Arguments:
        run: neighbours that are drawn together, for values that depend on those before them.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13; with runs, the circular block bootstrap
    of Politis and Romano (1992). None below 5 values.
    """
    if len(sample) < 5:
        return None
    draw = random.Random(seed)
    values = list(sample)
    count = len(values)
    runs = [[values[(at + n) % count] for n in range(run)] for at in range(count)]

    def resample() -> list[float]:
        drawn = draw.choices(runs, k=-(-count // run))
        return [value for part in drawn for value in part][:count]

    found = sorted(statistic(resample()) for _ in range(resamples))
    return quantile(found, (1 - confidence) / 2), quantile(found, (1 + confidence) / 2)


def pairwise_ratio(times: Sequence[Sample], baseline: Sequence[Sample]) -> tuple[float, Interval | None] | None:
    """How many times the baseline's time: the median over the rounds of median / median, with its bootstrap interval.

    Arguments:
        times, baseline: the runs of each round, of two that ran in turn in each; what only one of them has is left out.

    A drift of the machine is the same in both halves of a pair and cancels. Who runs first may be slower for it: from 10 rounds
    on, each round is joined with the next, where the order is the other way round, by their geometric mean. A disturbance lasts
    longer than a round, so neighbours are drawn together. None without a common round.
    """
    ratios = [median(a) / median(b) for a, b in zip(times, baseline, strict=False) if a and b and median(b) > 0]
    if len(ratios) >= 10:
        ratios = [sqrt(first * second) for first, second in zip(ratios[::2], ratios[1::2], strict=False)]
    return (
        (median(ratios), bootstrap_interval(ratios, confidence=SURE, run=max(1, round(len(ratios) ** (1 / 3)))))
        if ratios
        else None
    )


def outliers(sample: Sample) -> int:
    """How many values lie above the outer fence, the third quartile and 3 interquartile ranges (Tukey 1977, chapter 2)."""
    width = interquartile_range(sample)
    if not width:
        return 0
    fence = quantile(sample, 0.75) + 3 * width
    return sum(value > fence for value in sample)


def trend(sample: Sample) -> float:
    """The z score of the Mann-Kendall test for a trend over time (Mann 1945): above 0 is rising; 0 below 8 values.

    Kendall's tau of values against their order, over its standard error when there is no trend; ties count half.
    """
    count = len(sample)
    if count < 8:
        return 0.0
    rising = 0.0
    seen: list[float] = []
    for value in sample:
        low = bisect_left(seen, value)
        high = low
        while high < len(seen) and seen[high] == value:
            high += 1
        rising += low - (len(seen) - high)
        seen.insert(low, value)
    return rising / sqrt(count * (count - 1) * (2 * count + 5) / 18)


def change(sample: Sample) -> float:
    """The median of the last third over that of the first third, less 1: 0.05 is 5% slower at the end. 0 below 6 values."""
    third = len(sample) // 3
    return median(sample[-third:]) / median(sample[:third]) - 1 if third >= 2 else 0.0
