"""Numbers in words: K, M, G of counts, KiB of bytes, s of seconds, and back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archscope import units
from archscope.errors import UsageError


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0"), (999, "999"), (1000, "1.00 K"), (999_994, "999.99 K"), (999_995, "1.00 M"), (999_999, "1.00 M"),
        (12253974624, "12.25 G"),
        (42679816, "42.68 M"), (10**12, "1.00 T"), (10**15, "1.00 P"), (10**18, "1000.00 P"), (-1500, "-1.50 K"), (None, "-"),
    ],
)  # fmt: skip
def test_counts(value, words):
    assert units.count(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "0 B"), (1023, "1,023 B"), (1024, "1.0 KiB"), (170719264, "162.8 MiB"), (2**20 - 1, "1.0 MiB"),
        (2**40, "1.0 TiB"), (None, "-"),
    ],
)  # fmt: skip
def test_bytes(value, words):
    assert units.size(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0123, "12.3 ms"), (1.0, "1.00 s"), (0.99996, "1.00 s"), (0.0099996, "10.0 ms"), (123.4, "123 s"), (4567.8, "4568 s"),
        (2.5e-6, "2.50 us"), (3e-9, "3.00 ns"), (0, "0 s"), (None, "-"),
    ],
)  # fmt: skip
def test_seconds(value, words):
    assert units.seconds(value) == words


@given(st.integers(1, 10**17))
def test_a_count_in_words_is_within_half_its_last_digit(value):
    number, unit = re.fullmatch(r"([0-9.,]+) ?([KMGTP]?)", units.count(value)).groups()
    scale = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15}[unit]
    assert abs(float(number.replace(",", "")) * scale - value) <= 0.00501 * scale
    assert float(number.replace(",", "")) < 1000 or unit == "P"


@given(st.integers(-(10**18), 10**18))
def test_exact_loses_nothing(value):
    assert int(units.exact(value).replace(",", "")) == value


@given(st.floats(1e-9, 1e4))
def test_seconds_are_never_a_thousand_of_a_unit(value):
    number, unit = units.seconds(value).split()
    assert float(number) < 1000 or unit == "s"
    assert abs(float(number) * {"s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[unit] - value) <= 0.0051 * value


def test_shares():
    assert units.share(0.4213) == "42.1%"
    assert units.share(0.0) == "0.0%"
    assert units.share(1e-6) == "<0.1%"
    assert units.share(None) == "-"


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=6))
def test_shapes_there_and_back(dims):
    assert units.parse_shape(units.shape(tuple(dims))) == tuple(dims)


def test_a_scalar_has_a_shape_in_words():
    assert units.shape(()) == "scalar"


@pytest.mark.parametrize("words", ["", "x", "3x", "x3", "3x-1", "3 x 4", "3,4", "3.5x2", "axb", "3xx4", "3x4\n"])
def test_what_is_no_shape(words):
    with pytest.raises(UsageError, match="is not a shape") as caught:
        units.parse_shape(words)
    assert "--input 3x299x299" in caught.value.hint


def test_a_size_of_zero_is_no_size():
    with pytest.raises(UsageError, match="has a size of 0"):
        units.parse_shape("3x0x4")


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("45M", 45 * 10**6), ("13G", 13 * 10**9), ("5e6", 5 * 10**6), ("162MiB", 162 * 2**20), ("42,679,816", 42679816),
        ("1_000", 1000),
        ("4.5k", 4500), ("12253974624", 12253974624), ("9007199254740993", 2**53 + 1), ("2TiB", 2 * 2**40), ("7 GB", 7 * 10**9),
    ],
)  # fmt: skip
def test_amounts(words, value):
    assert units.parse_count(words) == value


@pytest.mark.parametrize("words", ["", "M", "-5M", "5X", "5Mi", "1e400", "1e999999999", "inf", "nan", "0x10", "5 M M"])
def test_what_is_no_amount(words):
    with pytest.raises(UsageError, match="is not an amount"):
        units.parse_count(words)
