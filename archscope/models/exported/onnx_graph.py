"""An ONNX graph -> Graph: its nodes in order, each translated into what a trace would have."""

from collections.abc import Mapping, Sequence
from typing import Any

from archscope.counts import FREE
from archscope.errors import ArchscopeError
from archscope.graph import UNKNOWN, ZERO, Param
from archscope.models.exported import onnx_names
from archscope.models.exported.builder import Builder, Outside, Value
from archscope.models.exported.onnx_model import DTYPES, STANDARD, attributes, dims_of, subgraphs
from archscope.models.exported.onnx_operators import OPERATORS, Operator, Worth
from archscope.models.exported.onnx_subgraphs import Measured, cost_of_graphs
from archscope.models.exported.onnx_values import ContradictionError, Types
from archscope.models.exported.scopes import Frame, Scope

_FEW = 8  # floating-point numbers of a constant that scales sizes: one for each dimension
_DEEPEST = 16  # graphs inside graphs
_MOST = 20_000  # nodes inside those: of each branch again for every branch around it


class Walk:
    """Writes one graph down.

    Arguments:
        builder: what it is written into.
        types: what is known of names.
        told: the module's state as the exporter has it.
        symbols: what open sizes stand for.
        around: the walk of the graph that holds this one.
    """

    def __init__(
        self, builder: Builder, types: Types, told: Mapping[str, str], symbols: Mapping[str, int], around: "Walk | None" = None
    ) -> None:
        self.builder, self.types, self.told, self.symbols, self.around = builder, types, told, symbols, around
        self.depth: int = around.depth + 1 if around else 0
        if self.depth > _DEEPEST:
            raise builder.damaged("graphs inside graphs, without an end")
        self.left: list[int] = around.left if around else [_MOST]
        self.values: dict[str, Value] = {}
        self.state: dict[str, Any] = {}  # initializers by name
        self.open: set[str] = set()  # tensors with a size that depends on the data
        self.scoped: bool = around.scoped if around else False
        self.blind = 0  # operators on sizes that depend on the data
        self.fused = 0  # batch norms inside convolutions
        self.gone: dict[str, list[str]] = around.gone if around else {}  # state without an initializer of its name, by module
        self.assumed: dict[str, Any] = {}

    # -- one graph --------------------------------------------------------------------------------------------------------------

    def graph(self, graph: Any) -> None:
        """All nodes of a graph whose inputs are known."""
        for tensor in graph.initializer:
            self.state[tensor.name] = tensor
            self.types.tensor(tensor, tensor.name, most=0 if tensor.name in self.told else 1)
        for info in graph.value_info:
            self.assumed[info.name] = info.type
        for info in graph.output:
            self.assumed.setdefault(info.name, info.type)
        if self.around is None:
            self.scoped = any(onnx_names.scope_of(node) for node in graph.node)
            for name, kind in self.told.items():
                if name not in self.state and kind != "CONSTANT_TENSOR":
                    self.gone.setdefault(name.rpartition(".")[0], []).append(name)
        for number, node in enumerate(graph.node):
            self.left[0] -= self.depth > 0
            if self.left[0] <= 0:
                raise self.builder.damaged("graphs inside graphs, without an end")
            self._node(node, number)

    def value(self, name: str, node: Any = None, place: int = 0, scope: Scope | None = None) -> Value:
        """What a name stands for. An initializer becomes a parameter, a buffer or a constant where it is first read."""
        if name in self.values:
            return self.values[name]
        if name in self.state and node is not None:
            value = self._enter(name, node, place, scope)
        elif self.around is not None and (name in self.around.types.types or name not in self.types.types):
            value = self.around.value(name, node, place, scope)
            if name in self.around.open:
                self.open.add(name)
        elif name in self.types.types:
            value = self.builder.constant(*self._outside(name, self.types.types[name]))
        else:
            raise self.builder.damaged(f"'{name[:80]}' is read before anything makes it")
        self.values[name] = value
        return value

    def _enter(self, name: str, node: Any, place: int, scope: Scope | None) -> Value:
        tensor = self.state[name]
        shape, dtype = tuple(tensor.dims), DTYPES.get(tensor.data_type, "")
        if not dtype:
            raise self.builder.damaged(f"'{name[:80]}' has the unknown dtype {tensor.data_type}")
        missing = self._missing(scope[-1].path if scope else "")
        match = onnx_names.folded(tensor, node, place, missing) if name not in self.told else None
        if match is not None:
            self.gone[match.rpartition(".")[0]].remove(match)
            kind, full = {"PARAMETER": "parameter"}.get(self.told[match], "buffer"), match
        else:
            kind = onnx_names.state_kind(name, tensor, node, place, self.told)
            known = name in self.told
            full = name if known else onnx_names.state_name(name, node, place, scope, self.builder.params)
        if kind == "constant":
            return self.builder.constant(shape, dtype)
        if node.op_type in onnx_names.RECURRENT:  # it holds the weights of several of the module's
            self.gone.pop(scope[-1].path if scope else "", None)
        if full in self.builder.params:
            full = f"{full}#{len(self.builder.params)}"
        return self.builder.param(Param(full, shape, dtype, trainable=kind == "parameter", buffer=kind == "buffer"))

    def _missing(self, path: str) -> list[str]:
        """State of a module without an initializer, and of those that it holds, whose weights it may read itself."""
        below = [name for home in self.gone if home.startswith(f"{path}.") for name in self.gone[home]]
        return [*self.gone.get(path, ()), *below]

    def _outside(self, name: str, type_proto: Any) -> Outside:
        """The size of a tensor; a size that nothing tells is 0, and the name is noted as open."""
        element = type_proto.tensor_type.elem_type if type_proto is not None and type_proto.HasField("tensor_type") else 1
        dims = dims_of(type_proto) if type_proto is not None else None
        if dims is None:
            if type_proto is None or type_proto.HasField("tensor_type"):  # a list of tensors has no shape
                self.open.add(name)
            return Outside((0,), DTYPES.get(element, "float32"))
        sizes = []
        for dim in dims:
            size = dim if isinstance(dim, int) else self.symbols.get(dim or "")
            if size is None:
                self.open.add(name)
            sizes.append(size or 0)
        return Outside(tuple(sizes), DTYPES.get(element, "float32"))

    # -- one node ---------------------------------------------------------------------------------------------------------------

    def _node(self, node: Any, number: int) -> None:
        if node.op_type == "Constant" and node.domain in STANDARD:
            self._constant(node)
            return
        for name in node.input:
            if name and name not in self.types.types:
                raise self.builder.damaged(f"'{name[:80]}' is read before anything makes it")
        found = self._inferred(node)
        for name in node.output:
            if name:
                self.types.types[name] = found.get(name) if _told(found.get(name)) else self.assumed.get(name, found.get(name))
        if self.types.fold(node):
            return
        scope = self._scope(node, number)
        if list(subgraphs(node)):
            self._with_graphs(node, scope)
            return
        self._operator(node, scope)

    def _inferred(self, node: Any) -> dict[str, Any]:
        try:
            return self.types.infer(node)
        except ContradictionError as error:
            if all(_told(self.assumed.get(name)) for name in node.output if name):
                return {}
            shapes = " and ".join("x".join(map(str, dims_of(self.types.types[name]) or ())) or "1" for name in node.input if name)
            why = str(error).strip().splitlines()[-1].rpartition("] ")[2][:120]
            said = f"{self.builder.where}: {node.op_type} {node.name[:60]} cannot run on {shapes[:80]}: {why}"
            raise ArchscopeError(said, "check the sizes that were asked for (--input), or export the model again") from None

    def _constant(self, node: Any) -> None:
        onnx = self.types.onnx
        told, name = attributes(node), node.output[0]
        if "value" in told:
            tensor = told["value"]
        elif "sparse_value" in told:
            tensor = onnx.TensorProto(data_type=told["sparse_value"].values.data_type, dims=told["sparse_value"].dims)
        else:
            key, value = next(iter(told.items()))
            kind = 1 if "float" in key else 7 if "int" in key else 8
            flat = value if isinstance(value, list) else [value]
            dims = [len(flat)] if isinstance(value, list) else []
            tensor = onnx.TensorProto(data_type=8, dims=dims) if kind == 8 else onnx.helper.make_tensor(name, kind, dims, flat)
        self.types.tensor(tensor, name, most=_FEW)
        self.state[name] = tensor

    def _scope(self, node: Any, number: int) -> Scope | None:
        scope = onnx_names.scope_of(node)
        if scope and onnx_names.is_fused_norm(node):  # it stands under the norm's name
            self.fused += 1
            home = node.input[1].rpartition(".")[0] if len(node.input) > 1 else ""
            if home:
                weight = self.state.get(node.input[1])
                scope = (*scope[:-1], Frame(home, f"Conv{len(weight.dims) - 2}d" if weight is not None else "Conv"))
        if (
            scope is None
            and not self.scoped
            and any(name in self.state for name in node.input)
            and node.op_type in onnx_names.ROLES
        ):
            scope = (Frame(node.name.replace("/", ".") or f"{node.op_type}_{number}", node.op_type),)
        return scope

    def _operator(self, node: Any, scope: Scope | None) -> None:
        names = [name for name in node.output if name]
        outs = [self._outside(name, self.types.types[name]) for name in names]
        inputs = [self.value(name, node, at, scope) if name else None for at, name in enumerate(node.input)]
        unsure = any(name in self.open for name in node.input)
        vague = unsure or any(name in self.open for name in names[:1])
        made: list[Value]
        op = self._seen(node, inputs, outs, scope)
        answer = self._answer(node, op)
        if isinstance(answer, int):
            first = op.passed[-1] if op.passed else inputs[answer]
            assert first is not None
            made = [self._handed(first, out, scope) for out in outs[:1]] + [self.builder.constant(*out) for out in outs[1:]]
        else:
            made = self._written(answer, outs, scope, unsure or (vague and answer.cost is None), self._learned(node, scope))
        self.values.update(zip(names, made, strict=True))

    def _handed(self, value: Value, out: Outside, scope: Scope | None) -> Value:
        return value if out.shape == value.shape else self.builder.run("aten.view", {"self": value}, [out], scope)[0]

    def _seen(self, node: Any, inputs: list[Value | None], outs: list[Outside], scope: Scope | None) -> Operator:
        def emit(worth: Worth, out: Outside) -> Value:
            return self._written(worth, [out], scope, False, ())[0]

        def numbers(at: int) -> list[Any] | None:
            return self.types.numbers(node.input[at]) if at < len(node.input) else None

        version = self.types.opsets.get("" if node.domain in STANDARD else node.domain, 1)
        return Operator(node.op_type, version, inputs, outs, attributes(node), numbers, emit)

    def _answer(self, node: Any, op: Operator) -> Worth | int:
        translate = OPERATORS.get(node.op_type)
        domain = node.domain if node.domain not in STANDARD else "onnx"
        unknown = Worth(f"{domain}.{node.op_type}", {"inputs": [v for v in op.inputs if v is not None]}, cost=UNKNOWN)
        if translate is None or domain not in ("onnx", "com.microsoft", "ai.onnx.ml", "ai.onnx.training"):
            return unknown
        try:
            return translate(op)
        except (ValueError, TypeError, IndexError, AttributeError, KeyError, ZeroDivisionError, AssertionError, StopIteration):
            return unknown  # its arguments do not fit: named, never counted as nothing

    def _written(
        self, worth: Worth, outs: list[Outside], scope: Scope | None, unsure: bool, learned: Sequence[Value]
    ) -> list[Value]:
        cost, free = worth.cost, worth.free
        self.blind += unsure
        if unsure and not free:
            reason = FREE.get(worth.op)  # on sizes that depend on the data it is free if it always is
            cost, free = (ZERO, reason) if reason else (UNKNOWN, "")
        return self.builder.run(worth.op, worth.args, outs, scope, keywords=worth.keywords, cost=cost, free=free, reads=learned)

    def _learned(self, node: Any, scope: Scope | None) -> list[Value]:
        """Numbers that a classical model keeps in its attributes."""
        if node.domain != "ai.onnx.ml":
            return []
        found = []
        path = scope[-1].path if scope else node.name or node.output[0]
        for one in node.attribute:
            if len(one.floats) > 1 and not one.name.endswith("hitrates"):  # how often a branch was taken, in training
                name = f"{path}.{one.name}"
                name = name if name not in self.builder.params else f"{name}#{len(self.builder.params)}"
                found.append(self.builder.param(Param(name, (len(one.floats),), "float32")))
        return found

    # -- nodes that hold graphs -------------------------------------------------------------------------------------------------

    def _with_graphs(self, node: Any, scope: Scope | None) -> None:
        graphs = dict(subgraphs(node))
        if node.op_type == "If":
            known = self.types.numbers(node.input[0])
            if known:
                self._inline(graphs["then_branch" if known[0] else "else_branch"], node)
                return
            possible = [graph for graph in graphs.values() if self._measured(graph, {}) is not None]
            if len(possible) == 1:  # the other one cannot run on these sizes
                self._inline(possible[0], node)
                return
        reads = [self.value(name, node, at, scope) for at, name in enumerate(node.input) if name]
        cost, params = cost_of_graphs(node, graphs, self.types, self._measured, self._outside)
        learned = [self.builder.param(param) for param in params.values()]
        names = [name for name in node.output if name]
        outs = [self._outside(name, self.types.types[name]) for name in names]
        free = "" if cost != ZERO else "nothing in it costs anything"
        made = self.builder.run(f"onnx.{node.op_type}", {"inputs": reads}, outs, scope, cost=cost, free=free, reads=learned)
        self.values.update(zip(names, made, strict=True))

    def _inline(self, graph: Any, node: Any) -> None:
        """The branch that is taken, in the place of the node."""
        inner = Walk(self.builder, self._types_inside(), self.told, self.symbols, self)
        inner.graph(graph)
        self.fused, self.blind = self.fused + inner.fused, self.blind + inner.blind
        for info, name in zip(graph.output, node.output, strict=False):
            self.values[name] = inner.value(info.name, node, 0, None)
            self.types.types[name] = inner.types.types[info.name]
            if info.name in inner.types.values:
                self.types.values[name] = inner.types.values[info.name]
            if info.name in inner.open:
                self.open.add(name)

    def _types_inside(self) -> Types:
        inner = Types(self.types.onnx, self.types.opsets, self.types.ir_version)
        inner.types, inner.values = dict(self.types.types), dict(self.types.values)
        inner.learned = set(self.types.learned)
        return inner

    def _measured(self, graph: Any, given: Mapping[str, Any]) -> Measured | None:
        """The cost of one run of a graph, written down nowhere, and its parameters; None for one that cannot run."""
        apart = Builder(self.builder.where)
        apart.params = dict(self.builder.params)
        inner = Walk(apart, self._types_inside(), self.told, self.symbols, self)
        for name, kind in given.items():
            inner.types.types[name] = kind
            inner.values[name] = apart.constant(*inner._outside(name, kind))
        try:
            inner.graph(graph)
        except ArchscopeError:
            if self.left[0] <= 0:
                raise
            return None
        read = {value.key for value in inner.values.values() if isinstance(value.key, str)}
        return apart.cost, {name: param for name, param in apart.params.items() if name in read}


def _told(type_proto: Any) -> bool:
    dims = dims_of(type_proto) if type_proto is not None else None
    return dims is not None and all(isinstance(dim, int) for dim in dims)


__all__ = ["Walk"]
