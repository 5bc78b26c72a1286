"""What an optimizer holds beside parameters and gradients, and for a moment while it steps.

The moment is that of PyTorch's loop over the parameters, one after the other, as it runs on the CPU; the variants that take all
parameters at once hold as much for all of them.
Sources: Polyak, 1964 (momentum); Kingma and Ba, "Adam", 2015, algorithm 1; Loshchilov and Hutter, "Decoupled Weight Decay
Regularization", 2019, algorithm 2; torch.optim, `_single_tensor_sgd` and `_single_tensor_adam`.
"""

from itertools import pairwise
from typing import NamedTuple

from archscope.graph import Param
from archscope.registry import Registry


class Optimizer(NamedTuple):
    """One way to use the gradients.

    Attributes:
        name: as on the command line.
        says: in words.
        moments: numbers that it keeps for each parameter from step to step.
        scalars: float32 numbers that it keeps for each parameter tensor.
        passing: tensors of a parameter's size that it holds while it changes that parameter.
        trailing: of the parameter before, what its loop still holds then: a variable lives until it gets its next value.
    """

    name: str
    says: str
    moments: int = 0
    scalars: int = 0
    passing: int = 0
    trailing: int = 0

    def state(self, params: list[Param]) -> int:
        """Bytes that it keeps for these parameters, each in the parameter's own dtype."""
        return sum(self.moments * param.bytes + 4 * self.scalars for param in params)

    def moment(self, params: list[Param]) -> int:
        """Most bytes that it holds while it changes one of them; it takes them in this order."""
        sizes = [0, *(param.bytes for param in params)]
        return max((self.trailing * before + self.passing * size for before, size in pairwise(sizes)), default=0)


OPTIMIZERS: Registry[Optimizer] = Registry("optimizer")

for _optimizer in (
    Optimizer("sgd", "SGD without momentum: no state"),
    Optimizer("momentum", "SGD with momentum: one number per parameter", moments=1),
    Optimizer("adam", "Adam: two numbers per parameter", moments=2, scalars=1, passing=2, trailing=1),
    Optimizer("adamw", "AdamW: two numbers per parameter", moments=2, scalars=1, passing=2, trailing=1),
):
    OPTIMIZERS.add(_optimizer.name, _optimizer)
