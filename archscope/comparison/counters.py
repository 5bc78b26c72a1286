"""Other counters, run on the network itself: the number that each prints. They run it on the CPU, with weights.

None of them is needed by archscope; one that is not installed is one line that says so.
"""

import contextlib
import copy
import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, NamedTuple, Protocol

import torch
from torch import nn

from archscope.conventions.fvcore import FVCORE_OPERATORS
from archscope.errors import ArchscopeError
from archscope.registry import Registry

Inputs = tuple[torch.Tensor, ...]


class Opinion(NamedTuple):
    """What another counter says.

    Attributes:
        total: its number.
        parts: by our names of the operators, where the counter tells; None where it does not.
        unsupported: the operators that it names as unsupported, and how often.
    """

    total: int
    parts: dict[str, int] | None = None
    unsupported: dict[str, int] = {}  # noqa: RUF012  a named tuple's default, not changed


class Counter(Protocol):
    """Runs another counter on a module in eval mode."""

    def __call__(self, module: nn.Module, inputs: Inputs) -> Opinion:
        """What the counter says; whatever it raises goes through."""


COUNTERS: Registry[Counter] = Registry("counter to cross-check with")


@COUNTERS.register("fvcore")
def fvcore(module: nn.Module, inputs: Inputs) -> Opinion:
    """FlopCountAnalysis, by operator."""
    from fvcore.nn import FlopCountAnalysis

    analysis = FlopCountAnalysis(module, inputs)
    analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False).tracer_warnings("none")
    parts: dict[str, int] = {}
    for name, value in analysis.by_operator().items():
        label = FVCORE_OPERATORS.get(str(name), str(name))
        parts[label] = parts.get(label, 0) + int(value)
    return Opinion(int(analysis.total()), parts, dict(analysis.unsupported_ops()))


@COUNTERS.register("torch")
def flop_counter(module: nn.Module, inputs: Inputs) -> Opinion:
    """torch's own, on the meta device, for on a CPU it misses fused attention and recurrent layers; a detector, which has to look
    at values, on the CPU.
    """
    from torch.utils.flop_counter import FlopCounterMode

    on_meta = copy.deepcopy(module).to("meta")
    try:
        with torch.device("meta"), FlopCounterMode(display=False) as counter:
            on_meta(*(tensor.to("meta") for tensor in inputs))
    except (NotImplementedError, RuntimeError):
        with FlopCounterMode(display=False) as counter:
            module(*inputs)
    return Opinion(int(counter.get_total_flops()))


@COUNTERS.register("thop")
def thop(module: nn.Module, inputs: Inputs) -> Opinion:
    """`thop.profile`."""
    from thop import profile

    return Opinion(int(profile(module, inputs, verbose=False)[0]))


@COUNTERS.register("ptflops")
def ptflops(module: nn.Module, inputs: Inputs) -> Opinion:
    """`get_model_complexity_info`, the engine "pytorch"."""
    from ptflops import get_model_complexity_info

    alone = len(inputs) == 1
    given: Any = inputs[0] if alone else {f"input_{at}": tensor for at, tensor in enumerate(inputs)}
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        count, _ = get_model_complexity_info(
            module if alone else ByName(module), (1,), as_strings=False, print_per_layer_stat=False, backend="pytorch",
            input_constructor=lambda _: given,
        )  # fmt: skip
    if count is None:  # it prints what went wrong and returns nothing
        lines = [line for line in said.getvalue().splitlines() if line.startswith("<class")]
        raise RuntimeError(lines[0].removeprefix("<class '").replace("'>", "") if lines else said.getvalue().strip()[-80:])
    return Opinion(int(count))


@COUNTERS.register("calflops")
def calflops(module: nn.Module, inputs: Inputs) -> Opinion:
    """`calculate_flops`, its FLOPs."""
    from calflops import calculate_flops

    return Opinion(int(calculate_flops(module, args=list(inputs), print_results=False, output_as_string=False)[0]))


@COUNTERS.register("torchinfo")
def torchinfo(module: nn.Module, inputs: Inputs) -> Opinion:
    """`summary`, its mult-adds."""
    from torchinfo import summary

    return Opinion(int(summary(module, input_data=inputs, verbose=0).total_mult_adds))


@COUNTERS.register("deepspeed")
def deepspeed(module: nn.Module, inputs: Inputs) -> Opinion:
    """`get_model_profile`, its FLOPs."""
    from deepspeed.profiling.flops_profiler import get_model_profile

    return Opinion(int(get_model_profile(module, args=list(inputs), print_profile=False, as_string=False, warm_up=0)[0]))


@COUNTERS.register("torchprofile")
def torchprofile(module: nn.Module, inputs: Inputs) -> Opinion:
    """`profile_macs`."""
    from torchprofile import profile_macs

    count: Any = profile_macs(module, inputs)
    return Opinion(int(count))


class ByName(nn.Module):
    """For ptflops, which hands over one argument, or several by name."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, **inputs: torch.Tensor) -> Any:
        """What the module makes of the values."""
        return self.module(*inputs.values())


def imported(tool: str) -> str:
    """The version of a counter, which is imported. Raises `ArchscopeError` when it, or what it needs, is not installed."""
    with quiet():
        try:
            importlib.import_module("deepspeed.profiling.flops_profiler" if tool == "deepspeed" else tool)
        except ImportError as error:
            needs = error.name if error.name and error.name != tool else ""
            raise ArchscopeError(
                f"{tool} is not installed" if not needs else f"{tool} needs {needs}, which is not installed",
                f"pip install {tool} {needs}".rstrip(),
            ) from None
    return version(tool)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """These counters announce themselves, and what they do not support, on import and while they run."""
    names = ("fvcore", "fvcore.nn.jit_analysis", "iopath", "DeepSpeed")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
