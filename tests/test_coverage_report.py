"""The report of what can be traced: what was not looked at again keeps what was said of it."""

from importlib.util import find_spec

import pytest

from archscope.sweep.specification import Limits
from benchmarks._coverage_report import LIBRARIES, report

pytestmark = pytest.mark.skipif(not all(map(find_spec, LIBRARIES)), reason="needs the four libraries")

NAMES = ["torchvision:a", "torchvision:b", "hf:c", "hf:d", "hf:E", "timm:f"]
LIMITS = Limits(seconds=1, memory=2**30)


def row(name, failed_in=None, failure="", alone=None):
    return {"model": name, "options": {}, "device": "meta", "uncounted": 0, "uncounted_operators": None, "failed_in": failed_in,
            "failure": failure, "alone": alone}  # fmt: skip


def test_a_library_that_was_not_looked_at_again_keeps_its_lines():
    failing = [
        row("hf:c", "forward", "c failed"),
        row("hf:d", "building", "d cannot be built"),
        row("hf:E", "building", "E cannot be built"),
    ]
    before = report(NAMES, [row("torchvision:a"), row("torchvision:b"), *failing, row("timm:f")], LIMITS)
    assert report(NAMES, [], LIMITS, before) == before
    after = report(NAMES, [row("hf:c"), row("hf:d", "building", "d cannot be built")], LIMITS, before)
    assert "Looked at once more" not in before + after
    changed = set(after.splitlines()) ^ set(before.splitlines())
    assert {line.partition(" | ")[0] for line in changed} == {"| transformers", "| hf:c"}
    assert "| hf:d, hf:E | it cannot be built |" in after


def test_what_was_not_complete_and_was_looked_at_again_takes_its_place():
    names = [*NAMES[:4], "hf:g", *NAMES[4:]]
    failed, rest = [row("hf:c", "forward", "c failed"), row("hf:d", "forward", "d failed")], [row("hf:E"), row("timm:f")]
    others = [row("torchvision:a"), row("torchvision:b"), row("hf:g")]
    before = report(names, [*others, *failed, *rest], LIMITS)
    after = report(names, [row("hf:c"), row("hf:d", "forward", "d failed", "d has no forward")], LIMITS, before)
    whole = report(names, [*others, row("hf:c"), row("hf:d", "forward", "d failed", "d has no forward"), *rest], LIMITS)
    said = next(line for line in after.splitlines() if line.startswith("Looked at once more"))
    assert said.endswith("they were not complete before: hf:c, hf:d.")
    assert after.replace(f"{said}\n\n", "") == whole


def test_what_the_library_itself_cannot_run_is_no_failure():
    text = report(NAMES, [row("hf:c", "forward", "c failed", "c has no forward"), row("hf:d")], LIMITS)
    line = next(line for line in text.splitlines() if line.startswith("| transformers"))
    named, looked_at, small, built, run, complete = (int(n) for n in line.split(" | ")[1:7])
    assert (named, looked_at, small, built, run, complete) == (2, 2, 0, 2, 1, 1)
    assert line.endswith("| 0 | 100.0% |")
    assert "| hf:c | c has no forward |" in text


def test_rows_of_other_releases_are_not_kept():
    before = report(NAMES, [row("timm:f")], LIMITS).replace("timm ", "timm 0.")
    assert set(LIBRARIES) == {
        line.split(" | ")[0][2:] for line in report(NAMES, [], LIMITS, before).splitlines() if "| 0 | 0 |" in line
    }
