"""`archscope info`."""

from typing import Annotated

import typer

from archscope.cli import options
from archscope.cli.output import deliver

Network = Annotated[
    str, typer.Argument(metavar="MODEL", help="A built-in network (see: archscope list).", autocompletion=options.complete_model)
]


def info(model: Network, format: options.Format = None, out: options.Out = None, exact: options.Exact = False) -> None:
    """A network's card: paper, options, published errors, and the variants beside it with what sets them apart.

    archscope info inception_resnet_v2
    """
    from archscope.zoo.card_tables import card_report
    from archscope.zoo.catalog import entries, find

    report = card_report(find(model), entries())
    deliver([report], format, out, f"{report.name}-info", exact)
