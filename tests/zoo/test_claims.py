"""Every published claim of every network holds, also under a named convention, or differs for a reason that is checked too."""

import pytest

from archscope.zoo import catalog, verification
from archscope.zoo.cards import Claim
from archscope.zoo.quantities import QUANTITIES

CLAIMS = [(entry, claim) for entry in catalog.entries() for claim in entry.claims]


@pytest.mark.parametrize("entry", catalog.entries(), ids=lambda entry: entry.name)
def test_no_claim_fails(entry):
    failed = [result for result in verification.verify([entry]) if result.verdict == "FAILS"]
    assert not failed


def test_what_differs_has_a_reason_a_source_and_the_right_figure():
    for entry, claim in CLAIMS:
        if claim.expect == "differs":
            assert claim.because, (entry.name, claim)
            assert claim.because_source, (entry.name, claim)
            assert claim.correct is not None, (entry.name, claim)
        if claim.expect == "convention":
            assert claim.because, (entry.name, claim)
            assert claim.because_source, (entry.name, claim)
        if claim.expect == "reported":
            assert claim.protocol, (entry.name, claim)
        assert claim.source, (entry.name, claim)


def test_quantities_exist():
    known = {*QUANTITIES, "top1_error", "top5_error", "test_error"}
    assert {claim.quantity.removesuffix("_ratio") for _, claim in CLAIMS} <= known


def test_every_network_carries_claims():
    assert [entry.name for entry in catalog.entries() if not entry.claims] == []


def verdict(**claim):
    return verification.check(catalog.find("inception_v4"), Claim(source="nowhere", **claim)).verdict


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"quantity": "params", "value": 42_679_816}, "holds"),
        ({"quantity": "params", "value": 42_679_817}, "FAILS"),
        ({"quantity": "params", "value": 43e6, "unit": 1e6}, "holds"),
        ({"quantity": "params", "value": 42e6, "unit": 1e6}, "FAILS"),
        ({"quantity": "params", "value": 42e6, "unit": 1e6, "relation": "cut"}, "holds"),
        ({"quantity": "params", "value": 43e6, "unit": 1e6, "relation": "cut"}, "FAILS"),
        ({"quantity": "params", "value": 40e6, "unit": 0.1, "relation": "about"}, "holds"),
        ({"quantity": "params", "value": 30e6, "unit": 0.1, "relation": "about"}, "FAILS"),
        ({"quantity": "params", "value": 43e6, "relation": "<"}, "holds"),
        ({"quantity": "params", "value": 42e6, "relation": "<"}, "FAILS"),
        ({"quantity": "params", "value": 42e6, "relation": ">"}, "holds"),
        ({"quantity": "shape", "of": "stem", "value": (384, 35, 35)}, "holds"),
        ({"quantity": "shape", "of": "stem", "value": (384, 35, 36)}, "FAILS"),
        ({"quantity": "macs_ratio", "than": "inception_v4", "value": 1.0}, "holds"),
        ({"quantity": "blocks", "of": "inception_b", "value": 5, "expect": "differs", "correct": 7}, "differs"),
        ({"quantity": "blocks", "of": "inception_b", "value": 5, "expect": "differs", "correct": 6}, "FAILS"),
        ({"quantity": "blocks", "of": "inception_b", "value": 7, "expect": "differs", "correct": 7}, "FAILS"),
        ({"quantity": "params", "value": 42_679_816, "expect": "convention"}, "holds under this convention"),
        ({"quantity": "top1_error", "value": 20.0, "expect": "reported"}, "reported"),
    ],
)
def test_verdicts(claim, expected):
    assert verdict(**claim) == expected


def test_difference_is_relative():
    claim = Claim(quantity="macs", value=10_000_000_000, source="nowhere")
    result = verification.check(catalog.find("inception_v4"), claim)
    assert result.computed == 12_253_974_624
    assert result.difference == pytest.approx(0.2253974624)
