"""Module and inputs -> Graph: one forward pass, written down operator by operator.

The forward runs on the meta device: no memory for weights, no arithmetic. The module is neither moved, patched nor left with
hooks; it comes back as it was, also when its forward raises. A model that needs real values (control flow that depends on data)
is run again on the CPU with random inputs, and the Graph says so.
"""

import sys
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any

import msgspec
import torch
from torch import nn
from torch.utils._pytree import tree_map_only

from archscope import units
from archscope.errors import ArchscopeError, UsageError
from archscope.free_memory import available_memory
from archscope.graph import Batching, Decided, Graph, Meta
from archscope.tracing.arguments import leaves
from archscope.tracing.autocast import checked, surrounding
from archscope.tracing.data_sizes import with_values
from archscope.tracing.known_values import KnownValues
from archscope.tracing.lazy_modules import surveyed
from archscope.tracing.lending import lent
from archscope.tracing.looks import Looks
from archscope.tracing.module_contents import Survey, has_forward
from archscope.tracing.one_forward import NotOnMetaError, TwoDevicesError, run_once
from archscope.tracing.operator_runs import META
from archscope.tracing.passing_rows import Passing
from archscope.tracing.placement import SPARSE
from archscope.tracing.process import listening, shared_state, uncollected
from archscope.tracing.told_values import in_words


def trace(
    module: nn.Module,
    *inputs: Any,
    name: str | None = None,
    mode: str = "eval",
    variant: str = "",
    source: str = "",
    spelling: bool = False,
    keep: int | Mapping[str, int] | None = None,
    autocast: str = "",
    known: Collection[str] = (),
    **kwargs: Any,
) -> Graph:
    """Runs `module(*inputs, **kwargs)` once, without weights or arithmetic, and returns what it did.

    Arguments:
        inputs, kwargs: what forward takes. Tensors on any device, batch first; only shape and dtype matter. A `torch.Size`
            stands for a float32 tensor of that shape.
        name: of the network; the class name if not given.
        mode: "eval" or "train", whatever the module's own flags say (they are put back).
        variant, source: kept in the Graph's meta.
        spelling: note also how the Python is spelled (`Graph.spelling`), as the conventions of some counters need it.
        keep: how many rows pass where data decide that (`nms`, `nonzero`, boolean masks), at most what there is: a number, or
            numbers by module path, as in {"rpn": 1000}.
        autocast: "bfloat16" or "float16": run as under `torch.autocast` on the CPU. By default what is in force.
        known: names of tensors among `kwargs` whose values are part of what is asked, such as the sizes of a grid: what follows
            from them is known.

    Several threads may trace at once, and a forward may trace another module: each trace hears its own forward. While a module
    is traced, another thread that traces or runs it waits; one that is halfway through its forward, or reads its parameters,
    meets tensors without values.

    Raises `TraceError`, which holds the part that was traced, when forward raises.

    >>> graph = trace(torch.nn.Conv2d(3, 8, 3), torch.Size((1, 3, 32, 32)))
    >>> graph.cost.macs == 30 * 30 * 8 * 3 * 3 * 3
    True
    """
    return trace_call(
        module, inputs, kwargs, name=name, mode=mode, variant=variant, source=source, spelling=spelling, keep=keep,
        autocast=autocast, known=known,
    )  # fmt: skip


def trace_call(
    module: nn.Module,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    *,
    name: str | None = None,
    mode: str = "eval",
    variant: str = "",
    source: str = "",
    spelling: bool = False,
    keep: int | Mapping[str, int] | None = None,
    autocast: str = "",
    known: Collection[str] = (),
    batching: Batching | None = None,
) -> Graph:
    """What `trace` does, for arguments of forward whose names are whatever they are: `name`, `source`, `mode`.

    Arguments:
        batching: where some input does not stack its examples along its first dimension.
    """
    if not isinstance(module, nn.Module):
        raise UsageError(f"trace takes a torch.nn.Module, not {type(module).__name__}", "pass an instance: trace(Net(), x)")
    if mode not in ("eval", "train"):
        raise UsageError(f"unknown mode '{mode}'", "choose from eval, train")
    module = unwrapped(module)
    meta = Meta(
        variant=variant, mode=mode, source=source, torch=str(torch.__version__), autocast=checked(autocast or surrounding()),
        told=in_words(args, kwargs, known), batching=batching,
    )  # fmt: skip
    name = name or type(module).__name__
    if not has_forward(module):
        parts = ", ".join(f"{part} ({type(child).__name__})" for part, child in islice(module.named_children(), 5))
        raise ArchscopeError(
            f"{name} has no forward: its parts are run one by one", f"trace one of them: {parts or 'it has none'}"
        )
    told = dict(keep) if isinstance(keep, Mapping) else {} if keep is None else {"": keep}
    if any(rows < 0 for rows in told.values()):
        raise UsageError("no fewer than 0 rows can pass", "give keep a number of rows, or numbers by module path")
    with listening(None), _no_inference(), lent(module), shared_state():
        compiler = _COMPILER in sys.modules
        graph = _traced(module, args, kwargs, name, meta, spelling, told, known)
        if compiler or _COMPILER not in sys.modules:
            return graph
        return _traced(module, args, kwargs, name, meta, spelling, told, known)


def _no_inference() -> AbstractContextManager[object]:
    """In inference mode operators are not made of their parts, and nothing has a gradient."""
    return torch.inference_mode(False) if torch.is_inference_mode_enabled() else nullcontext()


_COMPILER = "torch._dynamo"
"""Some of torch's kernels for the meta device import it when they run first. It keeps the frames that import it, and with them
their tensors, which then seem to be held to the end: what that forward tells of memory is wrong, so that it runs again."""

_WRAPPED = {"OptimizedModule": "_orig_mod", "DataParallel": "module", "DistributedDataParallel": "module"}


def unwrapped(module: nn.Module) -> nn.Module:
    """The network inside torch.compile's wrapper and those that spread a batch over GPUs or processes: the latter would wait for
    processes that trace nothing.
    """
    while (inside := getattr(module, _WRAPPED.get(type(module).__name__, ""), None)) is not None:
        module = inside
    return module


def _traced(
    module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any], name: str, meta: Meta, spelled: bool, told: dict[str, int],
    known: Collection[str],
) -> Graph:  # fmt: skip
    """The Graph, from the meta device or else from the CPU."""
    args, kwargs = tree_map_only(torch.Size, lambda size: torch.empty(size, device=META), (args, kwargs), is_leaf=_is_size)
    if any(t.is_nested for t in leaves((args, kwargs))):
        raise UsageError("nested tensors have no shape to trace", "pass a padded batch")
    with uncollected():
        survey = surveyed(module, args, kwargs)
        sparse = survey.is_sparse or any([t.layout is not torch.strided for t in leaves((args, kwargs))])
        if told:
            meta = msgspec.structs.replace(meta, decided=Decided(kept=told, idle=tuple(told)))

        def run(meta: Meta, passing: Passing | None = None, looks: Looks | None = None) -> Graph:
            try:
                return run_once(survey, args, kwargs, name, meta, spelled, passing=passing, looks=looks)
            except TwoDevicesError:
                return run_once(survey, args, kwargs, name, meta, spelled, together=True, passing=passing)

        reason = SPARSE if sparse else ""
        try:
            if not sparse and not known:
                return run(meta)
        except NotOnMetaError as error:
            reason = str(error)
        try:
            if not sparse:
                return run_once(survey, args, kwargs, name, meta, spelled, values=KnownValues(known))
        except NotOnMetaError as error:
            reason = reason or str(error)
    meta = msgspec.structs.replace(meta, device="cpu", reason=reason)
    if sparse:
        return run(meta)
    _has_room(survey, name, reason)
    return with_values(run, meta, told)


def _has_room(survey: Survey, name: str, reason: str) -> None:
    """Raises `ArchscopeError` where the weights, which a run with values copies or draws, would not fit into memory."""
    needed, free = sum(tensor.nbytes for tensor in survey.state), available_memory()
    if free is not None and needed > free:
        raise ArchscopeError(
            f"{name} runs on the CPU only ({reason}): its weights take {units.size(needed)} of memory; "
            f"{units.size(free)} are free",
            "make it smaller with --set, or trace it where there is more memory",
        )


def _is_size(value: Any) -> bool:
    return isinstance(value, torch.Size)
