"""`archscope check`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from archscope.cli import options
from archscope.errors import ArchscopeError, UsageError

Models = Annotated[list[str] | None, options.models_argument("those of pyproject.toml")]


def _max(name: str, what: str, metavar: str) -> Any:
    return typer.Option(f"--max-{name}", metavar=metavar, help=f"Most {what}.", show_default=False, rich_help_panel="Budgets")


@dataclass(frozen=True)
class Budgets:
    """The options that limit something. Those that are asked for most have one of their own."""

    params: Annotated[str | None, _max("params", "parameters: 45M", "COUNT")] = None
    macs: Annotated[str | None, _max("macs", "multiply-accumulates: 13G", "COUNT")] = None
    flops: Annotated[str | None, _max("flops", "floating-point operations: 26G", "COUNT")] = None
    activations: Annotated[str | None, _max("activations", "elements that operators write: 70M", "COUNT")] = None
    param_bytes: Annotated[str | None, _max("param-bytes", "bytes of parameters: 180MiB", "BYTES")] = None
    peak_memory: Annotated[str | None, _max("peak-memory", "parameters and activations alive at once: 500MiB", "BYTES")] = None
    weighted_depth: Annotated[
        str | None, _max("weighted-depth", "convolutions and linear layers on the longest path: 100", "COUNT")
    ] = None
    latency: Annotated[str | None, _max("latency", "seconds of one forward: 50ms", "TIME")] = None
    most: Annotated[
        list[str] | None,
        typer.Option(
            "--max",
            metavar="METRIC=AMOUNT",
            help="Most of any metric (see: archscope metrics): --max bytes_moved=1GiB. Repeatable.",
            show_default=False,
            rich_help_panel="Budgets",
        ),
    ] = None

    def limits(self) -> dict[str, int | float]:
        """The limits that are given, by quantity; raises `UsageError` for what is no quantity or no amount of it."""
        from archscope.comparison.budgets import limit_of

        own = [field.name for field in fields(self) if field.name != "most"]
        told = {name: words for name in own if (words := getattr(self, name)) is not None}
        for words in self.most or ():
            name, equals, amount = words.partition("=")
            if not equals:
                raise UsageError(f"'{words}' is not METRIC=AMOUNT", "write --max bytes_moved=1GiB")
            told[name.strip().replace("-", "_")] = amount.strip()
        return {name: limit_of(name, words) for name, words in told.items()}


def check(
    models: Models = None,
    bench: Annotated[
        list[str] | None,
        typer.Option("--bench", metavar="FILE", help="Take the latency from a saved benchmark.", show_default="measured now"),
    ] = None,
    allow_uncounted: Annotated[
        bool, typer.Option("--allow-uncounted", help="Operators without a cost formula do not leave MACs and FLOPs undecided.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="Where [tool.archscope.budgets] is.", show_default="the nearest pyproject.toml"
        ),
    ] = None,
    *,
    budgets: Budgets,
    forward: options.Forward,
    output: options.Output,
) -> None:
    """Hold a network against budgets, from options or from pyproject.toml. Exit code 1 where one is not kept.

    archscope check inception_v4 --max-params 45M --max-macs 13G
    """
    from archscope.comparison.budget_file import Plan
    from archscope.comparison.budget_table import budget_table
    from archscope.comparison.budgets import check as hold
    from archscope.comparison.budgets import passes
    from archscope.models.look_up import look

    limits = budgets.limits()
    request = forward.request()
    plans = [Plan(model, limits) for model in models] if models and limits else _configured(config, models, limits)
    tables, kept, error = [], True, None
    for plan in plans:
        asked = {**request, **plan.request}
        try:
            graph = look(plan.model, **asked)
            latency = _latency(plan.model, asked, bench) if "latency" in plan.limits else None
        except ArchscopeError as failure:
            error = error or failure
            continue
        findings = hold(graph, plan.limits, latency=latency, allow_uncounted=allow_uncounted)
        kept = kept and passes(findings)
        tables.append(budget_table(graph, findings))
    if tables:
        output.deliver(tables, f"{'-'.join(table.name for table in tables)}-check")
    if error is not None:
        raise error
    if not kept:
        raise typer.Exit(1)


def _configured(config: Path | None, models: list[str] | None, limits: Mapping[str, int | float]) -> list[Any]:
    """The budgets of the file, of these models if any are named."""
    from archscope.comparison.budget_file import named, nearest, plans

    path = config or nearest()
    if limits:
        raise UsageError("a budget for which model?", "archscope check MODEL --max-params 45M")
    hint = "give one: archscope check MODEL --max-params 45M, or [tool.archscope.budgets.MODEL] in pyproject.toml"
    found = list(plans(path)) if path is not None else []
    if not found:
        raise UsageError(f"there is no budget{f' in {path}' if path else ''}", hint)
    if not models:
        return found
    chosen: dict[Any, None] = {}  # each once, though two words may mean it
    for model in models:
        meant = named(found, model)
        if not meant:
            raise UsageError(f"there is no budget for {model} in {path}", hint)
        chosen |= dict.fromkeys(meant)
    return list(chosen)


def _latency(model: str, request: Mapping[str, Any], saved: list[str] | None) -> float | None:
    """Median seconds of one forward: from a saved benchmark, or measured here and now on the CPU or the best device there is."""
    if saved:
        from archscope.bench.results import files
        from archscope.comparison.side_by_side import timed

        value = timed(files.load(saved), model, request).get("latency_seconds")
        return value if isinstance(value, float) else None
    from archscope.bench.measure import bench
    from archscope.bench.results.records import Plan as Duration
    from archscope.bench.results.records import Settings
    from archscope.bench.results.statistics import median
    from archscope.models.loading import load_with

    loaded = load_with(model, request["options"], request["input"] or None, "cpu")
    setting = Settings(batch=request["batch"], dtype=request["dtype"], inputs=tuple(map(tuple, request["input"])))
    (timing,) = bench([loaded], [setting], plan=Duration(min_time=1.0, max_time=4.0), ceilings=False).timings
    if timing.failure or not timing.times:
        raise ArchscopeError(f"{model} could not be timed: {timing.failure}")
    return median(timing.times)
