"""The gradients that are on their way during a backward pass: who holds which memory, when it is shared, when it is freed.

As PyTorch's engine does it: an operator passes its gradients on when it is done and then lets go of what it received; where
two gradients of one tensor meet, the second is added to the first in place if nobody else holds that memory, and into new
memory otherwise; a parameter takes a gradient as its own if nobody else holds it, and copies it otherwise. The first two
gradients of a parameter that is used several times always meet in new memory.
Source: torch/csrc/autograd/input_buffer.cpp and functions/accumulate_grad.h.
"""

from dataclasses import dataclass


@dataclass(eq=False)
class Memory:
    """A piece of memory that holds a gradient, or a part of which does.

    Attributes:
        bytes: of all of it.
        holders: how many gradients on their way show it.
    """

    bytes: int
    holders: int = 0


class Gradients:
    """What is on its way, by the tensor (its id) or parameter (its name) that it is the gradient of."""

    def __init__(self) -> None:
        self.waiting: dict[int | str, Memory] = {}
        self.now = 0
        self._met: set[int | str] = set()  # where gradients have met in new memory
        self.most = 0  # since somebody set it to `now`

    def new(self, bytes: int) -> Memory:
        """Memory for a gradient, held by nobody yet."""
        self.now += bytes
        self.most = max(self.most, self.now)
        return Memory(bytes)

    def take(self, tensors: tuple[int, ...]) -> list[Memory]:
        """The gradients of these tensors, as far as some have come; whoever takes them holds them."""
        return [self.waiting.pop(t) for t in tensors if t in self.waiting]

    def give(self, key: int | str, memory: Memory, bytes: int) -> None:
        """A gradient of `bytes` in `memory` arrives at a tensor or parameter; the giver's hold becomes the receiver's."""
        before = self.waiting.get(key)
        if before is None:
            if isinstance(key, str) and (memory.holders > 1 or memory.bytes != bytes):
                self._into_new(key, memory, bytes)
            else:
                self.waiting[key] = memory
        elif before.holders == 1 and before.bytes == bytes and (isinstance(key, int) or key in self._met):
            self.let_go(memory)
        else:
            self._into_new(key, memory, bytes)
            self.let_go(before)
            self._met.add(key)

    def let_go(self, memory: Memory) -> None:
        """One holder less."""
        memory.holders -= 1
        if memory.holders <= 0:
            self.now -= memory.bytes
            memory.bytes = 0

    def _into_new(self, key: int | str, memory: Memory, bytes: int) -> None:
        made = self.new(bytes)
        made.holders = 1
        self.waiting[key] = made
        self.let_go(memory)
