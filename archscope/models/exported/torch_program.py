"""The program that torch.export saves, as JSON: records of it, and what a name in it stands for.

Source: torch/_export/serde/schema.py, schema versions 5 to 8 (torch 2.3 to 2.14). Unions are objects with one key.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from archscope.models.exported.scopes import Frame, Scope
from archscope.models.exported.sizes import UnknownSizeError, evaluated, named

DTYPES = {
    1: "uint8", 2: "int8", 3: "int16", 4: "int32", 5: "int64", 6: "float16", 7: "float32", 8: "float64", 9: "complex32",
    10: "complex64", 11: "complex128", 12: "bool", 13: "bfloat16", 28: "uint16", 29: "float8_e4m3fn", 30: "float8_e5m2",
    31: "float8_e4m3fnuz", 32: "float8_e5m2fnuz", 33: "float8_e8m0fnu", 34: "uint32", 35: "uint64",
}  # fmt: skip

Union = dict[str, Any]


class TensorMeta(msgspec.Struct):
    """A tensor: sizes and strides are numbers or expressions."""

    dtype: int
    sizes: list[Union]
    requires_grad: bool = False
    strides: list[Union] = []


class NamedArgument(msgspec.Struct):
    """An argument by its name in the operator's schema; kind 2 is by keyword."""

    name: str
    arg: Union
    kind: int | None = None


class ProgramNode(msgspec.Struct):
    """One operator: "torch.ops.aten.conv2d.default"."""

    target: str
    inputs: list[NamedArgument]
    outputs: list[Union]
    metadata: dict[str, str] = {}


class ProgramGraph(msgspec.Struct):
    """Operators in the order in which they ran, and what the names between them stand for."""

    inputs: list[Union]
    outputs: list[Union]
    nodes: list[ProgramNode]
    tensor_values: dict[str, TensorMeta]
    sym_int_values: dict[str, Union] = {}
    sym_bool_values: dict[str, Union] = {}
    sym_float_values: dict[str, Union] = {}


class Signature(msgspec.Struct):
    """What the graph's inputs and outputs are to the network."""

    input_specs: list[Union]
    output_specs: list[Union]


class GraphModule(msgspec.Struct):
    """The graph with its signature."""

    graph: ProgramGraph
    signature: Signature


class RangeConstraint(msgspec.Struct):
    """Between which numbers a symbol may lie."""

    min_val: int | None = None
    max_val: int | None = None


class SchemaVersion(msgspec.Struct):
    """Of the format."""

    major: int
    minor: int = 0


class Program(msgspec.Struct):
    """The whole file."""

    graph_module: GraphModule
    schema_version: SchemaVersion
    range_constraints: dict[str, RangeConstraint] = {}
    torch_version: str = ""


def only(union: Union) -> tuple[str, Any]:
    """The key and the value of a union. Raises `ValueError` where it has not exactly one."""
    if len(union) != 1:
        raise ValueError("a union with several values")
    return next(iter(union.items()))


def size(union: Union, known: Mapping[str, int]) -> int:
    """A size, with what the symbols stand for; where these do not tell, as it was in the example.

    Raises `UnknownSizeError` where neither does.
    """
    kind, value = only(union)
    if kind in ("as_int", "as_bool"):
        return int(value)
    try:
        return evaluated(named(str(value["expr_str"])), known)
    except UnknownSizeError:
        hint = value.get("hint")
        number = next(iter(hint.values()), None) if isinstance(hint, dict) else None
        if isinstance(number, int):
            return number
        raise


def symbol(union: Union) -> int | str:
    """A size as it stands there: a number or an expression."""
    kind, value = only(union)
    return int(value) if kind == "as_int" else named(str(value["expr_str"]))


def scope_of(metadata: Mapping[str, str]) -> Scope | None:
    """The modules that an operator ran in: "key,path,module.Class;key,path,module.Class", the network itself first."""
    words = metadata.get("nn_module_stack")
    if not words:
        return None
    frames = []
    for item in words.split(";"):
        key, _, rest = item.rpartition(",")
        _, _, path = key.rpartition(",")
        path, _, run = path.partition("@")
        if path:
            frames.append(Frame(path, rest.rpartition(".")[2], run))
    return tuple(frames)


def root_class(graph: ProgramGraph) -> str:
    """Class of the network; "" where no operator tells."""
    for node in graph.nodes:
        words = node.metadata.get("nn_module_stack", "").partition(";")[0].split(",")
        if len(words) == 3 and not words[1]:
            return words[2].rpartition(".")[2]
    return ""
