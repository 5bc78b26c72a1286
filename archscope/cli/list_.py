"""`archscope list`."""

from typing import Annotated

import typer

from archscope.cli import options

Pattern = Annotated[
    str | None,
    typer.Argument(metavar="[PATTERN]", help="Part of a name, alias or title, or a pattern: resnet*_v1_5.", show_default="all"),
]
Family = Annotated[
    str | None,
    typer.Option("--family", metavar="NAME", help="lenet, alexnet, vgg, googlenet, resnet, inception ...", show_default="all"),
]


def list_(
    pattern: Pattern = None,
    family: Family = None,
    *,
    output: options.Output,
) -> None:
    """The built-in networks: names, year, input, parameters, MACs, error, variant.

    archscope list resnet
    """
    from archscope.zoo.card_tables import networks_table, select
    from archscope.zoo.catalog import entries

    output.deliver([networks_table(select(entries(), pattern, family))], "networks")
