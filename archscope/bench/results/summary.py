"""A timing's figures: what is computed from the raw times, the Graph's counts and the ceilings. No torch."""

from functools import lru_cache

import msgspec

from archscope.bench.results import statistics
from archscope.bench.results.records import Bench, Ceiling, Session, Timing


class Summary(msgspec.Struct, frozen=True):
    """The figures of one timing; None where a figure does not exist.

    Attributes:
        runs: timed runs.
        median, q1, q3, p90, p99, minimum: seconds; p90 needs 10 runs, p99 needs 100.
        low, high: 95% interval of the median, by the medians of the rounds: runs of one turn are not independent.
        throughput: examples per second at the median.
        ratio: times the baseline's time, the median over common rounds; 1 for the baseline itself.
        ratio_low, ratio_high: its 99% bootstrap interval: who quotes a ratio wants to be sure.
        flop_rate: FLOP/s at the median.
        intensity: FLOPs per byte that the operators move.
        bound: "launches" where the processor takes as long to queue a run as the GPU to run it; else "arithmetic" or "memory":
            which of the two roofs is lower at this intensity.
        peak_share: of the matrix product's FLOP/s; convolutions at their own rate, where that is another.
        roof_share: of the lower roof.
    """

    runs: int
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    p90: float | None = None
    p99: float | None = None
    minimum: float | None = None
    low: float | None = None
    high: float | None = None
    throughput: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    flop_rate: float | None = None
    intensity: float | None = None
    bound: str = ""
    peak_share: float | None = None
    roof_share: float | None = None

    @property
    def spread(self) -> float | None:
        """The interquartile range in seconds: no figure of this timing is worth more digits than it allows."""
        return None if self.q1 is None or self.q3 is None else self.q3 - self.q1

    @property
    def relative_spread(self) -> float | None:
        """The spread as a share of the median."""
        return None if self.spread is None or not self.median else self.spread / self.median


def summarise(bench: Bench) -> list[tuple[Session, Timing, Summary]]:
    """Every timing with its session and its figures."""
    return [(session, timing, summary(session, timing)) for session, timing in bench.timings]


def summary(session: Session, timing: Timing) -> Summary:
    """The figures of one timing of a session."""
    times = timing.times
    if not times:
        return Summary(0)
    middle = statistics.median(times)
    interval = statistics.median_interval([statistics.median(block) for block in timing.rounds if block])
    width = statistics.interquartile_range(times)
    base = session.base(timing)
    ratio, around = _ratio(timing.rounds, base.rounds) if base is not None and len(_group(session, timing)) > 1 else (None, None)
    if base is timing:
        around = None
    rate = timing.flops / middle if timing.flops and middle > 0 else None
    roof = session.ceiling(timing.settings)
    intensity = intensity_of(timing.flops, timing.bytes_moved)
    limit = attainable(roof, intensity, timing.convolutions)
    return Summary(
        runs=len(times),
        median=middle,
        q1=statistics.quantile(times, 0.25) if width is not None else None,
        q3=statistics.quantile(times, 0.75) if width is not None else None,
        p90=statistics.tail(times, 0.90),
        p99=statistics.tail(times, 0.99),
        minimum=min(times),
        low=interval[0] if interval else None,
        high=interval[1] if interval else None,
        throughput=timing.settings.batch / middle if middle > 0 else None,
        ratio=ratio,
        ratio_low=around[0] if around else None,
        ratio_high=around[1] if around else None,
        flop_rate=rate,
        intensity=intensity,
        bound="launches" if waits(timing, middle) else bound(roof, intensity, timing.convolutions),
        peak_share=rate / roof.rate(timing.convolutions) if rate and roof else None,
        roof_share=rate / limit if rate and limit else None,
    )


def _group(session: Session, timing: Timing) -> list[Timing]:
    return [t for t in session.timings if t.group == timing.group and t.rounds]


@lru_cache(maxsize=256)
def _ratio(
    rounds: tuple[tuple[float, ...], ...], baseline: tuple[tuple[float, ...], ...]
) -> tuple[float | None, statistics.Interval | None]:
    return statistics.pairwise_ratio(rounds, baseline) or (None, None)


def waits(timing: Timing, seconds: float) -> bool:
    """Whether a run of so many seconds is spent on queueing kernels: the GPU waits for the processor."""
    return timing.queueing is not None and timing.queueing >= 0.9 * seconds


def intensity_of(flops: int | None, moved: int | None) -> float | None:
    """Arithmetic intensity: FLOPs per byte moved."""
    return flops / moved if flops and moved else None


def attainable(roof: Ceiling | None, intensity: float | None, convolutions: float) -> float | None:
    """FLOP/s that the roofline allows at an intensity: the lower of the two roofs. A share of the FLOPs is in convolutions."""
    return None if roof is None or intensity is None else min(roof.rate(convolutions), intensity * roof.byte_rate)


def bound(roof: Ceiling | None, intensity: float | None, convolutions: float) -> str:
    """Which roof is lower: "memory" left of the ridge, "arithmetic" right of it; "" where one of them is not known."""
    if roof is None or intensity is None:
        return ""
    return "memory" if intensity < roof.rate(convolutions) / roof.byte_rate else "arithmetic"
