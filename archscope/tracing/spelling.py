"""Notes how the Python of a forward is spelled: a `TorchFunctionMode` hears every function and tensor method of torch by its
name, the recorder what goes into and comes out of every module. Only for who asks; a trace without it does none of this.

The mode is this thread's own and patches nothing. torch leaves a mode while it answers, so that a function of
`torch.nn.functional` that calls another would hide it; these run here as copies that do not ask for the mode again, and what they
call is heard.
"""

import dis
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from types import CodeType, FrameType, FunctionType
from typing import Any, Self

import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from archscope.graph import Attr
from archscope.graph.spelling import Argument, FunctionCall, Group, ModuleCall, ModuleNote, Spelling, TensorArgument
from archscope.tracing.autocast import Kernels
from archscope.tracing.dispatch_mode import Recorder
from archscope.tracing.known_values import KnownValues
from archscope.tracing.module_contents import Survey
from archscope.tracing.passing_rows import Passing
from archscope.tracing.process import listens
from archscope.tracing.tensor_identity import Ledger

_PLAIN = (int, float, bool, str, type(None))
_DIMENSIONS = ("1d", "2d", "3d")
_NAMES = (
    "linear relu prelu elu leaky_relu relu6 silu gelu batch_norm layer_norm instance_norm group_norm softmax embedding upsample "
    "interpolate scaled_dot_product_attention matmul mm bmm addmm baddbmm addmv mul mul_ multiply add einsum tensordot bilinear "
    "mean lstm gru rnn_tanh rnn_relu lstm_cell gru_cell rnn_tanh_cell rnn_relu_cell grid_sampler upsample_nearest2d "
    "upsample_bilinear2d __rtruediv__ __rdiv__ "
    + " ".join(
        f"{kind}{dimension}"
        for dimension in _DIMENSIONS
        for kind in ("conv", "conv_transpose", "avg_pool", "max_pool", "adaptive_avg_pool", "adaptive_max_pool")
    )
).split()
# max_pool2d(..., return_indices=True) answers to the name of what it calls.
_SAME = {f"{kind}{d}_with_indices": f"{kind}{d}" for d in _DIMENSIONS for kind in ("max_pool", "adaptive_max_pool")}
_OPERATORS = {"Tensor.add": "Tensor.__add__", "Tensor.mul": "Tensor.__mul__", "Tensor.matmul": "Tensor.__matmul__"}
_CHECKS = ("has_torch_function", "has_torch_function_unary", "has_torch_function_variadic")
_BINARY_OP = dis.opmap["BINARY_OP"]


@cache
def _noted() -> dict[Any, str]:
    """torch's functions that some counter looks at -> what they are called; a function that has two names has its F name."""
    owners = ((functional, "F"), (torch, "torch"), (torch.Tensor, "Tensor"), (torch._C._nn, "nn"), (torch._VF, "VF"))
    named: dict[Any, str] = {}
    for owner, prefix in owners:
        for name in (*_NAMES, *_SAME):
            function = getattr(owner, name, None)
            if function is not None:
                named.setdefault(function, f"{prefix}.{_SAME.get(name, name)}")
    return named


@cache
def _opens(function: Any) -> bool:
    """Whether a function is written in Python and asks itself whether somebody overrides it."""
    if type(function) is not FunctionType or function.__closure__ is not None:
        return False
    ours = function.__module__ in ("torch.nn.functional", "torch.functional")
    return ours and not set(_CHECKS).isdisjoint(function.__code__.co_names)


@cache
def _opened(function: FunctionType) -> Callable[..., Any]:
    """A copy of a function of `torch.nn.functional` that does not ask whether somebody overrides it."""
    scope = {**function.__globals__, **dict.fromkeys(_CHECKS, lambda *_: False)}
    copy = FunctionType(function.__code__, scope, function.__name__, function.__defaults__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


_ON_THE_WAY = (torch.overrides.__file__, torch._jit_internal.__file__)


def _held(function: Any, caller: FrameType | None) -> bool:
    """Whether the caller has the function itself, imported by its name or kept under another one, and does not look it up in
    torch's modules when it calls it.
    """
    name = function.__name__
    own = (name, f"_{name}") if isinstance(function, FunctionType) else ()  # F.max_pool2d is _max_pool2d inside
    while caller is not None and (
        caller.f_code.co_filename in _ON_THE_WAY
        or (caller.f_code.co_filename == functional.__file__ and caller.f_code.co_name in own)
    ):
        caller = caller.f_back
    if caller is None or caller.f_globals.get("__name__") in ("torch.nn.functional", "torch.functional"):
        return False  # what is put in its place stands in this very module
    return name not in _attributes(caller.f_code)


@cache
def _attributes(code: CodeType) -> frozenset[str]:
    """The names that are looked up in something: `F.relu`, not `relu`."""
    return frozenset(str(step.argval) for step in dis.get_instructions(code) if step.opname in ("LOAD_ATTR", "LOAD_METHOD"))


@cache
def _bytecode(code: CodeType) -> bytes:
    return code.co_code


class SpellingRecorder(Recorder):
    """A recorder that also notes functions, and what goes into and comes out of every module."""

    def __init__(
        self, survey: Survey, ledger: Ledger, meta: bool, gradients: bool, passing: Passing | Kernels | None,
        values: KnownValues | None,
    ) -> None:  # fmt: skip
        super().__init__(survey, ledger, meta, gradients, passing, values)
        self._modules = list(_places(survey.root))
        self._index = {id(module): at for at, (module, _) in enumerate(self._modules)}
        self._begun: list[int] = []
        self._seen: dict[int, tuple[int, int, int, tuple[Argument, ...], Argument]] = {}
        self._functions = Functions(self)

    def __enter__(self) -> Self:
        super().__enter__()
        self._functions.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._functions.__exit__(*error)
        super().__exit__(*error)

    @property
    def running(self) -> int:
        """Id of the innermost call that runs; the network's own where none does."""
        return self._running[-1][0] if self._running else 0

    def begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        """A module is about to run."""
        super().begin(module, args)
        self._begun.append(len(self.nodes))

    def finish(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """It has run, or raised."""
        given = tuple(map(_argument, args))
        self._seen[self.running] = (
            self._index.get(id(module), -1), self._begun.pop(), len(self.nodes), given, _argument(output),
        )  # fmt: skip
        super().finish(module, args, output)

    def spelling(self) -> Spelling:
        """What was noted; of a forward that raised, what came before."""
        nothing = (-1, 0, 0, (), None)
        calls = tuple(
            ModuleCall(module, self._dearest(first, end), inputs, output)
            for module, first, end, inputs, output in (self._seen.get(call.id, nothing) for call in self.calls)
        )
        functions = tuple(
            FunctionCall(name, call, self._dearest(first, end), outer, args, kwargs, output, held)
            for name, call, first, end, outer, held, args, kwargs, output in self._functions.heard
        )
        return Spelling(tuple(_note(module, paths) for module, paths in self._modules), calls, functions)

    def _dearest(self, first: int, end: int) -> int:
        nodes = self.nodes
        otherwise = min(first, len(nodes) - 1)
        return max(range(first, end), key=lambda at: (nodes[at].cost.macs, nodes[at].cost.flops, -at), default=otherwise)


Heard = tuple[str, int, int, int, int, bool, tuple[Argument, ...], dict[str, Argument], Argument]
"""Name, call, first node, one past the last node, position of the outer function, held, arguments, named arguments, result."""


class Functions(TorchFunctionMode):
    """Notes the functions that are called while it is entered."""

    def __init__(self, recorder: SpellingRecorder) -> None:
        super().__init__()
        self.heard: list[Heard] = []
        self._recorder = recorder
        self._inside = -1

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = _noted().get(func)
        opens = _opens(func)
        if name is None or not listens(self._recorder):  # nobody's, or of a trace inside this one
            return self._run(func, opens, args, kwargs)
        caller = sys._getframe(1)
        if name in _OPERATORS and _bytecode(caller.f_code)[caller.f_lasti] == _BINARY_OP:
            name = _OPERATORS[name]
        held = not name.startswith("Tensor.") and _held(func, caller)
        at, outer, recorder = len(self.heard), self._inside, self._recorder
        call, first = recorder.running, len(recorder.nodes)
        given = tuple(map(_argument, args)), {key: _argument(value) for key, value in kwargs.items()}
        self.heard.append((name, call, first, first, outer, held, *given, None))
        self._inside = at
        try:
            output = self._run(func, opens, args, kwargs)
        finally:
            self._inside = outer
        self.heard[at] = (name, call, first, len(recorder.nodes), outer, held, *given, _argument(output))
        return output

    def _run(self, func: Any, opens: bool, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if not opens:
            return func(*args, **kwargs)
        with self:
            return _opened(func)(*args, **kwargs)


def _argument(value: Any, depth: int = 0) -> Argument:
    """What is kept of an argument: shapes of tensors, numbers and words, and groups of these; None of anything else."""
    if isinstance(value, torch.Tensor):
        return TensorArgument(tuple(value.shape))
    if type(value) in _PLAIN:
        return value  # type: ignore[no-any-return]
    if depth < 8:
        if isinstance(value, nn.utils.rnn.PackedSequence):
            return Group(tuple(_argument(part, depth + 1) for part in (value.data, value.batch_sizes)))
        if isinstance(value, (list, tuple)):
            return Group(tuple(_argument(part, depth + 1) for part in value))
        if isinstance(value, Mapping):
            return Group(tuple(_argument(part, depth + 1) for part in value.values()), mapping=True)
    return None


def _places(root: nn.Module) -> Iterator[tuple[nn.Module, tuple[str, ...]]]:
    """Every module with all the places at which it is found; two names of one module inside one parent are one place."""
    found: dict[int, tuple[nn.Module, list[str]]] = {}

    def walk(module: nn.Module, path: str, above: tuple[int, ...]) -> None:
        found.setdefault(id(module), (module, []))[1].append(path)
        for name, child in module.named_children():
            if id(child) not in above:
                walk(child, f"{path}.{name}".lstrip("."), (*above, id(module)))

    walk(root, "", ())
    return ((module, tuple(paths)) for module, paths in found.values())


def _note(module: nn.Module, paths: tuple[str, ...]) -> ModuleNote:
    kind = type(module)
    settings: dict[str, Attr] = {}
    for name, value in vars(module).items():
        if name.startswith("_") or name == "training":
            continue
        if type(value) in _PLAIN:
            settings[name] = value
        elif isinstance(value, (list, tuple)) and all(type(part) in _PLAIN for part in value):
            settings[name] = list(value)
    params = {name: tuple(param.shape) for name, param in module._parameters.items() if param is not None}
    return ModuleNote(paths, kind.__name__, kind.__module__, settings, params, not any(True for _ in module.children()))
