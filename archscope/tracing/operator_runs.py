"""One run of one operator: what its schema says, what it reads, what it is worth."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import isfinite
from typing import Any, NamedTuple

import torch
from torch._C import DispatchKey

from archscope.counts import cost_of
from archscope.graph import UNKNOWN, ZERO, Attr, Cost, Tensor, attributes
from archscope.tracing.shape_rules import RULES
from archscope.tracing.tensor_identity import DTYPE_NAMES, Entry, Ledger, Like, tensors_in

META = torch.device("meta")
PLAIN = {int, float, bool, str, type(None)}
_OPENED = {"higher_order.flex_attention"}  # scores, the function that changes them, softmax, weighted sum
_UNSAID = {"aten._unsafe_view", "aten.unsafe_split", "aten.unsafe_split_with_sizes"}  # views, which their schemas do not say
_READS_VALUES = {"aten._local_scalar_dense", "aten.item", "aten.is_nonzero", "aten.equal"}


class Operator:
    """What the schema says of one overload, looked up once.

    Arguments:
        instead: runs in its place, where data decide the size of its result.
    """

    __slots__ = (
        "asks", "attributes", "decides", "func", "has_device", "is_bookkeeping", "is_factory", "is_torchs", "is_view", "name",
        "names", "parts", "reader", "reads_values", "rule", "run", "writes",
    )  # fmt: skip

    def __init__(self, func: Any, instead: Callable[..., Any] | None = None) -> None:
        self.func = func  # its id() is what finds it
        schema = getattr(func, "_schema", None)  # `torch.cond` and its like, which take functions, have none
        arguments = schema.arguments if schema is not None else []
        self.name = schema.name.replace("::", ".") if schema is not None else f"higher_order.{func.name()}"
        self.names = [argument.name for argument in arguments]
        self.reader = attributes.reader(self.name)
        # Positions and names of the arguments that can be attributes.
        self.attributes = [
            (at, argument.name if self.reader else attributes.own_name(argument.name))
            for at, argument in enumerate(arguments)
            if str(argument.type) not in ("List[Tensor]", "List[Optional[Tensor]]")  # x * 0.17 puts a number in a tensor's place
        ]
        self.writes = [
            at for at, argument in enumerate(arguments) if argument.alias_info is not None and argument.alias_info.is_write
        ]
        returns = schema.returns if schema is not None else ()
        self.is_view = not self.writes and (self.name in _UNSAID or any([ret.alias_info is not None for ret in returns]))
        self.has_device = "device" in self.names
        self.is_factory = self.has_device and not any("Tensor" in str(argument.type) for argument in arguments)
        self.is_bookkeeping = self.name.startswith(("profiler.", "prim."))  # record_function's marks; questions for a device
        self.reads_values = self.name in _READS_VALUES
        self.asks = self.has_device or self.reads_values  # something of its own about where tensors are
        self.decides = instead is not None
        self.is_torchs = instead is None and self.name.startswith("aten.")
        self.run = instead or func
        self.rule = RULES.get(str(func)) if instead is None else None
        # What it is made of, where that is not to be seen from outside and is other operators.
        self.parts = func.py_kernels.get(DispatchKey.CompositeExplicitAutograd) if self.name in _OPENED else None


_TENSORS = {torch.Tensor, torch.nn.Parameter}


class Reading:
    """Replaces the tensors among an operator's arguments by their records, and notes what was read.

    Arguments:
        meta: every tensor should be on the meta device.

    Attributes:
        inputs, params: numbers of the activations, names of the parameters.
        entries: of all of them, in the order of the arguments.
        key: all that the operator's cost and result depend on.
        sparse: whether some tensor holds only some of its values.
        packed: whether an argument is an opaque object, which may hold parameters.
        elsewhere: whether some tensor is not where it should be; nothing else that is said here counts then.
    """

    __slots__ = ("elsewhere", "entries", "inputs", "key", "ledger", "meta", "packed", "params", "sparse")

    def __init__(self, ledger: Ledger, operator: Operator | None = None, meta: bool = False) -> None:
        self.ledger = ledger
        self.meta = meta
        self.inputs: list[int] = []
        self.params: list[str] = []
        self.entries: list[Entry] = []
        self.key: list[Any] = [operator]
        self.sparse = self.packed = self.elsewhere = False

    def all(self, values: Iterable[Any]) -> list[Any]:
        """The values with every tensor replaced by its record."""
        read, key = [], self.key
        for value in values:
            kind = type(value)
            if kind in _TENSORS:
                read.append(self._tensor(value))
            elif kind in PLAIN:
                if value is not None:
                    key.append(kind)  # 1, 1.0 and True are equal, and mean different things
                key.append(value)
                read.append(value)
            else:
                read.append(self._other(value))
        return read

    def named(self, values: dict[str, Any]) -> dict[str, Any]:
        """The same of named arguments."""
        if not values:
            return values
        self.key += values  # their names: alpha=2 is not beta=2
        return dict(zip(values, self.all(values.values()), strict=True))

    def _tensor(self, value: torch.Tensor) -> Tensor | None:
        ledger = self.ledger
        entry = ledger.entries.get(id(value))
        if entry is None:
            if self.meta and not value.is_meta:
                self.elsewhere = True
                return None
            entry = ledger.met(value)
        like = entry.like
        if self.meta and like[2] is False:
            self.elsewhere = True
        self.entries.append(entry)
        self.key.append(like)
        if entry.sparse:
            self.sparse = True
        key = entry.key
        if type(key) is str:
            self.params.append(key)
        elif type(key) is int:
            self.inputs.append(key)
            # A tensor whose memory was written through a view since is read together with what was written.
            if ledger.written and (last := ledger.written.get(entry.record.storage, -1)) > key:
                self.inputs.append(last)
        return entry.record

    def _other(self, value: Any) -> Any:
        if type(value) in _LISTS or isinstance(value, (list, tuple)):
            if value and type(value[0]) is int and type(value[-1]) is int:
                self.key.append(tuple(value))
                return list(value)
            self.key.append(len(value))
            return self.all(value)
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, torch.ScriptObject):
            self.packed = True
        word = _WORDS.get(value) if type(value) in _SETTINGS else None
        if word is None:
            word = str(value)
        self.key.append(word)
        return word


_LISTS = {list, tuple}
_SETTINGS = {torch.dtype, torch.layout, torch.device, torch.memory_format}
_WORDS: dict[Any, str] = {**DTYPE_NAMES, **{value: str(value) for value in (META, torch.strided, torch.contiguous_format)}}
"""The most frequent settings in words: torch writes each anew."""


class View(NamedTuple):
    """How an operator shows the memory of its first argument: with which strides, how far behind its beginning, and the `like`
    (see `Entry`) of what it shows.
    """

    strides: tuple[int, ...]
    further: int
    like: Like

    def of(self, tensor: torch.Tensor) -> torch.Tensor:
        """The view."""
        return tensor.as_strided(self.like[0], self.strides, tensor.storage_offset() + self.further)


class Assessment(NamedTuple):
    """What one run of an operator is; the same for every run on tensors of the same shapes with the same arguments.

    Attributes:
        cost, free, attrs, bytes: as in `Node`.
        makes: for each tensor of the result, a function that makes it anew, and its `like` (see `Entry`); empty where only the
            operator itself can make the result.
        alone: whether the result is one tensor, and not a tuple.
        in_place: whether the result is the operator's first argument.
        view: how it shows its first argument, where it only does this.
    """

    cost: Cost
    free: str
    attrs: dict[str, Attr]
    bytes: int
    makes: tuple[tuple[Callable[[], torch.Tensor], Like], ...] = ()
    alone: bool = True
    in_place: bool = False
    view: View | None = None

    def by_rule(self, operator: Operator, args: Sequence[Any], out: Any, written: Sequence[Entry]) -> "Assessment":
        """The same of a run whose result a rule has made: the next time it is made without asking the rule."""
        if operator.writes:
            return self._replace(in_place=len(operator.writes) == 1 and out is args[0])
        if operator.is_view:
            return self
        makes = tuple([(_maker(t), entry.like) for t, entry in zip(tensors_in(out), written, strict=True)])
        return self._replace(makes=makes, alone=isinstance(out, torch.Tensor))

    def by_sight(self, operator: Operator, args: Sequence[Any], out: Any, written: Sequence[Entry]) -> "Assessment":
        """The same of a run of a view: the next time its memory is shown in the same way without asking the operator."""
        x = args[0] if args else None
        if not operator.is_view or type(out) is not torch.Tensor or not isinstance(x, torch.Tensor) or out is x:
            return self
        if operator.name == "aten.as_strided":  # it counts from the beginning of the memory, not of its argument
            return self
        is_plain = x.layout is torch.strided and not x.is_quantized and not x.is_complex() and x.is_neg() == out.is_neg()
        if not is_plain or x.dtype != out.dtype or x.untyped_storage()._cdata != out.untyped_storage()._cdata:
            return self
        return self._replace(view=View(out.stride(), int(out.storage_offset() - x.storage_offset()), written[0].like))


def _maker(out: torch.Tensor) -> Callable[[], torch.Tensor]:
    return partial(torch.empty_strided, tuple(out.shape), out.stride(), dtype=out.dtype, device=META)


def assess(
    operator: Operator, read: Reading, arguments: list[Any], named: dict[str, Any], written: list[Entry], out: Any
) -> Assessment:
    """What one run is: its cost, or why it has none; its attributes; the bytes that it moved."""
    result = written[0].record if type(out) is torch.Tensor and written else Reading(read.ledger).all([out])[0]
    cost, free = cost_of(operator.name, tuple(arguments), named, result)
    if read.sparse and cost != ZERO:
        cost = UNKNOWN  # it depends on how many values there are
    count = len(arguments)
    attrs = {name: v for at, name in operator.attributes if at < count and _is_attribute(v := arguments[at])}
    attrs.update((name, value) for name, value in named.items() if _is_attribute(value))
    attrs.update({name: str(v) for name, v in attrs.items() if type(v) is float and not isfinite(v)})  # JSON has no infinity
    if operator.reader is not None:
        attrs = operator.reader(attrs, [entry.record.shape for entry in read.entries])
    moved = 0 if operator.is_view else sum([entry.record.bytes for entry in (*read.entries, *written)])
    return Assessment(cost, free, attrs, moved)


def _is_attribute(value: Any) -> bool:
    if type(value) is list:
        return all([type(v) in PLAIN for v in value])
    return type(value) in PLAIN and value is not None
