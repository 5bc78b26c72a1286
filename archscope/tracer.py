"""Module and inputs -> Graph: one forward pass, written down operator by operator.

The forward runs on the meta device: no memory for weights, no arithmetic. The module is neither moved, patched nor left with
hooks; it comes back as it was, also when its forward raises. A model that needs real values (control flow that depends on data)
is run again on the CPU with random inputs, and the Graph says so.
"""

import copy
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec
import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter
from torch.utils._pytree import tree_map_only

from archscope.borrow import borrowed, on_cpu, on_meta
from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Failure, Graph, Meta
from archscope.ledger import Ledger
from archscope.recorder import META, NeedsValuesError, Recorder
from archscope.survey import Survey


class TraceError(ArchscopeError):
    """The forward raised. What ran before is in `graph`, marked as incomplete by `graph.meta.failure`.

    Attributes:
        graph: the part that was traced.
        failure: where and why it stopped.
    """

    def __init__(self, graph: Graph, failure: Failure) -> None:
        where = f"{failure.path} ({failure.type})" if failure.path else failure.type
        given = " and ".join("x".join(map(str, shape)) for shape in failure.inputs)
        super().__init__(
            f"{graph.name} failed in {where}{f', given {given}' if given else ''}: {failure.error}",
            "check the input size (--input), or the module's forward",
        )
        self.graph = graph
        self.failure = failure


def trace(
    module: nn.Module,
    *inputs: Any,
    name: str | None = None,
    mode: str = "eval",
    variant: str = "",
    source: str = "",
    **kwargs: Any,
) -> Graph:
    """Runs `module(*inputs, **kwargs)` once, without weights or arithmetic, and returns what it did.

    Arguments:
        inputs, kwargs: what forward takes. Tensors on any device, batch first; only shape and dtype matter. A `torch.Size`
            stands for a float32 tensor of that shape.
        name: of the network; the class name if not given.
        mode: "eval" or "train", whatever the module's own flags say (they are put back).
        variant, source: kept in the Graph's meta.

    Raises `TraceError`, which holds the part that was traced, when forward raises.

    >>> graph = trace(torch.nn.Conv2d(3, 8, 3), torch.Size((1, 3, 32, 32)))
    >>> graph.cost.macs == 30 * 30 * 8 * 3 * 3 * 3
    True
    """
    if not isinstance(module, nn.Module):
        raise UsageError(f"trace takes a torch.nn.Module, not {type(module).__name__}", "pass an instance: trace(Net(), x)")
    if mode not in ("eval", "train"):
        raise UsageError(f"unknown mode '{mode}'", "choose from eval, train")
    args, kwargs = tree_map_only(torch.Size, lambda size: torch.empty(size, device=META), (inputs, kwargs), is_leaf=_is_size)
    meta = Meta(variant=variant, mode=mode, source=source, torch=str(torch.__version__))
    name = name or type(module).__name__
    module = _runnable(module, args, kwargs)
    try:
        return _run(module, args, kwargs, name, meta)
    except _NotOnMetaError as error:
        return _run(module, args, kwargs, name, msgspec.structs.replace(meta, device="cpu", reason=str(error)))


class _NotOnMetaError(Exception):
    """The forward cannot run without values; the message says what asked for them."""


def _runnable(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> nn.Module:
    """The module itself; what is inside torch.compile's wrapper; an initialised copy of a lazy module, which would change its
    kind.
    """
    if type(module).__name__ == "OptimizedModule":
        module = module._orig_mod  # type: ignore[assignment]
    if not any(isinstance(t, (UninitializedParameter, UninitializedBuffer)) for t in (*module.parameters(), *module.buffers())):
        return module
    initialised = copy.deepcopy(module).to(META)
    with torch.no_grad():
        initialised(*args, **kwargs)
    return initialised


def _run(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, meta: Meta) -> Graph:
    on_device = on_meta if meta.device == "meta" else on_cpu
    survey = Survey.of(module)
    error: Exception | None = None
    with borrowed(survey, training=meta.mode == "train", device=on_device) as state:
        args, kwargs = tree_map_only(torch.Tensor, on_device, (args, kwargs))
        ledger = Ledger(state.items())
        given = [ledger.add(t) for t in _leaves((args, kwargs))]
        recorder = Recorder(survey.paths, ledger, meta=meta.device == "meta")
        outputs: list[int] = []
        try:
            with recorder, _eager():
                result = module(*args, **kwargs)
            outputs = [n for t in _leaves(result) if (n := ledger.number(t)) is not None]
        except Exception as raised:
            error = raised
    if error is not None and meta.device == "meta" and _needs_values(error):
        raise _NotOnMetaError(str(error).splitlines()[0]) from error
    ran = {call.path for call in recorder.calls}
    idle = {path: type(m).__name__ for m, path in survey.paths.items() if path not in ran and any(True for _ in m.parameters())}
    dtype = next((ledger.tensors[t].dtype for t in given), "float32")
    graph = Graph(
        name=name,
        inputs=tuple(given),
        outputs=tuple(dict.fromkeys(outputs)),
        tensors=tuple(ledger.tensors),
        nodes=tuple(recorder.nodes),
        calls=tuple(recorder.calls),
        params=survey.params(),
        meta=msgspec.structs.replace(meta, dtype=dtype, idle=idle, failure=recorder.failure if error else None),
    )
    if error is not None:
        failure = recorder.failure or Failure("", type(module).__name__, str(error).strip().splitlines()[0])
        raise TraceError(graph, failure) from error
    return graph


def _is_size(value: Any) -> bool:
    return isinstance(value, torch.Size)


def _needs_values(error: BaseException) -> bool:
    """Whether an error of a forward on the meta device comes from the device and not from the model."""
    if isinstance(error, (NeedsValuesError, NotImplementedError)):
        return True
    text = str(error).lower()
    return "meta tensor" in text or "meta device" in text or "'meta'" in text or "device meta" in text


def _eager() -> AbstractContextManager[Any]:
    """Functions under torch.compile run as written. Only where dynamo is loaded: loading it costs a second."""
    if "torch._dynamo" in sys.modules and hasattr(torch.compiler, "set_stance"):
        stance: AbstractContextManager[Any] = torch.compiler.set_stance("force_eager")
        return stance
    return nullcontext()


def _leaves(value: Any) -> Iterator[torch.Tensor]:
    """Every tensor in a nest of containers, mappings, dataclasses and plain objects, in order."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from _leaves(item)
    elif hasattr(value, "__dict__") and not isinstance(value, (type, nn.Module)):
        for item in vars(value).values():
            yield from _leaves(item)
