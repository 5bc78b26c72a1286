"""One forward on one device -> Graph: the network is lent, run, written down operator by operator, and given back."""

import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import msgspec
import torch

from archscope.errors import ArchscopeError
from archscope.graph import Failure, Graph, Meta
from archscope.tracing.arguments import kept, leaves, moved, named_leaves
from archscope.tracing.as_in_training import checkpoints
from archscope.tracing.autocast import Kernels, twin, wants_values, without_memory
from archscope.tracing.autocast import autocast as casting
from archscope.tracing.dispatch_mode import Recorder, one_line
from archscope.tracing.known_values import FromPython, KnownValues, whole_numbers_stay
from archscope.tracing.looks import Looks
from archscope.tracing.module_contents import Survey
from archscope.tracing.module_loan import borrowed, given_on_cpu, on_cpu, on_meta
from archscope.tracing.passing_rows import Passing
from archscope.tracing.placement import NeedsValuesError
from archscope.tracing.same_device import SameDevice, on_two_devices
from archscope.tracing.tensor_identity import Ledger
from archscope.tracing.told_values import with_its_values


class TraceError(ArchscopeError):
    """The forward raised. What ran before is in `graph`, marked as incomplete by `graph.meta.failure`.

    Attributes:
        graph: the part that was traced.
        failure: where and why it stopped.
    """

    def __init__(self, graph: Graph, failure: Failure, hint: str = "") -> None:
        where = f"{failure.path} ({failure.type})" if failure.path else failure.type
        given = " and ".join("x".join(map(str, shape)) for shape in failure.inputs)
        super().__init__(
            f"{graph.name} failed in {where}{f', given {given}' if given else ''}: {failure.error}",
            hint or "check the input size (--input), or the module's forward",
        )
        self.graph = graph
        self.failure = failure


class NotOnMetaError(Exception):
    """The forward cannot run without values; the message says what asked for them.

    Attributes:
        operators: that had run.
    """

    def __init__(self, asking: str, operators: int) -> None:
        super().__init__(asking)
        self.operators = operators


class TwoDevicesError(Exception):
    """A function looks at its tensors' devices itself, and they were on two."""


def run_once(
    survey: Survey,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    name: str,
    meta: Meta,
    spelled: bool,
    together: bool = False,
    passing: Passing | None = None,
    looks: Looks | None = None,
    values: KnownValues | None = None,
) -> Graph:
    """The Graph of one forward, on the device that `meta` names.

    Arguments:
        meta: with the circumstances that are known before.
        spelled, passing, looks: as for `trace`, `Recorder` and `with_values`.
        together: every function of torch that wants its tensors on one device gets them so.
        values: knows which values the forward may look at on the meta device.

    Raises `TraceError` where forward raises, `NotOnMetaError` or `TwoDevicesError` where only the device was in its way.
    """
    bare = meta.device == "meta"  # of values
    # Autocast leaves meta tensors alone: under it the tensors without values are on the CPU by their own account.
    without_values = twin if meta.autocast else on_meta
    on_device, given_there = (without_values, without_values) if bare else (on_cpu, given_on_cpu)
    error: Exception | None = None
    before = checkpoints()
    with (
        without_memory() if on_device is twin else nullcontext(),
        kept((args, kwargs), None if on_device is on_meta else given_there),
        borrowed(survey, meta.mode == "train", on_device if values is None else whole_numbers_stay(on_device)) as state,
    ):
        args, kwargs = _placed(args, kwargs, given_there, values)
        ledger = _ledger(survey, state)
        names: list[str] = []
        for given_as, tensor in named_leaves(survey.root.forward, args, kwargs):
            ledger.add(tensor)
            names += [given_as] * (len(ledger.tensors) - len(names))
        given = range(len(ledger.tensors))
        instead = Kernels() if on_device is twin else passing
        recorder = _recorder(spelled)(survey, ledger, on_device is on_meta, meta.mode == "train", instead, values)
        if looks is not None:
            looks.path = recorder.path
        outputs: list[int] = []
        try:
            with recorder, _functions(recorder, together, looks, values), casting(meta.autocast):
                result = survey.root(*args, **kwargs)
            recorder.settle(leaves(result))
            outputs = [n for t in leaves(result) if (n := recorder.number(t)) is not None]
        except Exception as raised:
            error = raised
    if error is not None and bare and not together and on_two_devices(error):
        raise TwoDevicesError from error
    if error is not None and bare and (_needs_values(error) or on_two_devices(error)):
        raise NotOnMetaError(_asking(error), len(recorder.nodes)) from error
    known = tuple(names) if len(names) > 1 and any(names) else ()
    failure, made = recorder.failure if error else None, tuple(recorder.made)
    meta = msgspec.structs.replace(meta, names=known, failure=failure, checkpoints=checkpoints() - before, made=made)
    graph = _graph(name, meta, survey, recorder, given, outputs)
    recorder.forget()
    if error is not None:
        failure = failure or Failure("", type(survey.root).__name__, one_line(error))
        raise TraceError(graph, failure, error.hint if isinstance(error, ArchscopeError) else _hint(error)) from error
    return graph


def _hint(error: BaseException) -> str:
    if re.search("saved tensor hooks|keeps nothing for a backward pass", str(error)):
        return "a forward that differentiates something itself can be traced in eval mode only: --mode eval"
    return ""


def _placed(
    args: tuple[Any, ...], kwargs: dict[str, Any], given_there: Callable[[torch.Tensor], torch.Tensor], values: KnownValues | None
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments where the forward runs; those whose values are told keep them."""
    told = {key: moved(value, with_its_values) for key, value in kwargs.items() if values is not None and key in values.told}
    valued = [t for t in leaves(told) if not t.is_meta]
    placed: tuple[tuple[Any, ...], dict[str, Any]] = moved(
        (args, kwargs | told), lambda t: t if any([t is one for one in valued]) else given_there(t)
    )
    return placed


def _ledger(survey: Survey, state: list[torch.Tensor]) -> Ledger:
    """Knows the parameters and buffers by the tensors that stand in their place."""
    ledger = Ledger(survey.params_of(state))
    if any([isinstance(m, torch.jit.ScriptModule) for m in survey.paths]):  # it keeps its own tensors, and cannot be lent others
        for tensor, param in zip(survey.state, survey.params.values(), strict=True):
            ledger.alias(tensor, param.name)
    return ledger


def _graph(name: str, meta: Meta, survey: Survey, recorder: Recorder, given: range, outputs: list[int]) -> Graph:
    """The Graph of what a recorder wrote down, as it is kept.

    Arguments:
        given, outputs: numbers of the tensors that went in and came out.
    """
    ledger, params = recorder.ledger, survey.records()
    dtype = _dtype([ledger.tensors[t].dtype for t in given], [param.dtype for param in params])
    return Graph(
        name=name,
        inputs=tuple(given),
        outputs=tuple(dict.fromkeys(outputs)),
        tensors=ledger.records(),
        nodes=recorder.nodes,
        calls=recorder.calls,
        params=params,
        meta=msgspec.structs.replace(meta, dtype=dtype, idle=survey.idle({call.path for call in recorder.calls})),
        spelling=recorder.spelling(),
    ).kept()


def _functions(
    recorder: Recorder, together: bool, looks: Looks | None, values: KnownValues | None
) -> AbstractContextManager[object]:
    """What hears the functions of torch, above its operators."""
    if values is not None:
        return FromPython(recorder.placement.move)
    return SameDevice(recorder.placement.move) if together else looks or nullcontext()


def _dtype(inputs: Iterable[str], params: Iterable[str]) -> str:
    """What the network computes in: the dtype of its first floating-point input, else of its first such parameter."""
    return next((dtype for dtype in (*inputs, *params) if dtype.startswith(("float", "bfloat", "complex"))), "float32")


def _recorder(spelled: bool) -> type[Recorder]:
    if not spelled:
        return Recorder
    from archscope.tracing.spelling import SpellingRecorder  # only who asks for it pays for it

    return SpellingRecorder


def _needs_values(error: BaseException) -> bool:
    """Whether an error of a forward on the meta device comes from the device and not from the model."""
    if isinstance(error, (NeedsValuesError, NotImplementedError)) or wants_values(error):
        return True
    return re.search(r"\bmeta\b|unallocated storage|no fake impl", str(error).lower()) is not None


def _asking(error: BaseException) -> str:
    """What asked for values, in one line."""
    said = one_line(error)
    counts = re.search(r"register_meta function for torch\.(\w+)\(\)", said)
    kernel = re.match(r"(\w+)::([\w.]+): attempted to run this operator with Meta tensors", said)
    if counts:
        return f"how much aten.{counts[1]} finds depends on the data"
    return f"torch has no kernel of {kernel[1]}.{kernel[2]} for the meta device" if kernel else said
