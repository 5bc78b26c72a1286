"""A model at a setting, ready to run: a copy on the device, its inputs, and the run itself.

The model that was given stays as it is.
"""

import copy
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import torch
from torch import nn
from torch.utils._pytree import tree_leaves, tree_map_only

from archscope.bench.devices import Device
from archscope.bench.results.records import Settings
from archscope.errors import ArchscopeError
from archscope.graph import Graph


class Model(Protocol):
    """What the benchmark asks of a model: a dataclass such as `archscope.models.model.Model`."""

    @property
    def name(self) -> str: ...
    @property
    def module(self) -> nn.Module: ...
    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
    def example(
        self, batch: int = 1, dtype: str = "float32", device: str = "meta"
    ) -> tuple[tuple[torch.Tensor, ...], dict[str, torch.Tensor]]: ...
    def trace(self, batch: int = 1, dtype: str = "float32", mode: str = "eval") -> Graph: ...


@dataclass(frozen=True)
class Subject:
    """What is timed.

    Attributes:
        run: one forward in inference mode, or one step of training.
        module: the copy that runs, uncompiled.
        inputs: what it runs on.
        optimiser: of training.
    """

    run: Callable[[], None]
    module: nn.Module
    inputs: tuple[torch.Tensor, ...]
    optimiser: torch.optim.Optimizer | None = None

    @property
    def resident(self) -> int:
        """Bytes that are there between runs: parameters, buffers, inputs, the optimiser's state; each piece of memory once."""
        tensors = [*self.module.parameters(), *self.module.buffers(), *self.inputs]
        if self.optimiser is not None:
            tensors += [t for t in tree_leaves(dict(self.optimiser.state)) if isinstance(t, torch.Tensor)]
        held = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors}
        return sum(held.values())

    def without_gradients(self) -> None:
        """Lets go of the last run's gradients, which the next run would only replace."""
        for param in self.module.parameters():
            param.grad = None


def at_inputs(model: Any, shapes: tuple[tuple[int, ...], ...]) -> Any:
    """The model with other input shapes; with its own where there are none."""
    return replace(model, shapes=shapes) if shapes else model


def prepare(model: Model, settings: Settings, device: Device) -> Subject:
    """Copies the model to the device, in the dtype and layout that is wanted, with random inputs (the same every time).

    Raises `ArchscopeError` for a model without weights (built on the meta device) or a dtype that the device cannot compute in.
    """
    if any(t.is_meta for t in (*model.module.parameters(), *model.module.buffers())):
        raise ArchscopeError(f"{model.name} has no weights to run with", 'load it on a device: load("lenet5", device="cpu")')
    device.check(settings.dtype)
    dtype = "float32" if settings.dtype == "autocast" else settings.dtype
    module = copy.deepcopy(model.module, _computed(model.module)).train(settings.train).to(device.place, getattr(torch, dtype))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs, named = model.example(settings.batch, dtype, device.place)
    if settings.channels_last:
        module = module.to(memory_format=torch.channels_last)
        inputs, named = tree_map_only(torch.Tensor, _channels_last, (inputs, named))
    compiled: Callable[..., Any] = torch.compile(module) if settings.compiled else module
    runnable = partial(compiled, **named) if named else compiled
    held = (*inputs, *named.values())
    precision = _precision(settings, device)
    if not settings.train:
        return Subject(_forward(runnable, inputs, precision), module, held)
    # Too small a step to move a weight far: thousands of runs leave the numbers in their range.
    optimiser = torch.optim.SGD((p for p in module.parameters() if p.requires_grad), lr=1e-6, momentum=0.9)
    return Subject(_step(optimiser, runnable, inputs, precision), module, held, optimiser)


def _computed(module: nn.Module) -> dict[int, torch.Tensor]:
    """What takes the place of attributes that were computed from parameters, which `deepcopy` refuses: the weights of the older
    weight norm, which every forward computes anew.
    """
    held = (value for m in module.modules() for value in vars(m).values())
    return {id(t): t.detach().clone() for t in held if isinstance(t, torch.Tensor) and not t.is_leaf}


def _channels_last(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous(memory_format=torch.channels_last) if tensor.dim() == 4 else tensor


def _precision(settings: Settings, device: Device) -> Callable[[], AbstractContextManager[Any]]:
    if settings.dtype != "autocast":
        return nullcontext
    kind = device.place.partition(":")[0]
    return lambda: torch.autocast(kind)


def _forward(
    runnable: Callable[..., Any], inputs: tuple[torch.Tensor, ...], precision: Callable[[], AbstractContextManager[Any]]
) -> Callable[[], None]:
    def run() -> None:
        with torch.inference_mode(), precision():
            runnable(*inputs)

    return run


def _step(
    optimiser: torch.optim.Optimizer,
    runnable: Callable[..., Any],
    inputs: tuple[torch.Tensor, ...],
    precision: Callable[[], AbstractContextManager[Any]],
) -> Callable[[], None]:
    """Forward, backward from the mean square of all outputs, and a step of the optimiser."""

    def run() -> None:
        optimiser.zero_grad(set_to_none=True)
        with precision():
            outputs = [t for t in tree_leaves(runnable(*inputs)) if isinstance(t, torch.Tensor) and t.requires_grad]
            loss = torch.stack([t.float().square().mean() for t in outputs]).sum()
        loss.backward()
        optimiser.step()

    return run


def digest(model: Model) -> str:
    """Tells models of one name apart, by parameters, modules and constructor arguments; not by input, batch or torch."""
    params = sorted((name, tuple(p.shape)) for name, p in model.module.named_parameters())
    modules = [(path, type(m).__name__) for path, m in model.module.named_modules()]
    return hashlib.sha256(repr((params, modules, sorted(model.options.items(), key=repr))).encode()).hexdigest()[:16]
