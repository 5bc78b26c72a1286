"""A few steps of training, so that the figures can be read again after them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite
from typing import Any

import torch
from torch import nn

from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph
from archscope.registry import unknown
from archscope.signal import examples
from archscope.signal.probe import TimeIsUpError

OPTIMIZERS = ("sgd", "rmsprop")
DATA = ("random", "digits")
# RMSProp as Szegedy et al. 2016 (arXiv 1602.07261), section 4, train with: decay 0.9, epsilon 1.0, learning rate 0.045.
_DECAY, _EPSILON = 0.9, 1.0
RATES = {"sgd": 0.1, "rmsprop": 0.045}


@dataclass(frozen=True)
class Plan:
    """What to do before the figures are read.

    Attributes:
        steps: of the optimizer, each on a batch of its own; 0 for none.
        optimizer: "sgd", without momentum, or "rmsprop".
        learning_rate: None takes 0.1 for SGD, 0.045 for RMSProp.
        data: "random": one batch of normal inputs with random labels, again and again; "digits": those of scikit-learn.

    Raises `UsageError` for a word or number that is none of these.
    """

    steps: int = 0
    optimizer: str = "sgd"
    learning_rate: float | None = None
    data: str = "random"

    def __post_init__(self) -> None:
        for word, known, what in ((self.optimizer, OPTIMIZERS, "optimizer"), (self.data, DATA, "data")):
            if word not in known:
                raise unknown(what, word, known, list_all=True)
        rate = self.learning_rate
        if rate is not None and not 0 <= rate < inf:
            raise UsageError(f"--lr {rate} is no learning rate", "give a number of 0 or more: --lr 0.1")

    @property
    def rate(self) -> float:
        """The learning rate."""
        return RATES[self.optimizer] if self.learning_rate is None else self.learning_rate

    @property
    def words(self) -> str:
        """`"50 steps of RMSProp, learning rate 0.045, on digits"`."""
        name = {"sgd": "SGD", "rmsprop": "RMSProp"}[self.optimizer]
        return f"{self.steps} steps of {name}, learning rate {self.rate:g}, on {self.data}"


def train(
    module: nn.Module, graph: Graph, plan: Plan, deadline: float | None, run: Callable[[nn.Module], Any]
) -> list[float | None]:
    """Trains `module` in place, in train mode, and returns the loss of every step.

    Arguments:
        run: a forward on the one batch of `data="random"`; its labels are drawn here, once.

    It ends early where the loss is no finite number any more. Raises `TimeIsUpError` past the deadline, `ArchscopeError` where
    no loss can be taken.
    """
    learned = [p for p in module.parameters() if p.requires_grad]
    made: Any = torch.optim.SGD(learned, plan.rate)
    if plan.optimizer == "rmsprop":
        made = torch.optim.RMSprop(learned, plan.rate, alpha=_DECAY, eps=_EPSILON)
    batch, shape = graph.batch, graph.examples[0]
    images = examples.digits(shape) if plan.data == "digits" else None
    losses: list[float | None] = []
    flags = [(m, m.training) for m in module.modules()]
    module.train()
    labelled = torch.get_rng_state()
    for _ in range(plan.steps):
        if deadline is not None and time.monotonic() > deadline:
            raise TimeIsUpError
        if images is not None:
            chosen = torch.randint(0, len(images[0]), (batch,))
            output, labels = module(examples.enlarged(images[0][chosen], shape)), images[1][chosen]
            found = examples.loss(graph, output, labels)
        else:
            output = run(module)
            kept = torch.get_rng_state()
            torch.set_rng_state(labelled)  # the same labels at every step
            found = examples.loss(graph, output)
            torch.set_rng_state(kept)
        if found is None:
            raise ArchscopeError(f"no loss can be taken of what {graph.name} returns", "leave --steps out")
        value, now = found[0], float(found[0].detach())
        losses.append(now if isfinite(now) else None)
        if losses[-1] is None:
            break
        made.zero_grad()
        value.backward()
        made.step()
    made.zero_grad()
    for m, flag in flags:
        m.training = flag
    return losses
