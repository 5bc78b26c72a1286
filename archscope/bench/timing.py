"""Warm-up and rounds: how often what runs, and when there is enough. Knows devices by their clock only."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil

from archscope.bench.devices import Device, Run
from archscope.bench.results import statistics
from archscope.bench.results.records import Plan
from archscope.bench.timed_runs import time_runs

MOST_PER_BLOCK = 1000
Progress = Callable[[float], None]  # how much of the work is done, from 0 to 1


@dataclass
class Course:
    """The times of one subject while they are being taken.

    Attributes:
        run: one forward, or one step of training.
        first_run: seconds of the very first run.
        warmup: runs before the first timed one, the very first included.
        steady: whether the last blocks of the warm-up agreed.
        per_block: runs that it has in one turn.
        rounds: seconds of each run, by round.
        error: what a run raised; it has no further turns.
    """

    run: Run
    first_run: float | None = None
    warmup: int = 0
    steady: bool = False
    per_block: int = 1
    rounds: list[list[float]] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def times(self) -> list[float]:
        """Seconds of every timed run."""
        return [seconds for block in self.rounds for seconds in block]


def warm_up(device: Device, course: Course, plan: Plan) -> None:
    """Runs until the last three blocks agree, or the time for it is used up; sets everything but the rounds."""
    try:
        (course.first_run,) = time_runs(device, course.run, 1)
        course.warmup = 1
        spent, fastest = 0.0, course.first_run
        medians: list[float] = []
        while not course.steady and (spent < plan.warmup_time or len(medians) < 3):
            times = time_runs(device, course.run, course.per_block)
            course.warmup += len(times)
            spent += sum(times)
            medians.append(statistics.median(times))
            fastest = min([fastest, *times])
            course.per_block = runs_per_block(fastest, plan.block)
            last = medians[-3:]
            course.steady = len(last) == 3 and max(last) <= min(last) * (1 + plan.agreement)
            if spent == 0 and len(medians) >= 3:
                return  # a clock that does not move would keep us here
    except (Exception, SystemExit) as error:
        course.error = error


def runs_per_block(seconds: float, block: float) -> int:
    """Runs that fill one turn: 1 for what takes as long as a block."""
    return max(1, min(MOST_PER_BLOCK, ceil(block / seconds))) if seconds > 0 else MOST_PER_BLOCK


def in_rounds(device: Device, courses: Sequence[Course], plan: Plan, progress: Progress = lambda done: None) -> None:
    """Lets the subjects run in turn, round by round, until each has enough; the order turns round every time.

    A drift of the machine hits all of them alike, and none is always the one behind another. A turn of several runs begins with
    one that is not timed. Whoever fails drops out. On Ctrl-C the round that was under way is dropped and what is complete stays.
    """
    if plan.runs is not None:
        for course in courses:
            course.per_block = max(1, plan.runs // 20)
    number = 0
    while any(not enough(course, plan) for course in courses if course.error is None):
        going = [course for course in courses if course.error is None]
        taken: list[tuple[Course, list[float]]] = []
        for course in going if number % 2 == 0 else reversed(going):
            count = course.per_block if plan.runs is None else min(course.per_block, plan.runs - len(course.times))
            try:
                if count > 1:  # what another model left in the caches is not this one's time
                    time_runs(device, course.run, 1)
                taken.append((course, time_runs(device, course.run, count)))
            except (Exception, SystemExit) as error:
                course.error = error
        for course, times in taken:
            course.rounds.append(times)
        number += 1
        progress(min((done(course, plan) for course in courses if course.error is None), default=1.0))


def enough(course: Course, plan: Plan) -> bool:
    """Whether a subject has been timed often enough."""
    return done(course, plan) >= 1


def done(course: Course, plan: Plan) -> float:
    """The share of its timing that a subject has behind it."""
    times = course.times
    if plan.runs is not None:
        return len(times) / plan.runs
    if not times:
        return 0.0
    spent, rounds = sum(times), len(course.rounds)
    if spent >= plan.max_time and rounds >= plan.min_rounds:
        return 1.0
    least = min(1.0, spent / plan.min_time if plan.min_time else 1.0, rounds / plan.min_rounds)
    width = half_width(course.rounds)
    if least >= 1 and width is not None and width <= plan.precision:
        return 1.0
    # Precision grows with the square root of the time; the time limit may come first.
    expected = (plan.precision / width) ** 2 if width else 0.0
    return min(0.99, max(least * min(1.0, expected), spent / plan.max_time))


def half_width(rounds: Sequence[Sequence[float]]) -> float | None:
    """Half of the median's 95% interval as a share of it; by the rounds' medians, as runs of one turn are not independent."""
    medians = [statistics.median(block) for block in rounds if block]
    interval = statistics.median_interval(medians)
    middle = statistics.median(medians) if medians else 0.0
    return (interval[1] - interval[0]) / 2 / middle if interval and middle > 0 else None
