"""`archscope verify`."""

from typing import Annotated

import typer

from archscope.cli import options

Networks = Annotated[list[str] | None, options.models_argument("all", "Built-in networks (see: archscope list).")]
Verdict = Annotated[
    str | None,
    typer.Option("--verdict", metavar="VERDICT", help="Only these rows: holds, differs, reported, fails.", show_default="all"),
]


def verify(
    models: Networks = None,
    verdict: Verdict = None,
    *,
    output: options.Output,
) -> None:
    """Recompute every published figure of the networks. Exit code 1 where one that should hold does not.

    archscope verify inception_v4
    """
    from archscope.zoo.catalog import entries, find

    checked = list({entry.name: entry for entry in map(find, models)}.values()) if models else list(entries())

    from archscope.zoo.card_tables import claims_table
    from archscope.zoo.verification import verify as recompute

    results = list(recompute(checked))
    output.deliver([claims_table(results, checked, verdict)], "-".join(models or ["all"]) + "-claims")
    if any(result.verdict == "FAILS" for result in results):
        raise typer.Exit(1)
