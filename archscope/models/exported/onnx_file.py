"""An ONNX file -> Graph: its inputs and their open sizes, its graph, and what is to be said of it."""

import re
from pathlib import Path
from typing import Any

from archscope.graph import Graph, Meta
from archscope.models.exported import onnx_model, onnx_names
from archscope.models.exported.builder import Builder
from archscope.models.exported.onnx_graph import Walk
from archscope.models.exported.onnx_values import Types
from archscope.models.exported.sizes import Wanted, solved
from archscope.models.graph_file import Asked

_BATCH = re.compile(r"batch|^(n|b|bs|nb)$", re.IGNORECASE)


def graph_of(path: Path, asked: Asked) -> Graph:
    """The Graph of the model."""
    model = onnx_model.loaded(path)
    state = {tensor.name for tensor in model.graph.initializer}
    given = [info for info in model.graph.input if info.name not in state]
    wanted = [_wanted(info, path) for info in given]
    symbols, said = solved(wanted, _batch_symbols(wanted), asked.input, asked.batch, {}, str(path))
    builder = Builder(str(path))
    told = onnx_names.signature(model)
    types = Types(onnx_model.library(), onnx_model.versions(model), model.ir_version)
    walk = Walk(builder, types, told, symbols)
    for info, sizes in zip(given, wanted, strict=True):
        shape = tuple(dim if isinstance(dim, int) else symbols[dim] for dim in sizes)
        walk.values[info.name] = builder.input(shape, sizes.dtype, info.name)
        types.types[info.name] = types.onnx.helper.make_tensor_type_proto(info.type.tensor_type.elem_type, shape)
    walk.graph(model.graph)
    outputs = [walk.value(info.name) for info in model.graph.output if info.name in walk.values or info.name in types.types]
    floats = [one.dtype for one in wanted if "float" in one.dtype] + [
        p.dtype for p in builder.params.values() if "float" in p.dtype
    ]
    meta = Meta(variant=_variant(model, walk, told, said), dtype=(floats or ["float32"])[0], device="file", source=str(path))
    return builder.finish(path.stem, onnx_names.root_class(model.graph), outputs, meta)


def _wanted(info: Any, path: Path) -> Wanted:
    dims = onnx_model.dims_of(info.type)
    if dims is None:
        raise onnx_model.wrong(path, f"its input {info.name[:80]} has no shape")
    dtype = onnx_model.DTYPES.get(info.type.tensor_type.elem_type, "float32")
    return Wanted([_size(dim, at, info.name) for at, dim in enumerate(dims)], info.name, dtype)


def _size(dim: int | str | None, at: int, name: str) -> int | str:
    """A size, or a word for one that is open: 0, -1 and nothing were written for "any"."""
    if isinstance(dim, int) and dim > 0:
        return dim
    if isinstance(dim, str) and re.search(r"\w", dim):  # "?" is a name of nothing
        word = re.sub(r"\W", "_", dim)
        return word if word.isidentifier() else f"s_{word}"
    return "batch" if at == 0 else re.sub(r"\W", "_", f"{name}_{at}")


def _batch_symbols(wanted: list[Wanted]) -> frozenset[str]:
    """The symbols that number examples: those called so, else the first size of the inputs."""
    symbols = [dim for one in wanted for dim in one if isinstance(dim, str)]
    named = frozenset(symbol for symbol in symbols if _BATCH.search(symbol))
    return named or frozenset(one[0] for one in wanted[:1] if one and isinstance(one[0], str))


def _variant(model: Any, walk: Walk, told: dict[str, str], said: str) -> str:
    """Who wrote the file, what was assumed, what its exporter folded."""
    producer = " ".join(word for word in (model.producer_name, model.producer_version) if word)
    words = [f"opset {walk.types.opsets.get('', 1)}" + (f", written by {producer}" if producer else "")]
    if said:
        words.append(said)
    if walk.fused:
        words.append(f"the exporter folded {walk.fused} batch norms into the convolutions before them, with their parameters")
    gone = [name for names in walk.gone.values() for name in names if told[name] == "PARAMETER"]
    if gone and not walk.fused:
        more = f" and {len(gone) - 2} more" if len(gone) > 2 else ""
        words.append(f"the exporter folded or left out parameters: {', '.join(gone[:2])}{more}")
    if walk.blind:
        words.append("sizes that depend on the data stand as 0, and what runs on them is not counted")
    return "; ".join(words)
