"""A Graph, written down operator by operator from what a file says: names, arguments, shapes."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

from msgspec.structs import replace

from archscope.counts import FREE, cost_of
from archscope.errors import ArchscopeError
from archscope.graph import UNKNOWN, Attr, Cost, Graph, Meta, Node, Param, Tensor, attributes, item_bytes, total
from archscope.models.exported.scopes import Scope, calls_of

_MOST_BYTES = 2**63
_VIEW = "view of existing memory"
_PLAIN = (int, float, bool, str)


class Value(NamedTuple):
    """A tensor that operators read.

    Attributes:
        record: its shape and dtype.
        key: its number in the Graph, or the name of the parameter that it is or shows.
    """

    record: Tensor
    key: int | str

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes."""
        return self.record.shape

    @property
    def dtype(self) -> str:
        """Its dtype."""
        return self.record.dtype


class Outside(NamedTuple):
    """What an operator makes, as the file tells it."""

    shape: tuple[int, ...]
    dtype: str


class Builder:
    """Numbers tensors and writes down operators.

    Arguments:
        where: the file, for messages.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.params: dict[str, Param] = {}
        self._tensors: list[Tensor] = []
        self._nodes: list[Node] = []
        self._scopes: list[Scope | None] = []
        self._storages = 0
        self._inputs: dict[int, str] = {}

    def input(self, shape: tuple[int, ...], dtype: str, name: str) -> Value:
        """An input of the network, by its name in the file."""
        value = self.constant(shape, dtype)
        assert isinstance(value.key, int)
        self._inputs[value.key] = name
        return value

    def constant(self, shape: tuple[int, ...], dtype: str) -> Value:
        """A tensor that no operator writes."""
        return self._new(Outside(shape, dtype), None)

    def param(self, param: Param) -> Value:
        """A parameter or buffer."""
        self._check(param.shape, param.dtype)
        self.params[param.name] = param
        return Value(Tensor(param.shape, param.dtype), param.name)

    def run(
        self, op: str, args: Mapping[str, Any], makes: Sequence[Outside], scope: Scope | None, *,
        keywords: Mapping[str, Any] | None = None, cost: Cost | None = None, free: str = "", reads: Sequence[Value] = (),
    ) -> list[Value]:  # fmt: skip
        """Writes down one run of an operator and returns what it makes.

        Arguments:
            op: "aten.convolution".
            args: by the names of the operator's schema and in its order; each tensor a `Value`, also inside lists.
            makes: its results.
            scope: the modules that it ran in; None where the file does not tell.
            keywords: arguments that the schema takes by name only.
            cost, free: where they are known from elsewhere; otherwise the operator's formula is asked.
            reads: further tensors that it reads.
        """
        keywords = keywords or {}
        read = [*_values([*args.values(), *keywords.values()]), *reads]
        inputs = [value.key for value in read if isinstance(value.key, int)]
        params = list(dict.fromkeys(value.key for value in read if isinstance(value.key, str)))
        name = op.partition(".")[2]
        is_view = FREE.get(op) == _VIEW
        if is_view and params and not inputs:  # a view of a parameter is that parameter by another name
            return [Value(Tensor(*self._checked(out)), params[0]) for out in makes]
        storage = self._storage(inputs) if is_view or (name.endswith("_") and not name.endswith("__")) else None
        made = [self._new(out, storage) for out in makes]
        if cost is None and not free:
            result: Any = made[0].record if len(made) == 1 else [value.record for value in made]
            records = {key: _recorded(value) for key, value in keywords.items()}
            cost, free = cost_of(op, tuple(_recorded(value) for value in args.values()), records, result)
        moved = 0 if is_view else sum(value.record.bytes for value in (*read, *made))
        number = len(self._nodes)
        self._nodes.append(
            Node(
                number, op, 0, tuple(inputs), tuple(value.key for value in made if isinstance(value.key, int)), tuple(params),
                cost if cost is not None else Cost(), moved, _attrs(op, {**args, **keywords}, read), free=free,
            )
        )  # fmt: skip
        self._scopes.append(scope)
        return made

    @property
    def cost(self) -> Cost:
        """Of all that was written down."""
        return total(node.cost for node in self._nodes)

    def finish(self, name: str, root: str, outputs: Sequence[Value], meta: Meta) -> Graph:
        """The Graph of what was written down; `root` is the class of the network."""
        calls, homes = calls_of(self._scopes, root or name)
        nodes = tuple(
            Node(n.id, n.op, home, n.inputs, n.outputs, n.params, n.cost, n.bytes, n.attrs, free=n.free)
            for n, home in zip(self._nodes, homes, strict=True)
        )  # fmt: skip
        types = {call.path: call.type for call in calls}
        params = tuple(
            Param(p.name, p.shape, p.dtype, p.trainable, p.buffer, p.aliases, types.get(p.name.rpartition(".")[0], ""))
            for p in self.params.values()
        )
        stored = sum(t.bytes for t in self._tensors) + sum(p.bytes for p in params)
        if max(stored, sum(n.bytes for n in nodes), sum(n.cost.flops for n in nodes)) >= _MOST_BYTES:
            raise self.damaged("its sizes or costs are beyond 63 bits")
        made = tuple(dict.fromkeys(value.key for value in outputs if isinstance(value.key, int)))
        meta = replace(meta, names=tuple(self._inputs.values()) if len(self._inputs) > 1 else ())
        return Graph(name, tuple(self._inputs), made, tuple(self._tensors), nodes, calls, params, meta)

    def damaged(self, why: str) -> ArchscopeError:
        """The error for a file that contradicts itself."""
        return ArchscopeError(f"{self.where} is damaged: {why}", "export the model again")

    def _storage(self, inputs: Sequence[int]) -> int | None:
        return self._tensors[inputs[0]].storage if inputs else None

    def _new(self, out: Outside, storage: int | None) -> Value:
        shape, dtype = self._checked(out)
        if storage is None:
            storage = self._storages
            self._storages += 1
        record = Tensor(shape, dtype, storage)
        self._tensors.append(record)
        return Value(record, len(self._tensors) - 1)

    def _checked(self, out: Outside) -> Outside:
        self._check(*out)
        return out

    def _check(self, shape: tuple[int, ...], dtype: str) -> None:
        size = item_bytes(dtype)
        for length in shape:
            if length < 0:
                raise self.damaged(f"there is no tensor of shape {list(shape)}")
            size *= length
        if size >= _MOST_BYTES or len(shape) > 64:
            raise self.damaged(f"a tensor of shape {list(shape)[:8]} is beyond 63 bits")


def _values(items: Sequence[Any]) -> list[Value]:
    found: list[Value] = []
    for item in items:
        if type(item) is Value:
            found.append(item)
        elif type(item) is list or type(item) is tuple:
            found += _values(item)
    return found


def _recorded(item: Any) -> Any:
    if type(item) is Value:
        return item.record
    return [_recorded(one) for one in item] if type(item) is list or type(item) is tuple else item


def _attrs(op: str, args: Mapping[str, Any], read: Sequence[Value]) -> dict[str, Attr]:
    """What is no tensor among the arguments, in the form that a trace has."""
    plain = {name: value for name, value in args.items() if _is_attribute(value)}
    reader = attributes.reader(op)
    if reader is not None:
        return reader(plain, [value.shape for value in read])
    return {attributes.own_name(name): _finite(value) for name, value in plain.items()}


def _is_attribute(value: Any) -> bool:
    if type(value) is list:
        return all(type(one) in _PLAIN or one is None for one in value)
    return type(value) in _PLAIN


def _finite(value: Any) -> Any:
    return str(value) if type(value) is float and not isfinite(value) else value


__all__ = ["UNKNOWN", "Builder", "Outside", "Value"]
