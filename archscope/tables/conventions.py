"""One network as every counter counts it, from the smallest figure to the largest, and what lies between two neighbours."""

from typing import NamedTuple

from archscope.conventions.convention import CONVENTIONS, Convention
from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.metrics.weights_only import needs_forward
from archscope.tables.common import Totals, facts, head, warnings
from archscope.tables.table import Column, Row, Table, Value

_COLUMNS = (
    Column("tool", "tool", file_only=True),
    Column("convention", "convention"),
    Column("unit", "counts", rank=1),
    Column("count", "figure", "number"),
    Column("step", "step", "step"),
    Column("reason", "because"),
    Column("bug", "bug", file_only=True),
)
_WORDS = {
    "matmul": "matrix products", "convolution": "convolutions", "bias": "biases", "batch_norm": "batch norm",
    "instance_norm": "instance norm", "layer_norm": "layer norm", "group_norm": "group norm",
    "add": "sums", "mul": "products of elements", "lstm": "LSTM", "gru": "GRU", "rnn": "RNN", "lstmcell": "LSTM cells",
    "upsample": "resizing", "grucell": "GRU cells", "rnncell": "RNN cells", "embedding": "embeddings",
}  # fmt: skip


class Rule(NamedTuple):
    """What one counter makes of one kind of operator: how much it adds up to, by which rules, with which mistakes."""

    value: int
    rules: tuple[str, ...]
    bugs: tuple[str, ...]


ALL = "all"
_NONE = Rule(0, (), ())


def needs_spelling(convention: str | None) -> bool:
    """Whether a convention, or "all", looks at names in Python. Raises `UsageError` for a convention that does not exist."""
    return convention == ALL or (convention is not None and CONVENTIONS.find(convention).needs_spelling)


def conventions_table(graph: Graph) -> Table:
    """All conventions side by side: the smallest figure first, each line a step from the figure above it, with its reason.

    A convention that cannot be known stands last, without a figure and with the reason.
    """
    needs_forward(graph, "there is no forward to count")
    known: list[tuple[int, Convention, dict[str, Rule]]] = []
    unknown: list[Row] = []
    for convention in CONVENTIONS.values():
        try:
            known.append((convention.count(graph), convention, rules(convention, graph)))
        except ArchscopeError as error:
            unknown.append(
                Row(
                    {
                        "tool": convention.name,
                        "convention": convention.name,
                        "unit": convention.unit,
                        "reason": error.message,
                    }
                )
            )
    known.sort(key=lambda entry: (entry[0], entry[1].unit != "MACs", entry[1].name != "macs", entry[1].name))
    rows: list[Row] = []
    before: tuple[str, dict[str, Rule]] | None = None
    for count, convention, own in known:
        rows += _rows(count, convention, own, before)
        before = (convention.name, own)
    return Table(
        name=graph.name,
        title=f"{graph.name}: one network, as {len(known)} conventions count it",
        facts=facts(graph),
        columns=_COLUMNS,
        rows=(*rows, *unknown),
        totals={**Totals(graph), "conventions": {convention.name: count for count, convention, _ in known}},
        notes=(
            "From the smallest figure to the largest; a step leads from the figure above it to this one. MACs count a "
            "multiplication and its addition as 1, FLOPs as 2. Bugs are the tools' own: the figures are what they print.",
            *warnings(graph),
        ),
        head=head(graph),
    )


def rules(convention: Convention, graph: Graph) -> dict[str, Rule]:
    """What a convention's number is made of, by what was counted: "convolution", "bias" ..."""
    made: dict[str, Rule] = {}
    for part in convention.of(graph):
        label = "upsample" if part.label.startswith("upsample") else part.label  # tools are not agreed on how to call its kinds
        value, hows, bugs = made.get(label, _NONE)
        hows = hows if part.rule in hows else (*hows, part.rule)
        bugs = bugs if not part.bug or part.bug in bugs else (*bugs, part.bug)
        made[label] = Rule(value + int(part.value), hows, bugs)
    return made


def words_for(label: str) -> str:
    """A label in a reader's words: "batch_norm" -> "batch norm"."""
    return _WORDS.get(label) or label.replace("_", " ").replace("pool2d", "pooling").replace("pool1d", "pooling")


def _rows(count: int, convention: Convention, own: dict[str, Rule], before: tuple[str, dict[str, Rule]] | None) -> list[Row]:
    first: dict[str, Value] = {"tool": convention.name, "convention": convention.name, "unit": convention.unit, "count": count}
    if before is None:
        reasons = "; ".join(f"{words_for(label)}: {_how(rule)}" for label, rule in own.items())
        return [Row({**first, "reason": reasons or "nothing"})]
    name, others = before
    changed = (*own, *(label for label in others if label not in own))
    steps = [(own.get(label, _NONE).value - others.get(label, _NONE).value, label) for label in changed]
    rows: list[Row] = []
    for step, label in sorted(steps, key=lambda entry: (-abs(entry[0]), entry[1])):
        if not step:
            continue
        rule, other = own.get(label, _NONE), others.get(label, _NONE)
        reason = f"{words_for(label)}: {_how(rule)}"
        if other.value and rule.value and rule.rules == other.rules:
            reason += f", {'more' if step > 0 else 'fewer'} of them than {name} sees"
        elif other.value:
            reason += f" ({name}: {_how(other, bugs=False)})"
        values: dict[str, Value] = dict(first) if not rows else {"tool": convention.name}
        rows.append(Row({**values, "step": step, "reason": reason, "bug": "; ".join(rule.bugs) or None}))
    return rows or [Row({**first, "step": 0, "reason": f"as {name}"})]


def _how(rule: Rule, *, bugs: bool = True) -> str:
    if not rule.value:
        return "not counted"
    how = " or ".join(rule.rules)
    return f"{how} [bug: {'; '.join(rule.bugs)}]" if bugs and rule.bugs else how
