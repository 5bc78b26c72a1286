"""What a module holds: its submodules by path, its parameters and buffers by name. Walked once, read often."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec
import torch
from torch import nn
from torch.nn.parameter import is_lazy

from archscope.graph import Param
from archscope.tracing.tensor_identity import DTYPE_NAMES


@dataclass
class Survey:
    """The submodules and state of one network.

    Attributes:
        root: the network.
        paths: every module once, with the first path under which it is found; the network itself is "".
        state: every parameter and buffer once; parameters first.
        params: their records in the same order, by the id() of the tensor.
        packed: the weights that a quantised layer keeps in a packed form of its own, by the path of the module that holds them.
        is_lazy, is_sparse: whether some tensor of its state has no shape yet, or holds only some of its values.
    """

    root: nn.Module
    paths: dict[nn.Module, str] = field(default_factory=dict)
    state: list[torch.Tensor] = field(default_factory=list)
    params: dict[int, Param] = field(default_factory=dict)
    packed: dict[str, tuple[Param, ...]] = field(default_factory=dict)
    is_lazy: bool = False
    is_sparse: bool = False

    @staticmethod
    def of(module: nn.Module) -> "Survey":
        """Walks `module`; a module under several names is walked under each, so that tied state gets all its names."""
        survey = Survey(module)
        buffers: list[torch.Tensor] = []
        records: dict[int, Param] = {}  # of the buffers
        shapes: dict[tuple[int, ...], tuple[int, ...]] = {}  # equal ones are one object
        for path, m in _walked(module, survey.paths):
            if isinstance(vars(m).get("_packed_params"), torch.ScriptObject) and survey.paths[m] is path:
                survey.packed[path] = _unpacked(path, m)
            if m._parameters:
                survey._add(m._parameters, survey.state, survey.params, shapes, path, type(m).__name__)
            if m._buffers:
                survey._add(m._buffers, buffers, records, shapes, path, type(m).__name__)
        for tensor, (key, record) in zip(buffers, records.items(), strict=True):
            if key in survey.params:  # registered as both
                survey.params[key] = _also(survey.params[key], (record.name, *record.aliases))
            else:
                survey.params[key] = record
                survey.state.append(tensor)
        return survey

    def _add(
        self, tensors: Mapping[str, torch.Tensor | None], state: list[torch.Tensor], records: dict[int, Param],
        shapes: dict[tuple[int, ...], tuple[int, ...]], path: str, holder: str,
    ) -> None:  # fmt: skip
        inside, buffer = f"{path}." if path else "", records is not self.params
        for name, tensor in tensors.items():
            if tensor is None:
                continue
            key = id(tensor)
            if key in records:
                records[key] = _also(records[key], (inside + name,))
                continue
            state.append(tensor)
            shape: tuple[int, ...] = ()
            if type(tensor) not in _PLAIN and is_lazy(tensor):
                self.is_lazy = True
            else:
                shape = tuple(tensor.shape)
                shape = shapes.setdefault(shape, shape)
            if tensor.layout is not _STRIDED:
                self.is_sparse = True
            trainable = not buffer and tensor.requires_grad
            records[key] = Param(inside + name, shape, DTYPE_NAMES[tensor.dtype], trainable, buffer, (), holder)

    def params_of(self, state: list[torch.Tensor]) -> Mapping[int, Param]:
        """The records by the id() of the tensors that stand in the place of its own."""
        return self.params if state is self.state else dict(zip(map(id, state), self.params.values(), strict=True))

    def records(self) -> tuple[Param, ...]:
        """The records of parameters, then of buffers."""
        return (*self.params.values(), *(param for params in self.packed.values() for param in params))

    def idle(self, ran: Collection[str]) -> dict[str, str]:
        """Class names, by path, of the modules not among those that `ran` that hold a parameter, themselves or in a module inside
        them.
        """
        return {path: type(m).__name__ for m, path in self.paths.items() if path not in ran and _holds(m)}


_PLAIN = {torch.Tensor, nn.Parameter}
_STRIDED = torch.strided


def _also(param: Param, names: tuple[str, ...]) -> Param:
    return msgspec.structs.replace(param, aliases=(*param.aliases, *names))


def _holds(module: nn.Module) -> bool:
    """Whether a module, or one inside it, has a parameter."""
    seen, waiting = {id(module)}, [module]
    while waiting:
        m = waiting.pop()
        if any([p is not None for p in m._parameters.values()]):
            return True
        inside = [child for child in m._modules.values() if child is not None and id(child) not in seen]
        seen.update(map(id, inside))
        waiting += inside
    return False


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


def _walked(root: nn.Module, paths: dict[nn.Module, str]) -> Iterator[tuple[str, nn.Module]]:
    """Every module under each of its paths, parents before children, as `named_modules` lists them; the first of each is noted in
    `paths`.
    """
    names: dict[int, int] = {}  # of a module that has several, their number so far
    waiting: list[tuple[str, nn.Module, tuple[nn.Module, ...]]] = [("", root, ())]
    while waiting:
        path, module, above = waiting.pop()
        if paths.setdefault(module, path) is not path:
            names[id(module)] = met = names.get(id(module), 1) + 1
            if met > _MOST_NAMES:
                continue
        yield path, module
        if children := module._modules:
            inside, prefix = (*above, module), f"{path}." if path else ""
            below = [(prefix + name, m, inside) for name, m in children.items() if m is not None and m not in inside]
            waiting += below[::-1]
