"""`archscope memory`."""

from dataclasses import dataclass
from typing import Annotated

import typer

from archscope.cli import options


@dataclass(frozen=True)
class TrainingForward(options.Forward):
    """As `Forward`, in train mode unless asked otherwise."""

    mode: options.Mode = "train"


def memory(
    model: options.Model,
    optimizer: Annotated[str, typer.Option("--optimizer", help="sgd, momentum, adam or adamw.")] = "sgd",
    checkpoint: Annotated[
        bool, typer.Option("--checkpoint", help="Gradient checkpointing: every block keeps its input only and runs again.")
    ] = False,
    *,
    forward: TrainingForward,
    output: options.Output,
) -> None:
    """The memory of a training step: what each stage keeps for the backward pass, the peak, and the curve over the step.

    archscope memory resnet50 --batch 32 --optimizer adamw
    """
    from archscope.models.look_up import canonical, look
    from archscope.tables.memory import memory_tables

    graph = look(model, **forward.request())
    output.deliver(memory_tables(graph, optimizer, checkpoint), f"{canonical(model).removesuffix('.json')}-memory")
