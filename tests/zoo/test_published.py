"""Every published figure is a claim of a card, which `test_claims.py` recomputes, or is apart for a reason that still holds."""

from collections import Counter

import pytest
from published_rows import APART, COUNTED, claims, is_of, last_digit, rows

from archscope.zoo import catalog

ROWS = rows()
CLAIMED = [row for row in ROWS if row["card"]]
LEFT = [row for row in ROWS if not row["card"]]


def test_there_are_888_rows_and_each_is_a_claim_or_apart():
    assert len(ROWS) == 888
    assert [row for row in ROWS if bool(row["card"] and row["claim"]) == bool(row["apart"])] == []
    assert [row for row in LEFT if row["claim"]] == []


def test_a_row_is_the_claim_that_it_names():
    """The same quantity, part, variant and input, by the same convention, with the same value, from the same source."""
    missing = [(row["card"], words, row["value"], row["source"]) for row in CLAIMED for words, found in claims(row) if not found]
    assert missing == []


def test_a_claim_gives_the_digits_that_its_row_prints():
    wrong = [
        (row["card"], words, row["value"], claim.unit)
        for row in CLAIMED
        for words, found in claims(row)
        for claim in found
        if claim.relation in ("=", "cut") and claim.expect != "reported" and claim.unit != pytest.approx(last_digit(row))
    ]
    assert wrong == []


def test_no_row_that_is_apart_is_a_claim_too():
    """A claim of the same figure from the same table must be the one of another row."""
    taken = {id(claim) for row in CLAIMED for _, found in claims(row) for claim in found}
    both = [
        (row["network"], row["quantity"], row["value"], entry.name)
        for row in LEFT
        for entry in catalog.entries()
        for claim in entry.claims
        if is_of(claim, row) and id(claim) not in taken
    ]
    assert both == []


def test_a_reason_holds_of_its_rows_and_is_needed():
    assert Counter(row["apart"] for row in LEFT) == {name: reason.rows for name, reason in APART.items()}
    assert [row for row in LEFT if not APART[row["apart"]].still(row)] == []


def test_conventions_are_known_and_needed():
    protocols = {claim.protocol for entry in catalog.entries() for claim in entry.claims if claim.protocol}
    used = {row["convention"] for row in CLAIMED}
    assert used - protocols == set(COUNTED)


def test_the_join_tells_another_figure():
    """A digit, a convention or an input that is another makes the row nobody's."""
    row = next(
        row for row in CLAIMED if row["network"] == "resnet50" and row["input"] == "3x160x160" and row["quantity"] == "macs"
    )
    for change in ({"value": "2.11"}, {"convention": "multiply-accumulates"}, {"input": "3x224x224"}, {"source": "elsewhere"}):
        assert [found for _, found in claims(row | change)] == [[]]
    assert [len(found) for _, found in claims(row)] == [1]
