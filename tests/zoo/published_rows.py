"""The rows of `published.csv`: 888 figures of these networks from papers, libraries and blogs, as they were printed.

source, network, variant     where it stands, what it is called there
quantity, value, unit        as printed; the unit is what one is worth: 1e9, 1024 (a K of 1024), MiB
convention                   for an error its protocol, for a count what is in it
input                        shape, where the source says it
card, claim                  the claim of the zoo that it is, as `archscope verify` words it; several, if it says two things
apart                        else, the reason in `APART` why no card claims it
"""

import csv
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

from archscope.zoo import catalog
from archscope.zoo.card_tables import claim_words
from archscope.zoo.cards import Claim, Entry

Row = dict[str, str]
FILE = Path(__file__).parent / "published.csv"

UNITS = {"": 1, "MiB": 2**20}

# what a count is of -> the quantities of claims that count just that
COUNTED = {
    "learnable": {"params", "trainable_params"},
    "fixed": {"buffers"},
    "with moving statistics": {"params_and_statistics", "keras_params"},
    "with moving statistics, without the top": {"params_and_statistics_no_top", "keras_params_no_top"},
    "multiply-accumulates": {"macs"},
    "multiply-accumulates of convolutions": {"conv_macs"},
    "as fvcore counts": {"fvcore_macs"},
    "outputs of layers with weights": {"neurons"},
    "with biases": {"connections"},
    "layers with weights on the longest path": {"depth"},
    "all layers on the longest path": {"keras_depth"},
    "layers with parameters": {"layers_with_params"},
    "file of torch.save": {"state_bytes"},
    "file of Keras": {"params_and_statistics_bytes", "keras_params_bytes"},
    "channels": {"width"},
    "times the multiply-accumulates": {"macs_ratio", "params_ratio"},
    "times the parameters": {"params_ratio"},
}


class Reason(NamedTuple):
    """Why rows are no claim of a card.

    Attributes:
        rows: how many.
        why: in a sentence.
        still: whether that is so of a row.
    """

    rows: int
    why: str
    still: Callable[[Row], bool]


def rows() -> list[Row]:
    """All of them."""
    with FILE.open(newline="") as file:
        return list(csv.DictReader(file))


def amount(row: Row) -> float:
    """What the row says, in the units of claims: an accuracy as an error."""
    value = float(row["value"].removeprefix("< ")) * _worth(row)
    return round(100 - value, 3) if row["quantity"].endswith("accuracy") else value


def _worth(row: Row) -> float:
    return UNITS.get(row["unit"]) or float(row["unit"])


def last_digit(row: Row) -> float:
    """Worth of one in the last digit that is printed; 0 for a whole number in ones, which is exact."""
    decimals = len(row["value"].partition(".")[2])
    return 0.0 if not decimals and _worth(row) == 1 else _worth(row) / 10**decimals


def cites(claim: Claim, row: Row) -> bool:
    """Whether the claim's source is the row's, said in as much detail or more; a claim may be of several files of a name."""
    there, here = row["source"], claim.source
    return here == there or here.startswith((f"{there},", f"{there}:", f"{there} ")) or fnmatch(there, here)


def is_of(claim: Claim, row: Row) -> bool:
    """Whether the claim says what the row says: the same quantity by the same convention, the same figure from the same source."""
    if claim.protocol:
        counts = claim.protocol == row["convention"] and claim.quantity[:5] == row["quantity"][:5]
    else:
        counts = claim.quantity in COUNTED.get(row["convention"], ()) or _nothing_normalised(claim, row)
    if not counts or row["value"] == "-" or not isinstance(claim.value, int | float):
        return False
    return abs(claim.value - amount(row)) <= 1e-9 * claim.value and cites(claim, row)


def _nothing_normalised(claim: Claim, row: Row) -> bool:
    """Where there are no moving statistics, a count with them is one of the parameters."""
    return row["convention"] == "with moving statistics" and claim.quantity == "params" and row["network"].startswith("VGG")


def claims(row: Row) -> list[tuple[str, list[Claim]]]:
    """The claims that the row names, by their words, and those of its card that are it."""
    entry = catalog.find(row["card"])
    return [(words, [c for c in entry.claims if said(c, words, entry, row)]) for words in row["claim"].split("; ")]


def said(claim: Claim, words: str, entry: Entry, row: Row) -> bool:
    """Whether a claim with these words is the row's, at the row's input."""
    size = "x".join(map(str, claim.input or entry.input))
    return claim_words(claim) == words and is_of(claim, row) and (not claim.input or size == row["input"])


def _not_in_the_zoo(row: Row) -> bool:
    """By its name; where its multiply-accumulates are printed, no Inception of the zoo has them."""
    name, variant = row["network"], row["variant"]
    if variant.startswith(("BN-GoogLeNet", "Inception-v2")):
        half = last_digit(row) / 2 if row["quantity"] == "macs" else 0
        return not half or not any(abs(e.macs - amount(row)) <= half for e in catalog.entries() if "inception" in e.family)
    second = name.endswith("V2") or name.startswith("resnet_v2_")
    return name.startswith(("resnet_v1_", "fbresnet")) or (second and not any("resnet_v2" in e.family for e in catalog.entries()))


APART = {
    "recipe": Reason(
        184,
        "the same networks with weights of 61 other recipes: the error is the recipe's, at its crop and input",
        lambda row: row["source"].endswith("results-imagenet.csv") and "." in row["network"],
    ),
    "training": Reason(
        5,
        "steps on the way to the network of Figure 4: learning rates, a sigmoid, no normalisation",
        lambda row: row["source"] == "Ioffe and Szegedy 2015, Figure 3",
    ),
    "several networks": Reason(
        7,
        "the average of several different networks",
        lambda row: any(word in f"{row['network']} {row['variant']}" for word in ("ensemble", "nets", " + ", "6 models")),
    ),
    "another network": Reason(
        57,
        "not in the zoo: the ResNet v2 of Keras and TF-slim, with the normalisation before the convolution (36 rows); the "
        "Inception-v2 of the Inception-v3 paper and its steps, 3.8 and 4.8 G multiply-accumulates; GoogLeNet with normalisations; "
        "TF-slim's resnet_v1, which strides at the end of a stage (3.48 G, the paper's has 3.86); Facebook's ResNet-152 in Lua, with "
        "biased convolutions and the stride in the 3x3",
        _not_in_the_zoo,
    ),
    "no figure": Reason(9, "the source prints a dash", lambda row: row["value"] == "-"),
}  # fmt: skip
