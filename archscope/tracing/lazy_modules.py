"""Modules whose parameters get their shapes in the first forward."""

import copy
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

from archscope.errors import ArchscopeError
from archscope.tracing.arguments import moved
from archscope.tracing.dispatch_mode import one_line
from archscope.tracing.module_contents import Survey
from archscope.tracing.module_loan import on_meta
from archscope.tracing.operator_runs import META
from archscope.tracing.process import undisturbed


def surveyed(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Survey:
    """The module surveyed; an initialised copy of a lazy module, which running it would change into another."""
    survey = Survey.of(module)
    if not survey.is_lazy:
        return survey
    initialised = copy.deepcopy(module, {id(tensor): _unborn(tensor) for tensor in survey.state})
    args, kwargs = moved((args, kwargs), on_meta)
    try:
        with torch.no_grad(), undisturbed():
            initialised(*args, **kwargs)
    except Exception as error:
        raise ArchscopeError(
            f"the lazy modules of {type(module).__name__} cannot be initialised: {one_line(error)}",
            "check the input size (--input), or the module's forward",
        ) from error
    return Survey.of(initialised)


def _unborn(tensor: torch.Tensor) -> torch.Tensor:
    """What the copy holds in the place of a parameter or buffer: its twin on the meta device; one without a shape stays so."""
    if isinstance(tensor, (UninitializedParameter, UninitializedBuffer)):
        kind: Any = type(tensor)
        unborn: torch.Tensor = kind(requires_grad=tensor.requires_grad, device=META, dtype=tensor.dtype)
        return unborn
    twin = on_meta(tensor)
    return nn.Parameter(twin, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else twin
