"""What the error of a forward tells of the inputs that it was given: which one it lacks, which one has another width."""

import inspect
import linecache
import re
from collections.abc import Iterator, Mapping
from math import prod
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple

import torch
from torch import nn


class Evidence(NamedTuple):
    """What an error tells.

    Attributes:
        lacking: parameters of forward that were not given and stand in the expression that failed, or in its message.
        named: those that were given and stand there.
        absent: whether it failed because something was not given.
        at: where in the bytecode of forward that expression stands.
        shape: what the innermost layer that failed was given.
        width: how wide that is, and how wide it should be; None where it is no matter of widths.
    """

    lacking: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    absent: bool = False
    at: int = 0
    shape: tuple[int, ...] = ()
    width: tuple[int, int] | None = None


def evidence(module: nn.Module, inputs: Mapping[str, Any], error: BaseException | None) -> Evidence:
    """What the error of a forward with these inputs tells."""
    said, frames = str(error or ""), list(_frames(error.__traceback__ if error is not None else None))
    words, at = _words(module, frames)
    read = [name for name in inspect.signature(module.forward).parameters if name in words | set(re.findall(r"\w+", said))]
    shape, width = _mismatch(said, frames)
    return Evidence(
        lacking=tuple(name for name in read if name not in inputs),
        named=tuple(name for name in read if name in inputs),
        absent=re.search(r"None|must be provided|missing|requires?", said) is not None,
        at=at,
        shape=shape,
        width=width,
    )


def mismatch(error: BaseException | None) -> tuple[int, int] | None:
    """How wide what a layer was given is, and how wide it should be; None where it is no matter of widths."""
    return _mismatch(str(error or ""), list(_frames(error.__traceback__ if error is not None else None)))[1]


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lasti
        trace = trace.tb_next


def _words(module: nn.Module, frames: list[tuple[FrameType, int]]) -> tuple[set[str], int]:
    """The names in the expression of the network's forward that failed, and where in its bytecode that stands."""
    code = inspect.unwrap(type(module).forward).__code__
    for frame, at in frames:
        if frame.f_code is code:
            return set(re.findall(r"\w+", _expression(code, at))), at
    return set(), 0


def _expression(code: CodeType, at: int) -> str:
    """The source of what ran at one place of the bytecode."""
    first, last, start, end = list(code.co_positions())[at // 2]
    if first is None or last is None:
        return ""
    lines = [linecache.getline(code.co_filename, line) for line in range(first, last + 1)]
    if first == last and start is not None and end is not None:
        return lines[0].encode()[start:end].decode(errors="replace")
    return "".join(lines)


def _mismatch(said: str, frames: list[tuple[FrameType, int]]) -> tuple[tuple[int, ...], tuple[int, int] | None]:
    """The shape that the innermost layer with weights was given, and its width there against that of its weights; or what was to
    be put into another shape, against what that holds.
    """
    reshaped = re.search(r"shape '\[([\d, ]+)\]' is invalid for input of size (\d+)", said)
    if reshaped is not None:
        return (), (int(reshaped[2]), prod(map(int, reshaped[1].split(","))))
    for frame, _ in reversed(frames):
        layer = frame.f_locals.get("self")
        if not isinstance(layer, nn.Module) or not isinstance(getattr(layer, "weight", None), torch.Tensor):
            continue
        given = next(
            (v for name in ("input", "x", "hidden_states") if isinstance(v := frame.f_locals.get(name), torch.Tensor)), None
        )
        wanted, axis = _wanted(layer)
        if given is None or given.dim() <= abs(axis):
            return (), None
        return tuple(given.shape), (given.shape[axis], wanted) if wanted not in (0, given.shape[axis]) else None
    return (), None


def _wanted(layer: Any) -> tuple[int, int]:
    """The width that a layer takes, and the axis on which it takes it; 0 where it takes any."""
    if isinstance(layer, nn.modules.conv._ConvNd):
        return layer.in_channels, 1
    if isinstance(layer, nn.Linear):
        return layer.in_features, -1
    if isinstance(layer, nn.GroupNorm):
        return layer.num_channels, 1
    return layer.weight.shape[-1] if layer.weight.dim() == 1 else 0, -1
