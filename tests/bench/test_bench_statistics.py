"""The statistics against numpy and scipy, and the interval of a ratio against its promise."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from archscope.bench.results import statistics

times = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=60)


def lognormal(count, seed=0, sigma=0.05):
    draw = random.Random(seed)
    return [0.1 * draw.lognormvariate(0, sigma) for _ in range(count)]


@given(times, st.floats(0, 1))
def test_quantile_is_numpys(sample, q):
    assert statistics.quantile(sample, q) == pytest.approx(np.quantile(sample, q), rel=1e-9)


def test_quantile_of_nothing_raises():
    with pytest.raises(ValueError, match="no values"):
        statistics.quantile([], 0.5)


def test_interquartile_range_is_scipys():
    sample = lognormal(37)
    assert statistics.interquartile_range(sample) == pytest.approx(stats.iqr(sample))
    assert statistics.interquartile_range(sample[:3]) is None


@pytest.mark.parametrize(("q", "least"), [(0.9, 10), (0.99, 100)])
def test_a_tail_exists_only_with_a_value_beyond_it(q, least):
    sample = lognormal(least)
    assert statistics.tail(sample, q) == pytest.approx(np.quantile(sample, q))
    assert statistics.tail(sample[:-1], q) is None


@pytest.mark.parametrize("count", [6, 7, 10, 25, 100, 333, 999])
def test_median_interval_is_scipys(count):
    sample = lognormal(count, seed=count)
    reference = stats.quantile_test(sample, q=0.0, p=0.5).confidence_interval(0.95)
    assert statistics.median_interval(sample) == pytest.approx((reference.low, reference.high))


def test_median_interval_of_many_is_close_to_scipys():
    sample = lognormal(5000)
    reference = stats.quantile_test(sample, q=0.0, p=0.5).confidence_interval(0.95)
    assert statistics.median_interval(sample) == pytest.approx((reference.low, reference.high), rel=1e-3)


def test_median_interval_needs_six():
    assert statistics.median_interval(lognormal(5)) is None


@pytest.mark.parametrize("statistic", [np.median, np.mean])
def test_bootstrap_interval_is_scipys(statistic):
    sample = lognormal(60)
    reference = stats.bootstrap(
        (sample,), statistic, method="percentile", n_resamples=20_000, rng=np.random.default_rng(1)
    ).confidence_interval  # fmt: skip
    own = statistics.bootstrap_interval(sample, lambda values: float(statistic(values)), resamples=5000)
    width = reference.high - reference.low
    assert own[0] == pytest.approx(reference.low, abs=width / 10)
    assert own[1] == pytest.approx(reference.high, abs=width / 10)


def test_bootstrap_interval_is_the_same_every_time():
    sample = lognormal(30)
    assert statistics.bootstrap_interval(sample) == statistics.bootstrap_interval(sample)
    assert statistics.bootstrap_interval(sample[:4]) is None


def test_trend_is_kendalls_tau_over_its_standard_error():
    sample = lognormal(40)
    tau = stats.kendalltau(range(40), sample).statistic
    assert statistics.trend(sample) == pytest.approx(tau * (40 * 39 / 2) / np.sqrt(40 * 39 * 85 / 18))
    assert statistics.trend(sorted(sample)) > 5
    assert statistics.trend([1.0] * 40) == 0
    assert statistics.trend(sample[:7]) == 0


def test_change_compares_the_last_third_with_the_first():
    assert statistics.change([2.0, 2.0, 9.0, 9.0, 3.0, 3.0]) == pytest.approx(0.5)
    assert statistics.change([1.0] * 5) == 0


def test_outliers_lie_beyond_the_outer_fence():
    sample = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]
    low, high = np.percentile(sample, [25, 75])
    fence = high + 3 * (high - low)
    assert statistics.outliers([*sample]) == 0
    assert statistics.outliers([*sample, *sample, *sample, fence + 10]) == 1
    assert statistics.outliers([1.0] * 10) == 0


def test_a_drift_that_hits_both_cancels_in_the_ratio():
    drift = [1 + 0.1 * n for n in range(20)]
    slow, fast = [[3 * d] for d in drift], [[2 * d] for d in drift]
    ratio, interval = statistics.pairwise_ratio(slow, fast)
    assert ratio == pytest.approx(1.5)
    assert interval == pytest.approx((1.5, 1.5))


def test_the_ratio_uses_common_rounds_only():
    assert statistics.pairwise_ratio([[2.0], [9.0]], [[1.0]]) == (2.0, None)
    assert statistics.pairwise_ratio([], [[1.0]]) is None


def contains_one(noise):
    """How many of 100 intervals of the ratio of equals contain 1; `noise()` gives the times of one session of both."""
    intervals = (statistics.pairwise_ratio(*noise())[1] for _ in range(100))
    return sum(low <= 1 <= high for low, high in intervals)


def test_the_interval_of_the_ratio_of_equals_contains_one():
    draw = random.Random(5)

    def noise():
        return tuple([[draw.lognormvariate(0, 0.2)] for _ in range(40)] for _ in range(2))

    # a promise of 99%, less four standard errors
    assert contains_one(noise) >= 95


def test_it_does_also_when_the_first_of_a_round_is_slower():
    draw = random.Random(6)

    def noise():
        late = [1.3 if n % 2 else 1.0 for n in range(40)]
        a = [[draw.lognormvariate(0, 0.05) * (2.3 - x)] for x in late]
        b = [[draw.lognormvariate(0, 0.05) * x] for x in late]
        return a, b

    assert contains_one(noise) >= 95


def test_values_that_depend_on_their_neighbours_have_a_wider_interval():
    draw = random.Random(7)
    level, sample = 0.0, []
    for _ in range(200):
        level = 0.9 * level + draw.gauss(0, 0.1)
        sample.append(1 + level)
    alone, together = (statistics.bootstrap_interval(sample, run=run) for run in (1, 6))
    assert together[1] - together[0] > 1.3 * (alone[1] - alone[0])
