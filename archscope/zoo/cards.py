"""What the zoo knows of a network besides its code: paper, variant, options, published claims. Plain records; no torch."""

from typing import Literal

import msgspec

from archscope.errors import UsageError

Value = int | float | str | tuple[int, ...]
OptionValue = bool | int | float | str | None


class Paper(msgspec.Struct, frozen=True):
    """A publication. `url` is its arXiv page or DOI."""

    authors: str
    title: str
    venue: str
    year: int
    url: str

    @property
    def short(self) -> str:
        """`"Szegedy et al. 2016"`."""
        return f"{self.authors} {self.year}"


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A figure that somebody published of a network, written so that it can be recomputed.

    Attributes:
        quantity: what it is a figure of: "params", "macs", "depth", "shape", "top1_error" ... (see `archscope.zoo.verification`).
        value: the figure, in base units; a shape without the batch, channels first.
        source: where it stands: "He et al. 2015, Table 1".
        of: path of the part of the network that it is about; "" for the whole.
        than: for a ratio, the other network's name.
        options: constructor arguments that make the variant meant.
        input: shape of the input, without the batch, where it is not the card's.
        relation: how the words relate value and quantity: "=", "<", ">", "about"; "cut" where the source drops digits without
            rounding.
        unit: worth of one in the last digit that the source prints (138M: 1e6); for "about", the share that the word may hide.
        protocol: for an error rate: data set and number of crops.
        expect: "holds"; "convention" (holds as counted here, which is not how a reader would first count; `because` says how);
            "differs" (`because` says why, `correct` is the right figure); "reported" (needs trained weights and the data).
        because: the reason, in a sentence.
        because_source: where the reason can be checked.
        correct: where it differs, what the count must be; a ratio to two decimals.
    """

    quantity: str
    value: Value
    source: str
    of: str = ""
    than: str = ""
    options: dict[str, OptionValue] = {}
    input: tuple[int, ...] = ()
    relation: Literal["=", "<", ">", "about", "cut"] = "="
    unit: float = 0.0
    protocol: str = ""
    expect: Literal["holds", "convention", "differs", "reported"] = "holds"
    because: str = ""
    because_source: str = ""
    correct: Value | None = None


class Option(msgspec.Struct, frozen=True, omit_defaults=True):
    """A constructor argument. `choices` is empty where any value of the type will do."""

    name: str
    default: OptionValue
    type: str
    choices: tuple[OptionValue, ...] = ()

    def check(self, network: str, value: object) -> None:
        """Raises `UsageError` if `value` is not one that this argument takes."""
        problem = self._problem(value)
        if problem:
            shown = f"'{value}'" if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else value
            raise UsageError(f"{network}: {self.name}={shown} is not possible", f"{self.name} is {problem}")

    def _problem(self, value: object) -> str:
        if self.choices:
            legal = any(value == choice and type(value) is type(choice) for choice in self.choices)
            return "" if legal else " or ".join(", ".join(map(str, self.choices)).rsplit(", ", 1))
        if value is None and self.default is None:
            return ""
        if self.type == "bool":
            return "" if isinstance(value, bool) else "true or false"
        if self.type == "int":
            legal = isinstance(value, int) and not isinstance(value, bool) and value >= 1
            return "" if legal else "a whole number, 1 or more"
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else -1.0
        if self.name == "dropout":
            return "" if 0 <= number < 1 else "the share of features that is dropped, from 0 up to, but without, 1"
        return "" if 0 < number <= 1 else "a factor above 0, up to 1"


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A network of the zoo, described.

    Attributes:
        name, aliases: what to call it by.
        title: as its authors write it: "Inception-ResNet-v2".
        family: "inception", "resnet" ...
        year: of first publication.
        input: shape of the canonical input, without the batch: (3, 299, 299).
        variant: which of the networks of this name it is, in one line.
        differs: what sets it apart from the networks beside it.
        options: what its constructor takes.
        module: where its code is.
    """

    name: str
    title: str
    family: str
    year: int
    paper: Paper
    input: tuple[int, ...]
    variant: str
    aliases: tuple[str, ...] = ()
    differs: str = ""
    claims: tuple[Claim, ...] = ()
    options: tuple[Option, ...] = ()
    module: str = ""

    def claimed(self, quantity: str) -> Claim | None:
        """The first claim of a quantity ("top1_error"), or None."""
        return next((claim for claim in self.claims if claim.quantity == quantity), None)


class Entry(Card, frozen=True, kw_only=True, omit_defaults=True):
    """A card with the network's counts at its canonical input, batch 1, eval mode, as `archscope.trace` finds them.

    Attributes:
        params, trainable_params, buffers: numbers, not bytes.
        macs: multiply-accumulates.
        depth: convolutions and linear layers on the longest path.
    """

    params: int
    trainable_params: int
    buffers: int
    macs: int
    depth: int
