"""`archscope info`."""

from typing import Annotated

import typer

from archscope.cli import options

Network = Annotated[
    str, typer.Argument(metavar="MODEL", help="A built-in network (see: archscope list).", autocompletion=options.complete_model)
]


def info(model: Network, *, output: options.Output) -> None:
    """A network's card: paper, options, published errors, and the variants beside it with what sets them apart.

    archscope info inception_resnet_v2
    """
    from archscope.errors import UsageError
    from archscope.models.words import is_file
    from archscope.zoo.card_tables import card_table
    from archscope.zoo.catalog import entries, find

    if ":" in model or is_file(model):
        raise UsageError(
            f"info has cards of the built-in networks only, none of {model}",
            f"archscope params {model} and archscope compare {model} resnet50 say what it costs",
        )
    table = card_table(find(model), entries())
    output.deliver([table], f"{table.name}-info")
