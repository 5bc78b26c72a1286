"""The options that every command shares, under the same names and with the same meaning, and how their words are read."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from archscope.cli.output import deliver
from archscope.errors import ArchscopeError, UsageError
from archscope.units import literal

if TYPE_CHECKING:
    from archscope.graph.input_spec import InputSpec
    from archscope.tables.table import Table

MODEL_HELP = (
    "A built-in network (see: archscope list), torchvision:NAME, timm:NAME, hf:TYPE, FILE.py:CLASS, package.module:CLASS, "
    "a saved graph (.json), a program of torch.export (.pt2), an ONNX model (.onnx) or weights (.safetensors)."
)
SEVERAL_HELP = f"{MODEL_HELP[:-1]}; a pattern over names ('timm:resnet*'), or a file of names (.txt)."
RUN_HELP = (
    "A built-in network (see: archscope list), torchvision:NAME, timm:NAME, hf:TYPE, FILE.py:CLASS or package.module:CLASS; "
    "a pattern over names ('timm:resnet*'), or a file of names (.txt)."
)
COMPARED_HELP = f"{SEVERAL_HELP[:-1]}, or results of archscope sweep (.parquet, .csv, .jsonl)."


def complete_model(incomplete: str) -> list[str]:
    """The built-in networks that begin with what was typed."""
    from archscope.zoo.catalog import entries

    return [name for entry in entries() for name in (entry.name, *entry.aliases) if name.startswith(incomplete)]


def several(words: list[str] | None) -> list[str] | None:
    """The models that the words stand for; what stands for itself alone is not looked up."""
    if not words or not any(sign in word for word in words for sign in ("*", "?", ".txt")):
        return words
    from archscope.models.name_patterns import expanded

    return expanded(words)


Model = Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False, autocompletion=complete_model)]
Models = Annotated[
    list[str],
    typer.Argument(metavar="MODEL...", help=SEVERAL_HELP, show_default=False, autocompletion=complete_model, callback=several),
]


def models_argument(default: str, help: str = SEVERAL_HELP) -> Any:
    """The argument MODEL... of a command that has models to show where none is named.

    Arguments:
        default: which these are, for the help.
    """
    return typer.Argument(metavar="[MODEL]...", help=help, show_default=default, autocompletion=complete_model, callback=several)


Protocol = Annotated[
    str | None,
    typer.Option(
        "--protocol",
        metavar="WORDS",
        help="Published errors of this protocol: '144 crops'.",
        show_default="a single crop, if published",
    ),
]
Input = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="[NAME:][DTYPE:]SHAPE",
        help="Input shape without the batch: 3x299x299, ids:int64:128, mask:bool:128; or its values where they matter: "
        "grid_thw=1,16,16, mask=1:128 for 1 everywhere, num_frames:python=5 for what is no tensor. Repeat it for several inputs.",
        show_default="the model's own",
    ),
]
Batch = Annotated[int, typer.Option("--batch", "-b", min=1, help="Examples per forward pass.")]
Dtype = Annotated[str, typer.Option("--dtype", help="Of weights and inputs: float32, float16, bfloat16 ...")]
Autocast = Annotated[
    str, typer.Option("--autocast", metavar="DTYPE", help="Run under torch.autocast to bfloat16 or float16.", show_default="off")
]
Mode = Annotated[str, typer.Option("--mode", help="eval or train: auxiliary heads run in train mode.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", "-s", metavar="NAME=VALUE", help="Constructor argument: --set num_classes=10. Repeatable.", show_default=False
    ),
]
Keep = Annotated[
    list[str] | None,
    typer.Option(
        "--keep",
        metavar="[MODULE=]N",
        help="Where data decide how many rows pass (boxes, tokens of an expert), let N pass: --keep rpn=1000. Repeatable.",
        show_default="as this run's data decide",
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
        if not equals or not all(part.isidentifier() for part in name.strip().split(".")):
            raise UsageError(f"'{word}' is not NAME=VALUE", "write --set num_classes=10")
        found[name.strip()] = literal(value.strip())
    return found


def kept(words: list[str] | None) -> dict[str, int]:
    """`["rpn=1000", "100"]` -> `{"rpn": 1000, "": 100}`; raises `UsageError` for what is no number of rows."""
    found: dict[str, int] = {}
    for word in words or ():
        path, _, rows = word.rpartition("=")
        if not rows.strip().isdecimal():
            raise UsageError(f"'{word}' is not [MODULE=]N", "write --keep 1000, or --keep rpn=1000 --keep roi_heads=100")
        found[path.strip()] = int(rows)
    return found


def shapes(words: list[str] | None) -> "list[InputSpec]":
    """`["3x299x299", "ids:int64:128"]` with dtypes and names; raises `UsageError` for what is none."""
    from archscope.graph.input_spec import parse_input

    if not words:
        return []

    return [parse_input(word) for word in words]


@dataclass(frozen=True)
class Forward:
    """The options of every command that looks at one forward of a model."""

    input: Input = None
    batch: Batch = 1
    dtype: Dtype = "float32"
    mode: Mode = "eval"
    set_: Settings = None
    keep: Keep = None
    autocast: Autocast = ""

    def request(self) -> dict[str, Any]:
        """The keyword arguments of `look`; raises `UsageError` as `shapes` and `settings` do."""
        return {
            "input": shapes(self.input), "batch": self.batch, "dtype": self.dtype, "mode": self.mode,
            "options": settings(self.set_), "keep": kept(self.keep),
            "autocast": self.autocast,
        }  # fmt: skip


@dataclass(frozen=True)
class Output:
    """The options of every command whose results are tables."""

    format: Format = None
    out: Out = None
    exact: Exact = False

    def deliver(self, tables: "Sequence[Table]", stem: str) -> None:
        """Shows the tables on stdout, or writes them to a file and says where; see `output.deliver`."""
        deliver(tables, self.format, self.out, stem, self.exact)

    def finish(self, tables: "Sequence[Table]", error: ArchscopeError | None, stem: str) -> None:
        """As `deliver`; with an `error`, what there is goes to stdout, no file is written, and the error is raised."""
        if error is None:
            self.deliver(tables, stem)
            return
        if tables:
            deliver(tables, self.format, None, stem, self.exact)
        raise error


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command with its groups of options as single ones: what typer reads off a signature.

    A parameter whose type is a dataclass, such as `forward: Forward`, is a group: each of its fields becomes an option of the
    command, and the command gets the group whole.
    """
    groups: dict[str, Any] = {}
    single: list[inspect.Parameter] = []
    hints = get_type_hints(command, include_extras=True)
    for parameter in inspect.signature(command).parameters.values():
        kind = hints[parameter.name]
        if not is_dataclass(kind):
            single.append(parameter.replace(kind=parameter.KEYWORD_ONLY, annotation=kind))
            continue
        groups[parameter.name] = kind
        types = get_type_hints(kind, include_extras=True)
        single += [
            inspect.Parameter(f.name, parameter.KEYWORD_ONLY, default=f.default, annotation=types[f.name]) for f in fields(kind)
        ]

    @wraps(command)
    def run(**given: Any) -> None:
        made = {name: kind(**{f.name: given.pop(f.name) for f in fields(kind)}) for name, kind in groups.items()}
        command(**given, **made)

    run.__signature__ = inspect.Signature(single)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in single}
    return run
