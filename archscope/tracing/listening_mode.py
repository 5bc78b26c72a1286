"""A dispatch mode that hears the calls of modules as well as the operators, each of its own thread alone."""

from typing import Any, Self

from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from archscope.tracing.process import listening


class ListeningMode(TorchDispatchMode):
    """What the tracer and the probe of a signal have in common: see `archscope.tracing.process.Listener`."""

    def __init__(self) -> None:
        super().__init__()
        self._listening = listening(self)

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        # Otherwise torch wraps __torch_dispatch__ so that its first call imports torch._dynamo: a second of start-up for nothing.
        return False

    def __enter__(self) -> Self:
        self._listening.__enter__()
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._listening.__exit__(None, None, None)

    def begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        """A module is about to run."""

    def finish(self, module: nn.Module, args: tuple[Any, ...], output: Any) -> None:
        """It has run, or raised."""
