"""The zoo as tables: all networks, one network's card, claims and what became of them. No torch."""

from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch

import msgspec

from archscope.errors import UsageError
from archscope.registry import nearest, unknown
from archscope.tables.table import Column, Kind, Row, Table
from archscope.tables.table import Value as Cell
from archscope.zoo.cards import Claim, Entry, Option, Value
from archscope.zoo.verdicts import VERDICTS, Result

_COUNTED = (
    "Parameters and MACs at the input shown, batch 1, eval mode. MACs: multiply-accumulates of convolutions and linear layers."
)
_TOP1 = "Top-1 error: %, ILSVRC-2012 validation, the first that is published; protocols differ (archscope info MODEL)."

_NETWORKS = (
    Column("model", "network", "path"),
    Column("aliases", "also", rank=7),
    Column("year", "year", "year", rank=4),
    Column("input", "input", "shape", rank=3),
    Column("params", "params", "count"),
    Column("macs", "MACs", "count"),
    Column("top1_error_percent", "top-1 error", "percent", rank=2),
    Column("variant", "variant", rank=5),
    Column("title", "title", file_only=True),
    Column("family", "family", file_only=True),
    Column("depth", "depth", "count", file_only=True),
    Column("top1_protocol", "protocol", file_only=True),
    Column("paper", "paper", file_only=True),
)


def select(entries: Sequence[Entry], pattern: str | None = None, family: str | None = None) -> list[Entry]:
    """The networks whose name, alias or title contains the pattern, or matches it where it has a `*`; of one family, if asked.

    Raises `UsageError` for a family that does not exist, and where no network matches.
    """
    families = list(dict.fromkeys(entry.family for entry in entries))
    if family is not None and family not in families:
        raise unknown("family", family, families, list_all=True)
    found = [entry for entry in entries if family in (None, entry.family) and (pattern is None or _matches(entry, pattern))]
    if not found:
        close = nearest(pattern or "", (name for entry in entries for name in (entry.name, *entry.aliases)))
        where = f" in the family {family}" if family else ""
        raise UsageError(
            f"no network matches '{pattern}'{where}",
            f"did you mean {', '.join(close)}?" if close else "archscope list shows them all",
        )
    return found


def _matches(entry: Entry, pattern: str) -> bool:
    wanted = pattern.lower()
    words = [word.lower() for word in (entry.name, *entry.aliases, entry.title)]
    if any(sign in wanted for sign in "*?["):
        return any(fnmatch(word, wanted) for word in words)
    return any(wanted in word for word in words)


def networks_table(entries: Sequence[Entry]) -> Table:
    """One row per network."""
    return Table(
        name="networks",
        title=f"{len(entries)} network{'s' if len(entries) != 1 else ''}",
        columns=_NETWORKS,
        rows=tuple(Row(_network(entry)) for entry in entries),
        totals={"networks": len(entries)},
        notes=(_COUNTED, _TOP1),
    )


def _network(entry: Entry) -> dict[str, Cell]:
    top1 = entry.claimed("top1_error")
    return {
        "model": entry.name,
        "aliases": ", ".join(entry.aliases) or None,
        "year": entry.year,
        "input": entry.input,
        "params": entry.params,
        "macs": entry.macs,
        "top1_error_percent": top1.value if top1 is not None and isinstance(top1.value, int | float) else None,
        "variant": entry.variant,
        "title": entry.title,
        "family": entry.family,
        "depth": entry.depth,
        "top1_protocol": top1.protocol if top1 else None,
        "paper": entry.paper.url,
    }


def card_table(entry: Entry, entries: Sequence[Entry]) -> Table:
    """A network's card; the rows are the variants beside it and what sets each apart."""
    siblings = [entry, *(other for other in entries if other.family == entry.family and other != entry)]
    paper = entry.paper
    options = ", ".join(map(_option, entry.options)) or "none"
    errors = [claim for claim in entry.claims if claim.expect == "reported"]
    return Table(
        name=entry.name,
        title=f"{entry.name}: {entry.title}",
        facts=(
            f"{entry.variant}",
            f'{paper.authors}, "{paper.title}", {paper.venue}, {paper.year}. {paper.url}',
            f"also called {', '.join(entry.aliases)}" if entry.aliases else "no other name",
            f"input {'x'.join(map(str, entry.input))} · options: {options}",
        ),
        columns=(
            Column("model", "network", "path"),
            Column("params", "params", "count"),
            Column("macs", "MACs", "count"),
            Column("depth", "depth", "count", rank=2),
            Column("differs", "what sets it apart", rank=1),
            Column("variant", "variant", file_only=True),
        ),
        rows=tuple(
            Row({"model": other.name, **{key: getattr(other, key) for key in ("params", "macs", "depth", "differs", "variant")}})
            for other in siblings
        ),
        totals={key: getattr(entry, key) for key in ("params", "trainable_params", "buffers", "macs", "depth")},
        summary=(
            ("parameters", entry.params, "count"),
            ("MACs", entry.macs, "count"),
            ("convolutions and linear layers on the longest path", entry.depth, "count"),
            *((f"{claim_words(claim)} ({claim.protocol}; {claim.source})", _cell(claim.value), "percent") for claim in errors),
        ),
        notes=(_COUNTED, f"{len(entry.claims)} published figures: archscope verify {entry.name}"),
        head=msgspec.to_builtins(entry),
    )


def _option(option: Option) -> str:
    default = str(option.default).lower() if isinstance(option.default, bool) or option.default is None else option.default
    choices = f" ({'|'.join(map(str, option.choices))})" if option.choices else ""
    return f"{option.name}={default}{choices}"


_CLAIMS = (
    Column("model", "network", "path"),
    Column("claim", "claim"),
    Column("relation", "", rank=3),
    Column("claimed", "published"),
    Column("computed", "computed"),
    Column("difference_percent", "%", "change", rank=2),
    Column("verdict", "verdict"),
    Column("source", "source", rank=1),
    Column("because", "because", rank=1),
    Column("because_source", "see", file_only=True),
    Column("quantity", "quantity", file_only=True),
    Column("of", "of", file_only=True),
    Column("than", "than", file_only=True),
    Column("protocol", "protocol", file_only=True),
)

# how a claim about the quantity begins in a table; what is not here is called by its own name
_WORDS = {
    "params": "parameters",
    "trainable_params": "trainable parameters",
    "conv_params": "parameters of convolutions",
    "buffers": "fixed values",
    "params_without_gamma": "parameters without BN scales",
    "params_and_statistics": "parameters and BN statistics",
    "keras_params": "parameters as Keras counts",
    "params_and_statistics_no_top": "parameters and BN statistics before the linear layers",
    "keras_params_no_top": "parameters as Keras counts before the linear layers",
    "params_and_statistics_bytes": "bytes of parameters and BN statistics",
    "keras_params_bytes": "bytes of parameters as Keras counts",
    "state_bytes": "bytes of the weights",
    "layers_with_params": "layers with parameters",
    "keras_depth": "layers on the longest path as Keras has them",
    "macs": "MACs",
    "fvcore_macs": "MACs as fvcore counts",
    "conv_macs": "MACs of convolutions",
    "top1_error": "top-1 error, %",
    "top5_error": "top-5 error, %",
    "test_error": "test error, %",
}

_KINDS: dict[str, Kind] = dict.fromkeys(("top1_error", "top5_error", "test_error"), "percent")
_KINDS |= dict.fromkeys(("state_bytes", "keras_params_bytes", "params_and_statistics_bytes"), "bytes")
_SIGNS = {"=": "", "about": "≈", "cut": "⌊⌋"}


def claims_table(results: Iterable[Result], checked: Sequence[Entry], verdict: str | None = None) -> Table:
    """One row per claim.

    Arguments:
        verdict: only these rows; the totals are of all. Raises `UsageError` for a verdict that does not exist.
    """
    if verdict is not None and verdict.lower() not in map(str.lower, VERDICTS):
        raise unknown("verdict", verdict, VERDICTS, list_all=True)
    found = list(results)
    counts = Counter(result.verdict for result in found)
    shown = [result for result in found if verdict is None or result.verdict.lower() == verdict.lower()]
    names = f"{len(checked)} networks" if len(checked) != 1 else checked[0].name
    return Table(
        name="claims" if len(checked) != 1 else checked[0].name,
        title=f"{names}: {len(found)} published figures, recomputed",
        columns=_CLAIMS,
        rows=tuple(Row(_result(result), kinds=_kinds(result.claim), quiet=result.verdict == "reported") for result in shown),
        totals={"claims": len(found), **{name: counts[name] for name in VERDICTS}},
        summary=tuple((name, counts[name], "count") for name in VERDICTS if counts[name] or name == "FAILS"),
        notes=(
            "holds: to the digits that the source gives (≈: within what its words allow; ⌊⌋: digits cut, not rounded). "
            "differs: for the reason given, and the count is what the reason says. reported: needs trained weights and data.",
        ),
    )  # fmt: skip


def _kinds(claim: Claim) -> dict[str, Kind]:
    kind: Kind = "count" if not claim.quantity.endswith("_ratio") else "ratio"
    kind = _KINDS.get(claim.quantity, "number" if claim.quantity == "dropout" else kind)
    return {"claimed": kind, "computed": kind}


def _result(result: Result) -> dict[str, Cell]:
    claim = result.claim
    return {
        "model": result.network,
        "claim": claim_words(claim),
        "relation": _SIGNS.get(claim.relation, claim.relation) or None,
        "claimed": _cell(claim.value),
        "computed": None if result.computed is None else _cell(result.computed),
        "difference_percent": None if result.difference is None else round(100 * result.difference, 2) or None,
        "verdict": result.verdict,
        "source": claim.source + (f" ({claim.protocol})" if claim.protocol else ""),
        "because": claim.because or None,
        "because_source": claim.because_source or None,
        "quantity": claim.quantity,
        "of": claim.of or None,
        "than": claim.than or None,
        "protocol": claim.protocol or None,
    }


def _cell(value: Value) -> Cell:
    """138000000.0 is a count: 138000000."""
    return int(value) if isinstance(value, float) and value.is_integer() and value >= 1000 else value


def claim_words(claim: Claim) -> str:
    """What a claim is about: "parameters of C3", "MACs against inception_v3"."""
    quantity, is_ratio, _ = claim.quantity.partition("_ratio")
    words = _WORDS.get(quantity, quantity)
    part = f" of {claim.of}" if claim.of else ""
    other = f" against {claim.than}" if is_ratio else ""
    options = "".join(
        f", {name}={str(value).lower() if isinstance(value, bool) else value}" for name, value in claim.options.items()
    )
    size = f" at {'x'.join(map(str, claim.input[1:]))}" if claim.input else ""
    return words + part + other + size + options
