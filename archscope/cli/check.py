"""`archscope check`."""

from collections.abc import Mapping
from dataclasses import field, make_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from archscope.cli import options
from archscope.comparison.budgets import QUANTITIES, Quantity
from archscope.errors import ArchscopeError, UsageError

Models = Annotated[list[str] | None, options.models_argument("those of pyproject.toml")]


_EXAMPLES: dict[str, tuple[str, str]] = {"count": ("COUNT", "45M"), "bytes": ("BYTES", "500MiB"), "seconds": ("TIME", "50ms")}


def _option(quantity: Quantity, name: str) -> Any:
    metavar, example = _EXAMPLES.get(quantity.kind, ("NUMBER", "10"))
    return typer.Option(
        f"--max-{name.replace('_', '-')}",
        metavar=metavar,
        help=f"Most {quantity.title}: {example}.",
        show_default=False,
        rich_help_panel="Budgets: any metric (archscope metrics), and the latency",
    )


if TYPE_CHECKING:
    Budgets = Any
else:
    # A group of options, one for each quantity that can be limited.
    Budgets = make_dataclass(
        "Budgets",
        [
            (f"max_{name}", Annotated[str | None, _option(quantity, name)], field(default=None))
            for name, quantity in QUANTITIES.items()
        ],
        frozen=True,
    )


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
    from archscope.comparison.budget_table import budget_table
    from archscope.comparison.budgets import Plan, limit_of, passes
    from archscope.comparison.budgets import check as hold
    from archscope.models.look_up import look

    told = {key: getattr(budgets, f"max_{key}") for key in QUANTITIES}
    limits = {key: limit_of(key, words) for key, words in told.items() if words is not None}
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
    from archscope.comparison.budgets import nearest, plans

    path = config or nearest()
    if limits:
        raise UsageError("a budget for which model?", "archscope check MODEL --max-params 45M")
    hint = "give one: archscope check MODEL --max-params 45M, or [tool.archscope.budgets.MODEL] in pyproject.toml"
    found = list(plans(path)) if path is not None else []
    if not found:
        raise UsageError(f"there is no budget{f' in {path}' if path else ''}", hint)
    missing = [model for model in models or () if model not in {plan.model for plan in found}]
    if missing:
        raise UsageError(f"there is no budget for {missing[0]} in {path}", hint)
    return [plan for plan in found if not models or plan.model in models]


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
    from archscope.models.loading import load

    loaded = load(model, input=request["input"] or None, device="cpu", **request["options"])
    setting = Settings(batch=request["batch"], dtype=request["dtype"], inputs=tuple(map(tuple, request["input"])))
    (timing,) = bench([loaded], [setting], plan=Duration(min_time=1.0, max_time=4.0), ceilings=False).timings
    if timing.failure or not timing.times:
        raise ArchscopeError(f"{model} could not be timed: {timing.failure}")
    return median(timing.times)
