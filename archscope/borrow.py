"""Borrowing a module: it runs in eval mode with its state on another device, and comes back exactly as it was, also when its
forward raises.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from archscope.survey import Survey


@contextmanager
def borrowed(survey: Survey, training: bool, device: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[dict[str, torch.Tensor]]:
    """Lends the network's modules, with their `training` flags set and their state replaced by `device` of it; gives the new
    state by name.

    Afterwards every submodule's attributes, parameters, buffers and children are what they were.

    What a forward stores on its modules (caches, counters, new buffers) is gone afterwards as well: it may hold tensors without
    values.
    The global RNG state, the fused attention path and the default dtype are kept the same way.
    """
    modules = [m for m in survey.paths if not isinstance(m, torch.jit.ScriptModule)]
    tables = ("_parameters", "_buffers", "_modules")
    saved = [(m, vars(m).copy(), [vars(m)[table].copy() for table in tables]) for m in modules]
    rng, default_dtype = torch.get_rng_state(), torch.get_default_dtype()
    fast_path = torch.backends.mha.get_fastpath_enabled()
    try:
        state = _replace_state(modules, survey, device)
        for m in modules:
            vars(m)["training"] = training
        # The fused path is one operator; attention is the matrix products that it is made of.
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad():
            yield state
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        torch.set_rng_state(rng)
        torch.set_default_dtype(default_dtype)
        for m, attributes, contents in saved:
            _restore(vars(m), attributes)
            for table, content in zip(tables, contents, strict=True):
                _restore(vars(m)[table], content)


def _restore(table: dict[str, Any], content: dict[str, Any]) -> None:
    # Compared by identity: tensors have an == of their own.
    if [*table] != [*content] or [*map(id, table.values())] != [*map(id, content.values())]:
        table.clear()
        table.update(content)


def _replace_state(
    modules: list[nn.Module], survey: Survey, device: Callable[[torch.Tensor], torch.Tensor]
) -> dict[str, torch.Tensor]:
    """Replaces every parameter and buffer by `device` of it, tied ones by the same new one."""
    new: dict[int, torch.Tensor] = {}
    for key, held in survey.state.items():
        there = device(held.tensor)
        if isinstance(held.tensor, nn.Parameter) and there is not held.tensor:
            there = nn.Parameter(there, requires_grad=held.tensor.requires_grad)
        new[key] = there
    if any(new[key] is not held.tensor for key, held in survey.state.items()):
        for m in modules:
            for table in (vars(m)["_parameters"], vars(m)["_buffers"]):
                table.update({name: new[id(t)] for name, t in table.items() if t is not None})
    return {held.names[0]: new[key] for key, held in survey.state.items()}


def on_meta(tensor: torch.Tensor) -> torch.Tensor:
    """A twin without values: same shape, strides and dtype, no memory."""
    return tensor if tensor.is_meta else torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="meta")


def on_cpu(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor with values: a copy of what it holds, or small random numbers where it holds none."""
    if not tensor.is_meta:
        return tensor.detach().to("cpu", copy=True)
    if tensor.is_floating_point() or tensor.is_complex():
        return torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device="cpu").uniform_(0.0, 0.05)
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device="cpu")
