"""The options that every command shares, under the same names and with the same meaning, and how their words are read."""

import ast
from typing import Annotated, Any

import typer

from archscope.errors import UsageError
from archscope.units import parse_shape

MODEL_HELP = (
    "A built-in network (see: archscope list), torchvision:NAME, timm:NAME, FILE.py:CLASS, package.module:CLASS, "
    "or a saved graph (.json)."
)


def complete_model(incomplete: str) -> list[str]:
    """The built-in networks that begin with what was typed."""
    from archscope.zoo.catalog import entries

    return [name for entry in entries() for name in (entry.name, *entry.aliases) if name.startswith(incomplete)]


Model = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False, autocompletion=complete_model)]
Models = Annotated[
    list[str], typer.Argument(metavar="MODEL...", help=MODEL_HELP, show_default=False, autocompletion=complete_model)
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="SHAPE",
        help="Input shape without the batch: 3x299x299. Repeat it for several inputs.",
        show_default="the model's own",
    ),
]
Batch = Annotated[int, typer.Option("--batch", "-b", min=1, help="Examples per forward pass.")]
Dtype = Annotated[str, typer.Option("--dtype", help="Of inputs and weights: float32, float16, bfloat16, int64 ...")]
Mode = Annotated[str, typer.Option("--mode", help="eval or train: auxiliary heads run in train mode.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", metavar="NAME=VALUE", help="Constructor argument: --set num_classes=10. Repeatable.", show_default=False
    ),
]
Depth = Annotated[
    int | None, typer.Option("--depth", "-d", min=1, help="Levels of modules to show.", show_default="the network's stages")
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format", "-f", metavar="FORMAT", help="table, csv, json, md, latex or html, on stdout.", show_default="table"
    ),
]
Out = Annotated[
    str | None,
    typer.Option(
        "--out",
        "-o",
        metavar="FILE",
        help="Write to a file; its suffix picks the format. A bare format names the file after the model, in reports/. "
        "- is stdout.",
        show_default=False,
    ),
]
Exact = Annotated[bool, typer.Option("--exact", help="All digits in the table instead of 12.25 G.")]


def settings(words: list[str] | None) -> dict[str, Any]:
    """`["num_classes=10", "aux_heads=true"]` -> `{"num_classes": 10, "aux_heads": True}`; raises `UsageError` without an `=`."""
    found: dict[str, Any] = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"'{word}' is not NAME=VALUE", "write --set num_classes=10")
        found[name.strip()] = literal(value.strip())
    return found


def literal(text: str) -> Any:
    """A value as a person writes it: 10, 0.5, true, none, [1, 2], A."""
    words = {"true": True, "false": False, "none": None, "null": None}
    if text.lower() in words:
        return words[text.lower()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def shapes(words: list[str] | None) -> list[tuple[int, ...]]:
    """`["3x299x299"]` -> `[(3, 299, 299)]`; raises `UsageError` for what is not a shape."""
    return [parse_shape(word) for word in words or ()]


def request(input: list[str] | None, batch: int, dtype: str, mode: str, set_: list[str] | None) -> dict[str, Any]:
    """The keyword arguments of `look` that the common options ask for; raises `UsageError` as `shapes` and `settings` do."""
    return {"input": shapes(input), "batch": batch, "dtype": dtype, "mode": mode, "options": settings(set_)}
