"""An ONNX file as the onnx package reads it: no weights beside it are opened, nothing in it is run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError, first_line

DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "uint8", 9: "bool", 10: "float16",
    11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16", 17: "float8_e4m3fn",
    18: "float8_e4m3fnuz", 19: "float8_e5m2", 20: "float8_e5m2fnuz", 21: "uint4", 22: "int4", 23: "float4_e2m1fn_x2",
    24: "float8_e8m0fnu", 25: "uint2", 26: "int2",
}  # fmt: skip
"""ONNX's numbers of dtypes; text (8) counts as bytes."""

FLOATING = (1, 10, 11, 16)
"""Dtypes that weights have."""
STANDARD = ("", "ai.onnx")


def library() -> Any:
    """The onnx package; raises `ArchscopeError` with how to install it."""
    try:
        import onnx
        import onnx.inliner
    except ImportError:
        raise ArchscopeError("onnx is not installed", "pip install archscope[onnx]") from None
    return onnx


def loaded(path: Path) -> Any:
    """The model in a file, its functions written out. Raises `ArchscopeError` for what is none."""
    onnx = library()
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except (DecodeError, ValueError, RuntimeError, RecursionError, MemoryError) as error:
        raise wrong(path, first_line(error)) from None
    if not model.HasField("graph") or not (model.graph.node or model.graph.initializer):
        raise wrong(path, "there is no graph in it")
    if model.functions:
        try:
            model = onnx.inliner.inline_local_functions(model)
        except Exception as error:  # the library's own, of several kinds
            raise wrong(path, f"its functions cannot be written out: {first_line(error)}") from None
    return model


def wrong(path: Path, why: str) -> ArchscopeError:
    """The error for a file that is not what its name says."""
    return ArchscopeError(f"{path} is not an ONNX model, or damaged: {why}", "export it again, or look at it with onnx.checker")


def versions(model: Any) -> dict[str, int]:
    """Of the operator sets, by domain."""
    found = {("" if one.domain in STANDARD else one.domain): int(one.version) for one in model.opset_import}
    return found or {"": 1}


def notes(thing: Any) -> dict[str, str]:
    """The metadata of a model, graph, node or value."""
    return {one.key: one.value for one in getattr(thing, "metadata_props", ())}


def attributes(node: Any) -> dict[str, Any]:
    """The attributes of a node as Python values; graphs and tensors as they are."""
    from onnx import helper

    found = {}
    for one in node.attribute:
        value = helper.get_attribute_value(one)
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        elif hasattr(value, "__len__") and not isinstance(value, str):
            value = list(value)
        found[one.name] = value
    return found


def dims_of(type_proto: Any) -> list[int | str | None] | None:
    """Sizes, names of open ones, None for those without a name; None where not even their number is known."""
    if type_proto is None or not type_proto.HasField("tensor_type") or not type_proto.tensor_type.HasField("shape"):
        return None
    found: list[int | str | None] = []
    for dim in type_proto.tensor_type.shape.dim:
        if dim.HasField("dim_value") and dim.dim_value > 0:
            found.append(int(dim.dim_value))
        elif dim.HasField("dim_value") and not dim.dim_param:  # 0 and -1 were written for "any"
            found.append(0 if dim.dim_value == 0 else None)
        else:
            found.append(dim.dim_param or None)
    return found


def subgraphs(node: Any) -> Iterator[tuple[str, Any]]:
    """The graphs inside a node, by attribute."""
    for one in node.attribute:
        if one.HasField("g"):
            yield one.name, one.g
