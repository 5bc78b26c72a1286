"""The recorder: a dispatch mode that writes down every operator, and module hooks that write down every call.

It sees aten operators, below autograd and above the kernels: `F.linear` arrives as `t` and `addmm`. A view of a parameter (the
`t` above) is that parameter by another name and not written down; everything else is.
"""

import sys
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils._python_dispatch import TorchDispatchMode

from archscope import attributes
from archscope.counts import cost_of
from archscope.graph import Call, Failure, Node, Tensor
from archscope.ledger import DTYPE_NAMES, Ledger, tensors_in
from archscope.shapes import RULES

META = torch.device("meta")
_PLAIN = {int, float, bool, str, type(None)}
_READS_VALUES = {"aten._local_scalar_dense", "aten.item", "aten.is_nonzero", "aten.equal"}


class NeedsValuesError(RuntimeError):
    """The forward asked for a tensor's values, which a meta tensor does not have."""


class Operator:
    """What the schema says of one overload, looked up once."""

    __slots__ = ("has_device", "is_factory", "is_view", "name", "names", "reads_values", "rule", "writes")

    def __init__(self, func: Any) -> None:
        arguments = func._schema.arguments
        self.name = func._schema.name.replace("::", ".")
        self.names = [argument.name for argument in arguments]
        self.writes = [
            at for at, argument in enumerate(arguments) if argument.alias_info is not None and argument.alias_info.is_write
        ]
        self.is_view = not self.writes and any(ret.alias_info is not None for ret in func._schema.returns)
        self.has_device = "device" in self.names
        self.is_factory = self.has_device and not any("Tensor" in str(argument.type) for argument in arguments)
        self.reads_values = self.name in _READS_VALUES
        self.rule = RULES.get(func)


class Recorder(TorchDispatchMode):
    """Writes down the operators and calls that run while it is entered.

    Arguments:
        paths: module -> its path, for every module of the network.
        ledger: knows the parameters and inputs already.
        meta: bring every tensor that is not there yet to the meta device on sight (constants, what the forward makes anew).
    """

    def __init__(self, paths: dict[nn.Module, str], ledger: Ledger, meta: bool) -> None:
        super().__init__()
        self.nodes: list[Node] = []
        self.calls: list[Call] = []
        self.ledger = ledger
        self.failure: Failure | None = None
        self._paths = paths
        self._meta = meta
        self._operators: dict[Any, Operator] = {}
        self._moved: dict[
            int, tuple[torch.Tensor, torch.Tensor]
        ] = {}  # id() of a real tensor -> itself, its twin on the meta device
        self._running: list[tuple[int, tuple[Any, ...]]] = []
        self._hooks: list[Any] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise torch wraps __torch_dispatch__ so that its first call imports torch._dynamo: a second of start-up for nothing.
        return False

    # -- calls ------------------------------------------------------------------------------------------------------------------

    def __enter__(self) -> "Recorder":
        # Global hooks: nothing is ever hung on the user's own modules.
        self._hooks = [
            register_module_forward_pre_hook(self._begin),
            register_module_forward_hook(self._finish, always_call=True),
        ]
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        for hook in self._hooks:
            hook.remove()
        self.ledger.close()

    def _begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        parent = self._running[-1][0] if self._running else None
        path = self._paths.get(module)
        if path is None:  # a module that the forward made for itself
            path = f"{self.calls[parent].path}.{type(module).__name__}".lstrip(".") if parent is not None else ""
        self.calls.append(Call(len(self.calls), parent, path, type(module).__name__))
        self._running.append((len(self.calls) - 1, args))

    def _finish(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        call, inputs = self._running.pop()
        error = sys.exc_info()[1]
        if error is not None and output is None and self.failure is None:
            lines = str(error).strip().splitlines()
            self.failure = Failure(
                path=self.calls[call].path,
                type=self.calls[call].type,
                error=lines[0] if lines else type(error).__name__,
                inputs=tuple(tuple(t.shape) for t in tensors_in(inputs)),
            )

    # -- operators --------------------------------------------------------------------------------------------------------------

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:
        kwargs = kwargs or {}
        operator = self._operators.get(func)
        if operator is None:
            operator = self._operators[func] = Operator(func)
        out = None
        if self._meta:
            args, kwargs = self._on_meta(operator, args, kwargs)
            if operator.rule is not None:
                out = operator.rule(*args, **kwargs)
        if out is None:
            out = func(*args, **kwargs)
        self._write_down(operator, args, kwargs, out)
        return out

    def _on_meta(
        self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, with every tensor and every named device moved to the meta device."""
        if operator.reads_values:
            raise NeedsValuesError(f"{operator.name} reads a tensor's value")
        args = tuple([self._move(a) for a in args])
        if operator.has_device:
            kwargs = {name: value for name, value in kwargs.items() if name != "pin_memory"}
            if operator.is_factory or kwargs.get("device") is not None:
                kwargs["device"] = META
        return args, {name: self._move(value) for name, value in kwargs.items()} if kwargs else kwargs

    def _move(self, value: Any) -> Any:
        if type(value) in _PLAIN:
            return value
        if isinstance(value, torch.Tensor):
            if value.is_meta:
                return value
            if id(value) not in self._moved:
                twin = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype, device=META)
                self.ledger.same(twin, value)
                self._moved[id(value)] = (value, twin)
            return self._moved[id(value)][1]
        if isinstance(value, (list, tuple)) and any(isinstance(v, (torch.Tensor, list, tuple)) for v in value):
            return [self._move(v) for v in value]
        return value

    def _write_down(self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any) -> None:
        inputs: list[int] = []
        params: list[str] = []
        read: list[Tensor] = []
        args_read = tuple([self._read(a, inputs, params, read) for a in args])
        kwargs_read = {name: self._read(value, inputs, params, read) for name, value in kwargs.items()}
        if operator.is_view and params and not inputs:
            for tensor in tensors_in(out):
                self.ledger.alias(tensor, params[0])
            return
        outputs = self._written(operator, args, kwargs, out, inputs)
        result = self._read(out, [], [], [])
        cost, free = cost_of(operator.name, args_read, kwargs_read, result)
        named = {name: value for name, value in zip(operator.names, args_read, strict=False) if _is_attribute(value)}
        named.update((name, value) for name, value in kwargs_read.items() if _is_attribute(value))
        written = () if operator.is_view else (self.ledger.tensors[t] for t in outputs)
        self.nodes.append(
            Node(
                id=len(self.nodes),
                op=operator.name,
                call=self._running[-1][0] if self._running else 0,
                inputs=tuple(inputs),
                outputs=outputs,
                params=tuple(dict.fromkeys(params)),
                cost=cost,
                bytes=0 if operator.is_view else sum(t.bytes for t in read) + sum(t.bytes for t in written),
                attrs=attributes.read(operator.name, named, [t.shape for t in read]),
                free=free,
            )
        )
        self.ledger.ran(len(self.nodes) - 1)

    def _written(
        self, operator: Operator, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, inputs: list[int]
    ) -> tuple[int, ...]:
        """Numbers what an operator wrote: in place, as a view, or anew."""
        targets = [args[at] if at < len(args) else kwargs.get(operator.names[at]) for at in operator.writes]
        rewritten = [t for target in targets for t in tensors_in(target)]
        outputs = [self.ledger.rewrite(t) for t in rewritten]
        seen = {id(t) for t in rewritten}
        storage = self.ledger.tensors[inputs[0]].storage if operator.is_view and inputs else None
        for tensor in tensors_in(out):
            if id(tensor) not in seen:
                outputs.append(self.ledger.add(tensor, storage))
        return tuple(outputs)

    def _read(self, value: Any, inputs: list[int], params: list[str], read: list[Tensor]) -> Any:
        """The argument with each tensor replaced by its record; what was read is noted in the three lists."""
        if type(value) in _PLAIN:
            return value
        if isinstance(value, torch.Tensor):
            record = self.ledger.look_up(value, inputs, params)
            read.append(record)
            return record
        if isinstance(value, (list, tuple)):
            return [self._read(v, inputs, params, read) for v in value]
        return DTYPE_NAMES.get(value) or str(value)


def _is_attribute(value: Any) -> bool:
    if type(value) is list:
        return all(type(v) in _PLAIN for v in value)
    return type(value) in _PLAIN and value is not None
