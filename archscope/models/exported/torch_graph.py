"""A program of torch.export -> Graph."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from archscope.errors import ArchscopeError, first_line
from archscope.graph import Graph, Meta, Param
from archscope.models.exported.builder import Builder, Outside, Value
from archscope.models.exported.composites import COMPOSITES, Run
from archscope.models.exported.scopes import Scope
from archscope.models.exported.sizes import UnknownSizeError, Wanted, solved
from archscope.models.exported.torch_program import (
    DTYPES,
    Program,
    ProgramGraph,
    ProgramNode,
    TensorMeta,
    Union,
    only,
    root_class,
    scope_of,
    size,
    symbol,
)
from archscope.models.graph_file import Asked

_BY_NAME = frozenset(
    "alpha beta dtype layout device pin_memory memory_format scale enable_gqa approximate rounding_mode generator reduce "
    "include_self out_dtype value_keyword per_sample_weights correction keepdim_keyword".split()
)
"""Arguments that aten's schemas take by name only, for programs that do not say so themselves."""
_TRANSPARENT = ("wrap_with_set_grad_enabled", "wrap_with_autocast", "hints_wrapper", "wrap", "tag_activation_checkpoint")


def graph_of(program: Program, path: Path, asked: Asked) -> Graph:
    """The Graph of a program. Raises `ArchscopeError` where it contradicts itself, `UsageError` for sizes that do not fit."""
    where = str(path)
    if program.schema_version.major > 8:
        raise ArchscopeError(
            f"{where} has schema version {program.schema_version.major}, this archscope reads up to 8",
            "export it with an older torch",
        )
    try:
        return _Reader(program, path, asked).graph()
    except (KeyError, IndexError, ValueError, TypeError, AttributeError, UnknownSizeError, RecursionError) as error:
        words = first_line(error, 120)
        hint = "save it again with torch.export.save"
        raise ArchscopeError(f"{where} is damaged: {type(error).__name__} at {words}", hint) from None


class _Reader:
    """Walks the nodes of one program."""

    def __init__(self, program: Program, path: Path, asked: Asked) -> None:
        self.program, self.path = program, path
        self.builder = Builder(str(path))
        self.known, said = self._symbols(asked)
        version = program.torch_version
        words = f"exported by torch {version}" if version and version[0].isdigit() else "exported by torch.export"
        self.variant = f"{words}; {said}" if said else words

    def graph(self) -> Graph:
        """The Graph."""
        module = self.program.graph_module
        values: dict[str, Any] = {}
        wanted = iter(module.graph.inputs)
        for spec in module.signature.input_specs:
            kind, one = only(spec)
            self._enter(kind, one, next(wanted), module.graph, values)
        self._walk(module.graph, values, ())
        outputs = []
        for spec in module.signature.output_specs:
            kind, one = only(spec)
            if kind in ("user_output", "loss_output"):
                outputs += _tensors(self._argument(one["arg"], module.graph, values))
        floats = [v.dtype for v in values.values() if isinstance(v, Value) and "float" in v.dtype]
        meta = Meta(
            variant=self.variant, dtype=floats[0] if floats else "float32", device="file", torch=self.program.torch_version,
            source=str(self.path),
        )  # fmt: skip
        return self.builder.finish(self.path.stem, root_class(module.graph), outputs, meta)

    # -- inputs -----------------------------------------------------------------------------------------------------------------

    def _user_inputs(self) -> list[Wanted]:
        module = self.program.graph_module
        found = []
        for spec in module.signature.input_specs:
            kind, one = only(spec)
            if kind == "user_input" and "as_tensor" in one["arg"]:
                name = one["arg"]["as_tensor"]["name"]
                meta = module.graph.tensor_values[name]
                found.append(Wanted([symbol(dim) for dim in meta.sizes], name, DTYPES[meta.dtype]))
        return found

    def _symbols(self, asked: Asked) -> tuple[dict[str, int], str]:
        wanted = self._user_inputs()
        hints: dict[str, int] = {}
        for meta in self.program.graph_module.graph.tensor_values.values():
            for dim in meta.sizes:
                expression = symbol(dim)
                if isinstance(expression, str) and expression not in hints:
                    hints[expression] = size(dim, {})
        first = frozenset(one[0] for one in wanted[:1] if one and isinstance(one[0], str))
        return solved(wanted, first, asked.input, asked.batch, hints, str(self.path))

    def _enter(self, kind: str, one: Any, argument: Union, graph: ProgramGraph, values: dict[str, Any]) -> None:
        """An input of the graph: the network's, a parameter, a buffer, a constant."""
        if kind in ("token", "custom_obj", "constant_input") or "as_tensor" not in argument:
            return
        name = argument["as_tensor"]["name"]
        meta = graph.tensor_values[name]
        shape, dtype = self._shape(meta), DTYPES[meta.dtype]
        if kind == "user_input":
            values[name] = self.builder.input(shape, dtype, name)
        elif kind == "parameter":
            values[name] = self.builder.param(Param(str(one["parameter_name"]), shape, dtype, trainable=meta.requires_grad))
        elif kind == "buffer":
            values[name] = self.builder.param(Param(str(one["buffer_name"]), shape, dtype, trainable=False, buffer=True))
        else:
            values[name] = self.builder.constant(shape, dtype)

    def _shape(self, meta: TensorMeta) -> tuple[int, ...]:
        return tuple(size(dim, self.known) for dim in meta.sizes)

    # -- operators --------------------------------------------------------------------------------------------------------------

    def _walk(self, graph: ProgramGraph, values: dict[str, Any], above: Scope) -> None:
        for node in graph.nodes:
            scope = scope_of(node.metadata)
            if scope is None and above:
                scope = above
            self._node(node, graph, values, scope)

    def _node(self, node: ProgramNode, graph: ProgramGraph, values: dict[str, Any], scope: Scope | None) -> None:
        names = [name for output in node.outputs for name in _names(output)]
        namespace, _, rest = node.target.removeprefix("torch.ops.").partition(".")
        made = [name for name in names if name in graph.tensor_values]
        if not node.target.startswith("torch.ops.") or (not made and not _tensors_named(node)):
            return  # arithmetic on sizes: the file tells its results
        if namespace == "higher_order":
            self._higher_order(node, rest, graph, values, scope, made)
            return
        op = rest.rpartition(".")[0] if "." in rest else rest
        args, keywords = self._arguments(node, graph, values)
        metas = [graph.tensor_values[name] for name in made]
        run = self._canonical(namespace, op, args, keywords, metas, graph, node)
        if run is None:
            first = next(iter(args.values()))
            values.update(dict.fromkeys(made, first))
            return
        makes = [Outside(self._shape(meta), DTYPES[meta.dtype]) for meta in metas]
        results = self.builder.run(f"{namespace}.{run.op}", run.args, makes, scope, keywords=run.keywords)
        values.update(zip(made, results, strict=True))

    def _canonical(
        self, namespace: str, op: str, args: Mapping[str, Any], keywords: Mapping[str, Any], metas: Sequence[TensorMeta],
        graph: ProgramGraph, node: ProgramNode,
    ) -> Run | None:  # fmt: skip
        """The operator as a trace has it; None where it only hands on its first argument."""
        if namespace == "aten" and op in COMPOSITES:
            if op in ("contiguous", "to", "type_as", "clone") and _same(node, graph, metas):
                return None
            return COMPOSITES[op](*args.values(), **keywords)
        if f"{namespace}.{op}" in ("aten.detach", "aten.detach_", "aten.lift_fresh_copy", "aten.alias"):
            return None
        return Run(op, args, keywords)

    def _arguments(
        self, node: ProgramNode, graph: ProgramGraph, values: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        args: dict[str, Any] = {}
        keywords: dict[str, Any] = {}
        for one in node.inputs:
            by_name = one.kind == 2 if one.kind is not None else one.name in _BY_NAME
            (keywords if by_name else args)[one.name] = self._argument(one.arg, graph, values)
        return args, keywords

    def _argument(self, union: Union, graph: ProgramGraph, values: Mapping[str, Any]) -> Any:
        kind, value = only(union)
        if kind == "as_none":
            return None
        if kind == "as_tensor" or (kind == "as_optional_tensor" and "as_tensor" in value):
            return values[(value["as_tensor"] if kind == "as_optional_tensor" else value)["name"]]
        if kind == "as_optional_tensor":
            return None
        if kind == "as_tensors":
            return [values[one["name"]] for one in value]
        if kind == "as_optional_tensors":
            return [values[one["as_tensor"]["name"]] if "as_tensor" in one else None for one in value]
        if kind in ("as_sym_int", "as_sym_bool", "as_sym_float"):
            return self._scalar(value, graph)
        if kind in ("as_sym_ints", "as_sym_bools", "as_sym_floats"):
            return [self._scalar(one, graph) for one in value]
        if kind == "as_float" and isinstance(value, str):
            return float(value.replace("Infinity", "inf"))
        if kind == "as_scalar_type":
            return DTYPES.get(value, str(value))
        return value if kind in ("as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools", "as_string") else str(kind)

    def _scalar(self, union: Union, graph: ProgramGraph) -> Any:
        kind, value = only(union)
        if kind != "as_name":
            return value
        for table in (graph.sym_int_values, graph.sym_bool_values, graph.sym_float_values):
            if value in table:
                return size(table[value], self.known)
        return None

    # -- operators that hold graphs ---------------------------------------------------------------------------------------------

    def _higher_order(
        self, node: ProgramNode, op: str, graph: ProgramGraph, values: dict[str, Any], scope: Scope | None, made: list[str]
    ) -> None:
        graphs = [one.arg["as_graph"]["graph"] for one in node.inputs if "as_graph" in one.arg]
        if op in _TRANSPARENT and len(graphs) == 1:
            inner = _inner(graphs[0])
            kinds = ("as_tensor", "as_sym_int")
            operands = [self._argument(one.arg, graph, values) for one in node.inputs if next(iter(one.arg)) in kinds]
            operands += [v for one in node.inputs if "as_tensors" in one.arg for v in self._argument(one.arg, graph, values)]
            names = [name for argument in inner.inputs for name in _names(argument)]
            local: dict[str, Any] = dict(zip(names, operands, strict=False))
            self._walk(inner, local, scope or ())
            results = [v for output in inner.outputs for v in _tensors(self._argument(output, inner, local))]
            values.update(zip(made, results, strict=True))
            return
        reads = [v for one in node.inputs if "as_graph" not in one.arg for v in _tensors(self._argument(one.arg, graph, values))]
        metas = [graph.tensor_values[name] for name in made]
        makes = [Outside(self._shape(meta), DTYPES[meta.dtype]) for meta in metas]
        results = self.builder.run(f"higher_order.{op}", {"operands": reads}, makes, scope)
        values.update(zip(made, results, strict=True))


def _inner(raw: Any) -> ProgramGraph:
    import msgspec

    return msgspec.convert(raw, ProgramGraph)


def _names(union: Union) -> list[str]:
    """The names of the tensors in an argument or result."""
    kind, value = only(union)
    if kind == "as_tensor":
        return [value["name"]]
    if kind == "as_tensors":
        return [one["name"] for one in value]
    if kind == "as_optional_tensor":
        return [value["as_tensor"]["name"]] if "as_tensor" in value else []
    if kind == "as_optional_tensors":
        return [one["as_tensor"]["name"] for one in value if "as_tensor" in one]
    return []


def _tensors_named(node: ProgramNode) -> bool:
    return any(_names(one.arg) for one in node.inputs) and not node.outputs and "sym_" not in node.target


def _tensors(value: Any) -> list[Value]:
    if isinstance(value, Value):
        return [value]
    return [v for one in value for v in _tensors(one)] if isinstance(value, list) else []


def _same(node: ProgramNode, graph: ProgramGraph, metas: Sequence[TensorMeta]) -> bool:
    """Whether the result is what went in: the same dtype in the same order."""
    names = _names(node.inputs[0].arg)
    before = graph.tensor_values.get(names[0]) if names else None
    return before is not None and len(metas) == 1 and (before.dtype, before.strides) == (metas[0].dtype, metas[0].strides)


__all__ = ["graph_of"]
