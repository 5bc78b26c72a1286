"""Tables of where the time of one network goes: by stage and by layer, beside the counts. No torch."""

from collections.abc import Iterable, Sequence
from math import sqrt

from archscope.bench.results.records import CallTime, Ceiling, LayerTimes, Session, Timing
from archscope.bench.results.summary import attainable, bound, intensity_of, waits
from archscope.tables.table import Column, Measured, Row, Table, Value

FEWEST = 5  # stages: with fewer, the longest is opened

COLUMNS = (
    Column("module", "module", "path"),
    Column("type", "type", rank=2),
    Column("seconds", "time", "seconds"),
    Column("share", "share", "share", rank=1),
    Column("macs", "MACs", "count", rank=2),
    Column("flops_per_second", "FLOP/s", "count", rank=3),
    Column("intensity_flops_per_byte", "FLOP/B", "number", rank=4),
    Column("bound", "bound by", rank=4),
    Column("roof_share", "of roof", "share", rank=3),
    Column("flops", "FLOPs", "count", file_only=True),
    Column("bytes_moved", "bytes moved", "bytes", file_only=True),
    Column("batch", "batch", "number", file_only=True),
    Column("dtype", "dtype", file_only=True),
)


def layer_tables(session: Session, timing: Timing) -> list[Table]:
    """Two tables of a timing that has its layers: by stage and by layer; none of one that has not."""
    if timing.layers is None:
        return []
    about = f"{timing.model}, {timing.settings.words()}"
    facts = (_cost(timing.layers),)
    notes: tuple[str, ...] = (
        "Time from the begin to the end of a module's forward, Python included.",
        "Of roof: share of what the roofline allows; above 100% the caches gave what the copy had to fetch from memory.",
    )
    if _of_the_processor(timing, timing.layers):
        notes = (
            "Launches: the GPU waited for the processor, whose times these are; for the GPU's take a larger --batch.",
            *notes,
        )
    by_layer = _by_layer(session, timing, timing.layers)
    tables = [Table(timing.model, f"{about}: time by layer", COLUMNS, tuple(by_layer), facts, notes=notes)]
    if any(_children(timing.layers, stage) for stage in stages_of(timing.layers)):
        by_stage = _by_stage(session, timing, timing.layers)
        tables.insert(0, Table(timing.model, f"{about}: time by stage", COLUMNS, tuple(by_stage), facts, notes=notes))
    return tables


def _of_the_processor(timing: Timing, layers: LayerTimes) -> bool:
    """Whether a GPU was kept waiting: by what queueing takes, or by what looking takes, which costs a GPU next to nothing."""
    looked = timing.queueing is not None and layers.instrumented > 1.1 * layers.plain
    return looked or waits(timing, layers.plain)


def _by_stage(session: Session, timing: Timing, layers: LayerTimes) -> list[Row]:
    parts = [[stage, *_below(layers, stage)] for stage in stages_of(layers)]
    covered = {call.id for part in parts for call in part}
    rest = [call for call in layers.calls if call.id not in covered]
    named = [(part[0].path or "(network)", part[0].type, part) for part in parts]
    return _rows(session, timing, layers, named, rest)


def _by_layer(session: Session, timing: Timing, layers: LayerTimes) -> list[Row]:
    named = [(call.path or "(network)", call.type, [call]) for call in layers.calls if call.bytes]
    return _rows(session, timing, layers, named, [call for call in layers.calls if not call.bytes])


def _rows(
    session: Session,
    timing: Timing,
    layers: LayerTimes,
    named: Iterable[tuple[str, str, Sequence[CallTime]]],
    rest: Sequence[CallTime],
) -> list[Row]:
    """One row each; what containers do themselves is the last, so that the rows add up to the whole."""
    whole = sum(call.own for call in layers.calls)
    roof = session.ceiling(timing.settings)
    parts = [*named, *([("(between modules)", "", rest)] if rest else [])]
    return [_row(name, type, calls, whole, roof, timing) for name, type, calls in parts]


def stages_of(layers: LayerTimes) -> list[CallTime]:
    """The network's modules, in order; where they are few, the longest is opened until there are enough."""
    if not layers.calls:
        return []
    shown = [layers.calls[0]]
    while len(shown) < FEWEST:
        openable = [call for call in shown if _children(layers, call)]
        if not openable:
            break
        longest = max(openable, key=lambda call: call.total)
        at = shown.index(longest)
        shown[at : at + 1] = _children(layers, longest)
    return shown


def _children(layers: LayerTimes, call: CallTime) -> list[CallTime]:
    return [c for c in layers.calls if c.parent == call.id]


def _below(layers: LayerTimes, call: CallTime) -> list[CallTime]:
    inside = {call.id}
    for other in layers.calls[call.id + 1 :]:
        if other.parent in inside:
            inside.add(other.id)
    return [layers.calls[number] for number in sorted(inside - {call.id})]


def _row(name: str, type: str, calls: Sequence[CallTime], whole: float, roof: Ceiling | None, timing: Timing) -> Row:
    seconds, spread = sum(call.own for call in calls), sqrt(sum(call.spread**2 for call in calls))
    flops, moved = sum(call.flops for call in calls), sum(call.bytes for call in calls)
    intensity = intensity_of(flops, moved)
    convolutions = sum(call.convolved for call in calls) / flops if flops else 0.0
    limit = attainable(roof, intensity, convolutions)

    def measured(value: float | None) -> Measured | None:
        return Measured(value, value * spread / seconds) if value and seconds > 0 else None

    rate = flops / seconds if seconds > 0 else None
    values: dict[str, Value] = {
        "module": name,
        "type": type or None,
        "seconds": measured(seconds),
        "share": measured(seconds / whole) if whole > 0 else None,
        "macs": sum(call.macs for call in calls) or None,
        "flops_per_second": measured(rate),
        "intensity_flops_per_byte": intensity,
        "bound": bound(roof, intensity, convolutions) or None,
        "roof_share": measured(rate / limit) if rate and limit else None,
        "flops": flops or None,
        "bytes_moved": moved or None,
        "batch": timing.settings.batch,
        "dtype": timing.settings.dtype,
    }
    return Row(values)


def _cost(layers: LayerTimes) -> str:
    extra = max(layers.instrumented / layers.plain - 1, 0.0) if layers.plain > 0 else 0.0
    return f"medians of {layers.runs} runs; looking at the layers made a run {extra:.0%} longer than one without"
