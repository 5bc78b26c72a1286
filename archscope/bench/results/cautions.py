"""What to be careful about in a benchmark: values with a cause and a remedy, computed from the records. No torch."""

from collections.abc import Iterable, Iterator
from math import ceil

import msgspec

from archscope import units
from archscope.bench.results import statistics
from archscope.bench.results.environments import differences
from archscope.bench.results.records import Bench, Session, Timing
from archscope.bench.results.summary import Summary, summarise

WIDE = 0.10  # interquartile range as a share of the median from which on a figure is of little use
DRIFT = 0.05  # change from the first third of the rounds to the last that is worth a word
SURE = 2.58  # standard errors: 99%
UNEVEN = 0.15  # change of the device's own speed over a session
BUSY = 0.5  # cores that others keep busy


class Caution(msgspec.Struct, frozen=True):
    """A reason to doubt a figure.

    Attributes:
        kind: one word for programs: "spread", "drift", "throttling", "swap", "p99", "outliers", "warm-up", "load", "uneven",
            "launches", "ceiling", "uncounted", "environment", "precision", "interrupted", "failure".
        about: which timings: "inception_v4, batch 8, float32"; empty for all of them.
        cause: what was seen, and what it may come from.
        remedy: what to do about it.
    """

    kind: str
    about: str
    cause: str
    remedy: str

    def line(self) -> str:
        """The caution as one line."""
        return f"{self.about + ': ' if self.about else ''}{self.cause}; {self.remedy}"


def cautions(bench: Bench) -> list[Caution]:
    """Everything to be careful about, the weightiest first; the same remark about several timings is made once."""
    found = [*_of_sessions(bench)]
    found += [c for session, timing, figures in summarise(bench) for c in _of_timing(session, timing, figures)]
    order = {kind: at for at, kind in enumerate(_ORDER)}
    return sorted(_merged(found), key=lambda caution: order[caution.kind])


_ORDER = (
    "interrupted",
    "failure",
    "environment",
    "swap",
    "throttling",
    "load",
    "uneven",
    "drift",
    "warm-up",
    "spread",
    "precision",
    "outliers",
    "p99",
    "launches",
    "ceiling",
    "uncounted",
)


def _of_sessions(bench: Bench) -> Iterator[Caution]:
    first = bench.sessions[0]
    for number, session in enumerate(bench.sessions[1:], 2):
        found = differences(first.environment, session.environment)
        if found:
            yield Caution(
                "environment", "", f"sessions 1 and {number} are of different environments: {'; '.join(found)}",
                "compare within one session only",
            )  # fmt: skip
    for session in bench.sessions:
        yield from _of_session(session)


def _of_session(session: Session) -> Iterator[Caution]:
    strain = session.strain
    if session.interrupted:
        yield Caution("interrupted", "", "stopped before the end: what was finished is here", "run it again for the rest")
    if strain.swapped:
        yield Caution(
            "swap",
            "",
            f"{strain.swapped:,} pages were moved between memory and disk meanwhile",
            "close other programs, or lower --batch",
        )
    if strain.throttled:
        yield Caution(
            "throttling",
            "",
            f"cores were slowed down for their heat {strain.throttled:,} times meanwhile",
            "let the machine cool down",
        )
    elif _slower_together(session):
        yield Caution(
            "throttling", "", "everything became slower towards the end: heat, a power limit or another program",
            "let the machine cool down, stop other programs, and run it again",
        )  # fmt: skip
    if strain.load_before is not None and strain.load_before > BUSY:
        yield Caution(
            "load", "", f"other programs kept {strain.load_before:.1f} cores busy in the minute before",
            "stop them, or take fewer --threads than cores",
        )  # fmt: skip
    uneven = max(session.ceilings, key=lambda roof: abs(roof.change), default=None)
    if uneven is not None and abs(uneven.change) > UNEVEN:
        word = "slower" if uneven.change < 0 else "faster"
        yield Caution(
            "uneven",
            "",
            f"a matrix product was {abs(uneven.change):.0%} {word} at the end than at the begin",
            "compare by the ratios, which were taken in turn; stop other programs",
        )


def _drift(timing: Timing) -> float:
    """The change over the rounds, where there is a trend that chance does not explain; else 0."""
    series = [statistics.median(block) for block in timing.rounds if block]
    change = statistics.change(series)
    sure = abs(statistics.trend(series)) > SURE and (statistics.trend(series) > 0) == (change > 0)
    return change if sure and abs(change) > DRIFT else 0.0


def _slower_together(session: Session) -> bool:
    drifts = [_drift(timing) for timing in session.timings if len(timing.rounds) >= 8]
    return len(drifts) > 1 and all(drift > 0 for drift in drifts)


def _of_timing(session: Session, timing: Timing, figures: Summary) -> Iterator[Caution]:
    about = f"{timing.model}, {timing.settings.words()}"
    if timing.failure:
        yield Caution(
            "failure", about, timing.failure, "see the other rows" if len(session.timings) > 1 else "change the settings"
        )
    if not figures.runs:
        return
    drift = _drift(timing)
    if drift and not (drift > 0 and _slower_together(session)):
        word = "slower" if drift > 0 else "faster"
        yield Caution(
            "drift", about, f"still drifting, {abs(drift):.0%} {word} at the end", "warm up longer: --warmup, or --min-time"
        )
    if not timing.steady:
        yield Caution("warm-up", about, f"{timing.warmup} warm-up runs did not agree", "warm up longer: --warmup")
    wide = figures.relative_spread
    if wide is not None and wide > WIDE:
        yield Caution(
            "spread", about, f"the middle half of the runs spans {wide:.0%} of the median", "stop other programs, or --min-time"
        )
    elif _imprecise(session, figures):
        yield Caution("precision", about, "the median is not as sure as was wanted", "measure longer: --min-time")
    far = statistics.outliers(timing.times)
    if far > max(1, 0.01 * figures.runs):
        yield Caution("outliers", about, f"{far} of {figures.runs} runs were far slower than the rest", "stop other programs")
    if figures.p99 is None:
        yield Caution("p99", about, "p99 needs 100 runs", f"--runs 100 would take about {ceil(100 * (figures.median or 0))} s")
    if figures.bound == "launches":
        yield Caution(
            "launches",
            about,
            f"queueing the kernels of a run takes the processor {units.seconds(timing.queueing or 0.0)}: the GPU waits for it",
            "this is a time of the processor; for the GPU's take a larger --batch, or --compile",
        )
    if figures.peak_share is not None and figures.peak_share > 1:
        yield Caution(
            "ceiling",
            about,
            "faster than the matrix product that stands for the device's best",
            "take its share as a lower bound of the ceiling",
        )
    if timing.uncounted:
        yield Caution("uncounted", about, f"{timing.uncounted} operators have no cost formula", "read FLOP/s as a lower bound")


def _imprecise(session: Session, figures: Summary) -> bool:
    if session.plan.runs is not None or not figures.median:
        return False
    if figures.low is None or figures.high is None:
        return True
    return (figures.high - figures.low) / 2 / figures.median > session.plan.precision


def _merged(found: Iterable[Caution]) -> list[Caution]:
    """Cautions of one kind and remedy about several timings become one that names how many."""
    groups: dict[tuple[str, str], list[Caution]] = {}
    for caution in found:
        groups.setdefault((caution.kind, caution.cause if caution.kind in ("failure", "environment") else ""), []).append(caution)
    merged = []
    for (kind, _), same in groups.items():
        if len(same) < 3 or kind in ("failure", "environment", "interrupted"):
            merged += same
        else:
            merged.append(
                Caution(kind, f"{len(same)} timings", f"{same[0].cause} ({same[0].about}), and the like", same[0].remedy)
            )
    return merged
