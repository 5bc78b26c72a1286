"""Figures -> tables: the places of a network, and its weights. No torch."""

from archscope import units
from archscope.signal.records import BY_KEY, FIGURES, Place, Signal
from archscope.signal.verdict import rule, verdict
from archscope.tables.table import Column, Measured, Row, Table, Value

# Rank: what a narrow terminal leaves out first.
_RANKS = {
    "mean_squared": 3, "variance": 0, "second_moment": 9, "branch_mean_squared": 9, "branch_variance": 5,
    "shortcut_mean_squared": 9, "shortcut_variance": 9, "branch_ratio": 1, "dead": 2, "rank": 4, "gradient_norm": 0,
    "weight_norm": 9, "weight_gradient_norm": 6, "update_ratio": 4,
}  # fmt: skip
_FILE_ONLY = {key for key, rank in _RANKS.items() if rank == 9}


def signal_table(signal: Signal, explained: bool = True) -> Table:
    """One row per place: the median over the samples, and in files also the smallest and the largest.

    Arguments:
        explained: whether the rules and terms stand below; of several tables the last is enough.
    """
    columns = [
        Column("path", "place", "path"), Column("type", "type", rank=7), Column("stage", "stage", rank=6),
        Column("depth", "depth", "count", rank=6), Column("output", "output", "shape", rank=8),
    ]  # fmt: skip
    for figure in FIGURES:
        file_only = figure.key in _FILE_ONLY
        columns.append(Column(figure.key, figure.title, "number", _RANKS[figure.key], file_only=file_only))
        columns += [Column(f"{figure.key}_{end}", f"{end} {figure.title}", "number", 9, file_only=True) for end in ("min", "max")]
    columns.append(Column("rank_limit", "rank limit", "count", 9, file_only=True))
    known = {key for place in signal.places for key in place.values}
    shown = [figure for figure in FIGURES if figure.key not in _FILE_ONLY and figure.key in known]
    terms = "; ".join(f"{figure.title}: {figure.says}" for figure in shown)
    return Table(
        name=signal.label,
        title=f"{signal.label}: signal{_after(signal)}",
        facts=_facts(signal),
        columns=tuple(columns),
        rows=tuple(_row(place) for place in signal.places),
        notes=(
            *verdict(signal),
            *(_explained(signal, terms) if explained else ()),
            *(f"{note[0].upper()}{note[1:]}." for note in signal.notes),
        ),
        head={
            "label": signal.label, "options": signal.options, "mode": signal.mode, "batch": signal.batch, "seeds": signal.seeds,
            "init": signal.init, "by": signal.by, "verdict": verdict(signal),
        },
    )  # fmt: skip


def _explained(signal: Signal, terms: str) -> tuple[str, ...]:
    count = len(signal.seeds)
    agreed = ", to the digit that they agree in" if count > 1 else ""
    last = (
        "At initialisation a network has not been trained: what is seen here is where training begins."
        if signal.training is None
        else "After so few steps a network is not trained."
    )
    return rule(), f"Median over {count} sample{'s' * (count > 1)}{agreed}. {terms}.", last


def weights_table(signal: Signal) -> Table:
    """One row per weight."""
    columns = (
        Column("name", "weight", "path"), Column("shape", "shape", "shape", rank=2), Column("norm", "norm", "number", rank=1),
        Column("gradient_norm", "gradient", "number"), Column("update_ratio", "update/w", "number"),
    )  # fmt: skip
    rows = []
    for weight in signal.weights:
        parts = {"norm": weight.norm, "gradient_norm": weight.gradient_norm, "update_ratio": weight.update_ratio}
        held = Place(weight.name, "", "", 0, weight.shape, 0, parts)
        rows.append(Row({"name": weight.name, "shape": weight.shape, **{key: _measured(held, key) for key in parts}}))
    return Table(
        signal.label, f"{signal.label}: weights{_after(signal)}", columns, tuple(rows), _facts(signal),
        notes=(f"update/w: {signal.learning_rate:g} times the gradient's norm over the weight's: one step of SGD.",),
    )  # fmt: skip


def _after(signal: Signal) -> str:
    return "" if signal.training is None else f" after {signal.training.steps} steps"


def _facts(signal: Signal) -> tuple[str, ...]:
    inputs = " and ".join(units.shape(shape) for shape in signal.inputs)
    given = "".join(f" · {key}={value}" for key, value in signal.options.items())
    circumstances = f"input {inputs} · batch {signal.batch} · {signal.mode} mode · init {signal.init}{given} · {signal.dtype}"
    lines = [f"{circumstances} · torch {signal.torch}"]
    losses = [loss for loss in signal.losses if loss is not None]
    taken = f" · {signal.loss} {min(losses):.4g} to {max(losses):.4g}" if losses else ""
    seeds = f"seed {signal.seeds[0]}" if len(signal.seeds) == 1 else f"seeds {signal.seeds[0]} to {signal.seeds[-1]}"
    lines.append(f"{signal.data} · {seeds}{taken} · step of {signal.learning_rate:g}")
    training = signal.training
    if training is not None:
        course = [losses for losses in training.losses if losses]
        ends = [(losses[0], losses[-1]) for losses in course]
        told = ", ".join(f"{_loss(first)} to {_loss(last)}" for first, last in ends)
        early = " (ended early)" if any(len(losses) < training.steps for losses in course) else ""
        lines.append(
            f"after {training.steps} steps of {training.optimizer}, learning rate {training.learning_rate:g}, on "
            f"{training.data}{early}: loss {told}"
        )
    return tuple(lines)


def _loss(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4g}"


def _row(place: Place) -> Row:
    values: dict[str, Value] = {
        "path": place.path or "(network)", "type": place.type, "stage": place.stage, "depth": place.depth, "output": place.shape,
        "rank_limit": place.rank_limit or None,
    }  # fmt: skip
    for key in BY_KEY:
        values[key] = _measured(place, key)
        known = [value for value in place.of(key) if value is not None]
        values[f"{key}_min"], values[f"{key}_max"] = (min(known), max(known)) if known else (None, None)
    return Row(values)


def _measured(place: Place, key: str) -> Value:
    """The median with its spread; as a power of ten where it is very small or large."""
    value = place.typical(key)
    return Measured(value, place.spread(key)) if value is not None and 1e-3 <= abs(value) < 1e5 else value
