"""Tables of a benchmark: the timings side by side, and where the time of one goes. No torch."""

from collections.abc import Callable, Iterable

from archscope import units
from archscope.bench.results.cautions import cautions
from archscope.bench.results.records import Bench, Ceiling, Environment, Session, Timing
from archscope.bench.results.summary import Summary, summarise
from archscope.tables.table import Column, Measured, Row, Table, Value

# What is the same in every row stands in the heading; in files it is a column all the same.
_VARIED: tuple[tuple[Column, Callable[[Session, Timing], Value]], ...] = (
    (Column("batch", "batch", "number"), lambda s, t: t.settings.batch),
    (Column("dtype", "dtype"), lambda s, t: t.settings.dtype),
    (Column("threads", "threads", "number"), lambda s, t: t.settings.threads or s.environment.threads),
    (Column("channels_last", "channels-last"), lambda s, t: t.settings.channels_last),
    (Column("compiled", "compiled"), lambda s, t: t.settings.compiled),
    (Column("train", "train"), lambda s, t: t.settings.train),
    (Column("input", "input"), lambda s, t: " and ".join(map(units.shape, t.shapes))),
)
_FIGURES = (
    Column("median_seconds", "median", "seconds"),
    Column("iqr_seconds", "IQR", "seconds", rank=2),
    Column("p90_seconds", "p90", "seconds", rank=3),
    Column("p99_seconds", "p99", "seconds", rank=4),
    Column("minimum_seconds", "min", "seconds", rank=4),
    Column("runs", "runs", "number", rank=6),
    Column("throughput_per_second", "images/s", "count", rank=1),
    Column("ratio", "ratio", "ratio"),
    Column("ratio_low", "from", "ratio", rank=2),
    Column("ratio_high", "to", "ratio", rank=2),
    Column("flops_per_second", "FLOP/s", "count", rank=3),
    Column("peak_share", "of peak", "share", rank=3),
    Column("intensity_flops_per_byte", "FLOP/B", "number", rank=5),
    Column("bound", "bound by", rank=5),
    Column("roof_share", "of roof", "share", file_only=True),
    Column("peak_memory_bytes", "peak memory", "bytes", rank=2),
    Column("predicted_memory_bytes", "predicted", "bytes", rank=4),
    Column("allocated_memory_bytes", "allocated", "bytes", file_only=True),
    Column("first_run_seconds", "first run", "seconds", rank=6),
    Column("queueing_seconds", "queueing", "seconds", file_only=True),
    Column("q1_seconds", "q1", "seconds", file_only=True),
    Column("q3_seconds", "q3", "seconds", file_only=True),
    Column("median_low_seconds", "median from", "seconds", file_only=True),
    Column("median_high_seconds", "median to", "seconds", file_only=True),
    Column("warmup_runs", "warm-up", "number", file_only=True),
    Column("params", "params", "count", file_only=True),
    Column("flops", "FLOPs", "count", file_only=True),
    Column("bytes_moved", "bytes moved", "bytes", file_only=True),
    Column("device", "device", file_only=True),
    Column("cpu", "CPU", file_only=True),
    Column("gpu", "GPU", file_only=True),
    Column("torch", "torch", file_only=True),
    Column("date", "date", file_only=True),
    Column("failure", "failed"),
)


def timings_table(bench: Bench) -> Table:
    """Every timing of a benchmark, one row each."""
    lines = summarise(bench)
    several = len(bench.sessions) > 1
    columns = [Column("model", "model"), *([Column("session", "session", "number")] if several else [])]
    same: list[str] = []
    for column, read in _VARIED:
        found = {read(session, timing) for session, timing, _ in lines}
        if len(found) == 1 and column.key != "input":
            same += [_said(column, value) for value in found]
        columns.append(column if len(found) > 1 else _in_files(column))
    numbers = {id(session): number for number, session in enumerate(bench.sessions, 1)}
    rows = [_row(session, timing, figures, numbers[id(session)]) for session, timing, figures in lines]
    facts = [fact for session in bench.sessions for fact in _facts(session, numbers[id(session)] if several else None)]
    return Table(
        name="bench",
        title=f"Benchmark: {', '.join(word for word in same if word) or 'several settings'}",
        columns=(*columns, *_FIGURES),
        rows=tuple(rows),
        facts=tuple(facts),
        notes=_notes(bench, lines),
    )


def _in_files(column: Column) -> Column:
    return Column(column.key, column.title, column.kind, column.rank, file_only=True)


def _said(column: Column, value: Value) -> str:
    """What is the same in every row, for the heading."""
    if isinstance(value, bool):
        return column.title if value else ""
    if column.key == "threads":
        return f"{value} thread{'s' if value != 1 else ''}"
    return f"{column.title} {value}" if column.key == "batch" else str(value)


def _row(session: Session, timing: Timing, figures: Summary, number: int) -> Row:
    relative = figures.relative_spread
    environment = session.environment
    values: dict[str, Value] = {
        "model": timing.model,
        "session": number,
        **{column.key: read(session, timing) for column, read in _VARIED},
        **_times(figures),
        "runs": figures.runs,
        "throughput_per_second": _measured(figures.throughput, relative),
        **_ratio(figures),
        "flops_per_second": _measured(figures.flop_rate, relative),
        "peak_share": _measured(figures.peak_share, relative),
        "intensity_flops_per_byte": figures.intensity,
        "bound": figures.bound or None,
        "roof_share": _measured(figures.roof_share, relative),
        "peak_memory_bytes": timing.memory.peak,
        "predicted_memory_bytes": timing.memory.predicted,
        "allocated_memory_bytes": timing.memory.allocated,
        "first_run_seconds": _once(timing.first_run, figures.spread),
        "queueing_seconds": _once(timing.queueing, figures.spread),
        "warmup_runs": timing.warmup,
        "params": timing.params,
        "flops": timing.flops,
        "bytes_moved": timing.bytes_moved,
        "device": environment.device,
        "cpu": environment.cpu,
        "gpu": environment.gpu or None,
        "torch": environment.torch,
        "date": environment.date,
        "failure": timing.failure or None,
    }
    return Row(values, quiet=not figures.runs)


def _times(figures: Summary) -> dict[str, Value]:
    """The seconds; the tail to the digits that the tail itself allows."""
    spread = figures.spread
    tail = None if figures.p99 is None or figures.p90 is None else max(figures.p99 - figures.p90, spread or 0.0)
    width = None if spread is None else Measured(spread, spread)
    return {
        "median_seconds": _to(figures.median, spread),
        "iqr_seconds": width,
        "p90_seconds": _to(figures.p90, spread),
        "p99_seconds": _to(figures.p99, tail),
        "minimum_seconds": _to(figures.minimum, spread),
        "q1_seconds": _to(figures.q1, spread),
        "q3_seconds": _to(figures.q3, spread),
        "median_low_seconds": _to(figures.low, spread),
        "median_high_seconds": _to(figures.high, spread),
    }


def _ratio(figures: Summary) -> dict[str, Value]:
    low, high = figures.ratio_low, figures.ratio_high
    width = high - low if low is not None and high is not None else None
    return {"ratio": _to(figures.ratio, width), "ratio_low": _to(low, width), "ratio_high": _to(high, width)}


def _to(value: float | None, spread: float | None) -> Measured | None:
    return None if value is None else Measured(value, spread)


def _once(value: float | None, spread: float | None) -> Measured | None:
    """What was measured once: good for two digits at most."""
    return None if value is None else Measured(value, max(value / 10, spread or 0.0))


def _measured(value: float | None, relative: float | None) -> Measured | None:
    return None if value is None else Measured(value, None if relative is None else abs(value) * relative)


def _facts(session: Session, number: int | None) -> Iterable[str]:
    before = f"session {number}: " if number else ""
    yield before + where(session.environment)
    plan = session.plan
    turns = ", models in turn" if len({timing.model for timing in session.timings}) > 1 else ""
    much = (
        f"{plan.runs} runs" if plan.runs is not None else f"{units.seconds(plan.min_time)} to {units.seconds(plan.max_time)} each"
    )
    yield f"{before}{much}{turns}; {'; '.join(map(roofs, session.ceilings)) or 'ceilings not measured'}"


def where(environment: Environment) -> str:
    """The machine and torch, in one line."""
    device = f"{environment.device}: {environment.gpu}, " if environment.gpu else f"{environment.device}: "
    cores = f"{environment.cores or environment.logical_cores} cores"
    build = ", ".join(f"{key} {value}" for key, value in environment.build.items() if value not in ("no", "yes", "not used"))
    return f"{device}{environment.cpu}, {cores}; torch {environment.torch} ({build}); {environment.date}"


def roofs(ceiling: Ceiling) -> str:
    """The two ceilings, in one line."""
    threads = f" x {ceiling.threads}" if ceiling.threads else ""
    # The best of a few runs: good for two digits.
    product = f"{ceiling.side}x{ceiling.side} matrix product {_two(ceiling.flop_rate, 'count')}FLOP/s"
    if ceiling.convolution_rate is not None:
        product += f", in {ceiling.precision} {_two(ceiling.convolution_rate, 'count')}FLOP/s"
    copying = f"copy of {units.size(ceiling.copied)} {_two(ceiling.byte_rate, 'count')}B/s"
    return f"{ceiling.dtype}{threads}: {product}, {copying}"


def _two(value: float, kind: str) -> str:
    return units.measured(value, value / 10, kind)


def _notes(bench: Bench, lines: list[tuple[Session, Timing, Summary]]) -> tuple[str, ...]:
    notes = [f"{caution.kind}: {caution.line()}." for caution in cautions(bench)]
    bases = [base for session, timing, figures in lines if figures.ratio_low is not None and (base := session.base(timing))]
    if bases:
        what = bases[0].model if len({t.model for _, t, _ in lines}) > 1 else "the first setting"
        notes.append(f"Ratio: times the time of {what}, round by round, with the 99% bootstrap interval of the median.")
    notes.append("Median, IQR (width of the middle half), p90, p99 of single runs; printed to the digits that the IQR allows.")
    if any(timing.memory.allocated is not None for _, timing, _ in lines):
        notes.append(
            "Peak memory: tensors alive at once, as PyTorch's allocator saw them; predicted: the same from the graph alone."
        )
    elif any(timing.memory.peak is not None for _, timing, _ in lines):
        notes.append("Peak memory: as the GPU's allocator saw it, with its kernels' workspaces; predicted: the tensors alone.")
    if any(roof.precision for session in bench.sessions for roof in session.ceilings):
        notes.append(
            "TF32: what convolutions of float32 compute in here, and matrix products do not; each is held to its own peak."
        )
    overhead = max((session.overhead or 0.0 for session in bench.sessions), default=0.0)
    if overhead:
        notes.append(f"An empty run reads {_two(overhead, 'seconds')}; it is not subtracted.")
    return tuple(notes)
