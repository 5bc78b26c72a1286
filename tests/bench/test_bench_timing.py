"""Warm-up and rounds, on a clock that moves only when told."""

import pytest
from bench_stand_ins import Clock, ClockedCpu

from archscope.bench.devices import Cpu
from archscope.bench.results.records import Plan
from archscope.bench.timed_runs import time_runs
from archscope.bench.timing import Course, in_rounds, runs_per_block, warm_up


@pytest.fixture
def clock():
    return Clock()


def test_ten_milliseconds_are_ten_milliseconds(clock):
    assert time_runs(Cpu(clock), lambda: clock.sleep(0.010), 3) == pytest.approx([0.010] * 3, rel=1e-12)


def test_the_garbage_collector_waits_and_comes_back(clock):
    import gc

    seen = []
    time_runs(Cpu(clock), lambda: seen.append(gc.isenabled()), 2)
    assert seen == [False, False]
    assert gc.isenabled()


def test_warm_up_ends_when_three_blocks_agree(clock):
    spans = iter([0.9, 0.5, 0.3, 0.2, 0.2, 0.2, 0.2])
    course = Course(lambda: clock.sleep(next(spans)))
    warm_up(Cpu(clock), course, Plan())
    assert course.first_run == pytest.approx(0.9)
    assert course.warmup == 6
    assert course.steady


def test_warm_up_gives_up_after_its_time_and_says_so(clock):
    spans = [1.0]

    def run():
        spans[0] *= 0.5 if len(spans) % 2 else 4
        clock.sleep(spans[0])
        spans.append(0)

    course = Course(run)
    warm_up(Cpu(clock), course, Plan(warmup_time=30.0, agreement=0.01))
    assert not course.steady
    assert course.error is None


def test_a_run_that_raises_in_the_warm_up_is_noted(clock):
    def run():
        raise RuntimeError("no")

    course = Course(run)
    warm_up(Cpu(clock), course, Plan())
    assert str(course.error) == "no"
    assert course.first_run is None


@pytest.mark.parametrize(("seconds", "count"), [(0.05, 1), (0.02, 1), (0.004, 5), (0.0003, 67), (1e-9, 1000), (0.0, 1000)])
def test_a_turn_lasts_a_block(seconds, count):
    assert runs_per_block(seconds, 0.02) == count


def courses_of(clock, spans):
    log = []

    def run(name, span):
        log.append(name)
        clock.sleep(span)

    made = [Course(lambda name=name, span=span: run(name, span)) for name, span in spans.items()]
    return made, log


def test_models_run_in_turn_and_the_order_turns_round(clock):
    courses, log = courses_of(clock, {"a": 0.1, "b": 0.2})
    in_rounds(Cpu(clock), courses, Plan(runs=4))
    assert "".join(log) == "abbaabba"
    assert [len(course.times) for course in courses] == [4, 4]


def test_runs_is_exact_also_when_it_is_no_multiple_of_the_turn(clock):
    courses, _ = courses_of(clock, {"a": 0.001, "b": 0.002})
    in_rounds(Cpu(clock), courses, Plan(runs=47))
    assert [len(course.times) for course in courses] == [47, 47]
    assert len(courses[0].rounds) == len(courses[1].rounds) == 24


def test_it_ends_once_the_median_is_precise(clock):
    courses, _ = courses_of(clock, {"a": 0.1})
    in_rounds(Cpu(clock), courses, Plan(min_time=1.0, max_time=100.0))
    # every run takes the same: precise from the start, so the shortest time decides
    assert sum(courses[0].times) == pytest.approx(1.0, abs=0.11)


def test_it_ends_at_the_time_limit_when_precision_is_out_of_reach(clock):
    spans = [0.1]

    def run():
        spans[0] = 0.3 - spans[0]
        clock.sleep(spans[0])

    course = Course(run)
    in_rounds(Cpu(clock), [course], Plan(min_time=1.0, max_time=9.0, precision=0.0001))
    assert sum(course.times) == pytest.approx(9.0, abs=0.3)


def test_a_slow_model_has_the_rounds_that_a_spread_needs(clock):
    courses, _ = courses_of(clock, {"a": 60.0})
    in_rounds(Cpu(clock), courses, Plan(min_time=1.0, max_time=5.0, min_rounds=5))
    assert len(courses[0].rounds) == 5


def test_who_fails_drops_out_and_the_rest_goes_on(clock):
    courses, _ = courses_of(clock, {"a": 0.1, "b": 0.1})
    healthy, runs = courses[0].run, []

    def failing():
        runs.append(0)
        if len(runs) == 3:
            raise RuntimeError("out of memory")
        clock.sleep(0.1)

    courses[1].run = failing
    in_rounds(Cpu(clock), courses, Plan(runs=6))
    assert courses[0].run is healthy
    assert len(courses[0].times) == 6
    assert len(courses[1].times) == 2
    assert str(courses[1].error) == "out of memory"


def test_an_interruption_drops_the_round_under_way_only(clock):
    courses, _ = courses_of(clock, {"a": 0.1, "b": 0.1})
    runs = []

    def interrupted():
        runs.append(0)
        if len(runs) == 4:
            raise KeyboardInterrupt
        clock.sleep(0.1)

    courses[1].run = interrupted
    with pytest.raises(KeyboardInterrupt):
        in_rounds(Cpu(clock), courses, Plan(runs=10))
    assert [len(course.rounds) for course in courses] == [3, 3]


def test_progress_grows_to_one(clock):
    courses, _ = courses_of(clock, {"a": 0.1, "b": 0.3})
    told = []
    in_rounds(ClockedCpu(clock), courses, Plan(min_time=2.0), told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
