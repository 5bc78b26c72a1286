"""What a module holds: its submodules by path, its parameters and buffers by name. Walked once, read often."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from archscope.graph import Param
from archscope.tracing.tensor_identity import DTYPE_NAMES


@dataclass(slots=True)
class Held:
    """A parameter or buffer with all its names, in the order in which the module lists them."""

    tensor: torch.Tensor
    names: list[str]
    buffer: bool
    holder: str  # type of the module that holds it under its first name

    def param(self, shapes: dict[tuple[int, ...], tuple[int, ...]]) -> Param:
        """Its record; equal `shapes` are one object."""
        shape = tuple(self.tensor.shape)
        return Param(
            name=self.names[0],
            shape=shapes.setdefault(shape, shape),
            dtype=DTYPE_NAMES[self.tensor.dtype],
            trainable=self.tensor.requires_grad and not self.buffer,
            buffer=self.buffer,
            aliases=tuple(self.names[1:]),
            module=self.holder,
        )


@dataclass
class Survey:
    """The submodules and state of one network.

    Attributes:
        root: the network.
        paths: every module once, with the first path under which it is found; the network itself is "".
        state: every parameter and buffer once, by the id() of the tensor; parameters first.
        packed: the weights that a quantised layer keeps in a packed form of its own, by the path of the module that holds them.
        is_lazy, is_sparse: whether some tensor of its state has no shape yet, or holds only some of its values.
    """

    root: nn.Module
    paths: dict[nn.Module, str] = field(default_factory=dict)
    state: dict[int, Held] = field(default_factory=dict)
    packed: dict[str, tuple[Param, ...]] = field(default_factory=dict)
    is_lazy: bool = False
    is_sparse: bool = False

    @staticmethod
    def of(module: nn.Module) -> "Survey":
        """Walks `module`; a module under several names is walked under each, so that tied state gets all its names."""
        survey = Survey(module)
        buffers: dict[int, Held] = {}
        for path, m in _walked(module):
            if survey.paths.setdefault(m, path) is path and isinstance(vars(m).get("_packed_params"), torch.ScriptObject):
                survey.packed[path] = _unpacked(path, m)
            if m._parameters:
                survey._add(survey.state, m._parameters, path, type(m).__name__)
            if m._buffers:
                survey._add(buffers, m._buffers, path, type(m).__name__)
        for key, held in buffers.items():
            if survey.state.setdefault(key, held) is not held:  # registered as both
                survey.state[key].names += held.names
        return survey

    def _add(self, state: dict[int, Held], tensors: Mapping[str, torch.Tensor | None], path: str, holder: str) -> None:
        inside = f"{path}." if path else ""
        for name, tensor in tensors.items():
            if tensor is not None:
                held = state.get(id(tensor))
                if held is None:
                    state[id(tensor)] = Held(tensor, [inside + name], state is not self.state, holder)
                    self.is_lazy |= is_lazy(tensor)
                    self.is_sparse |= tensor.layout is not torch.strided
                else:
                    held.names.append(inside + name)

    def holders(self) -> dict[str, str]:
        """Class names, by path, of the modules that hold a parameter themselves or in a module inside them."""
        types = {path: type(m).__name__ for m, path in self.paths.items()}
        holding: dict[str, str] = {}
        for path in (name.rpartition(".")[0] for held in self.state.values() if not held.buffer for name in held.names):
            while path and path not in holding and path in types:
                holding[path] = types[path]
                path = path.rpartition(".")[0]
        return {path: kind for path, kind in types.items() if path in holding}

    def params(self) -> tuple[Param, ...]:
        """The records of parameters, then of buffers."""
        shapes: dict[tuple[int, ...], tuple[int, ...]] = {}
        return (
            *(held.param(shapes) for held in self.state.values()),
            *(param for params in self.packed.values() for param in params),
        )


def _unpacked(path: str, module: nn.Module) -> tuple[Param, ...]:
    """Weight and bias inside the packed form; what cannot be learned any more is no less a parameter."""
    tensors = zip(("weight", "bias"), vars(module)["_packed_params"].unpack(), strict=False)
    return tuple(
        Param(f"{path}.{name}".lstrip("."), tuple(t.shape), DTYPE_NAMES[t.dtype], trainable=False, module=type(module).__name__)
        for name, t in tensors
        if t is not None
    )


def has_forward(module: nn.Module) -> bool:
    """Whether a module can be run: containers and networks whose parts are run one by one have no forward of their own."""
    return getattr(module.forward, "__func__", None) is not getattr(nn.Module, "forward", None)


_MOST_NAMES = 64  # of one module: twice the same in twice the same in ... has as many names as there are ways down


def _walked(root: nn.Module) -> list[tuple[str, nn.Module]]:
    """Every module under each of its paths, parents before children, as `named_modules` lists them."""
    found: list[tuple[str, nn.Module]] = []
    names: Counter[int] = Counter()
    waiting: list[tuple[str, nn.Module, tuple[nn.Module, ...]]] = [("", root, ())]
    while waiting:
        path, module, above = waiting.pop()
        if names[id(module)] >= _MOST_NAMES:
            continue
        names[id(module)] += 1
        found.append((path, module))
        if children := module._modules:
            inside, prefix = (*above, module), f"{path}." if path else ""
            below = [(prefix + name, m, inside) for name, m in children.items() if m is not None and m not in inside]
            waiting += below[::-1]
    return found
