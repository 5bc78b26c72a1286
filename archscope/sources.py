"""Words -> Model: "inception_v4", "timm:resnet50", "net.py:Net" become a module and its example inputs.

    inception_v4             a network of archscope's own (see `archscope list`)
    torchvision:resnet50     a builder of torchvision.models, without weights
    timm:convnext_tiny       a model of timm, without weights
    net.py:Net               a class or function in a Python file
    package.module:Net       the same in an installed package

Models are built on the meta device (no memory, no arithmetic) unless another device is asked for.
"""

import contextlib
import copy
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import nn

from archscope import units
from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph
from archscope.registry import Registry, unknown
from archscope.tracer import trace
from archscope.weightless import Weightless, needs_values

T = TypeVar("T")
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """A network ready to be traced or timed.

    Attributes:
        name: "inception_v4"; for other sources what stands behind the prefix.
        module: the network.
        shapes: of one example of each input, without the batch: ((3, 299, 299),).
        usual: the shapes that it is made for, whatever was asked for; empty where that is not known.
        variant: which of the networks of this name it is, in one line.
        source: the words that load it again.
        options: constructor arguments that were given.
    """

    name: str
    module: nn.Module
    shapes: tuple[tuple[int, ...], ...]
    variant: str = ""
    source: str = ""
    options: Options = field(default_factory=dict)
    usual: tuple[tuple[int, ...], ...] = ()

    def inputs(self, batch: int = 1, dtype: str = "float32", device: str = "meta") -> tuple[torch.Tensor, ...]:
        """Example inputs: [batch, *shape] each; random numbers on a real device, token ids where the dtype is an integer."""
        kind = torch_dtype(dtype)
        where = torch.device(device)
        if any(batch * prod(shape) * kind.itemsize >= 2**63 for shape in self.shapes):
            sizes = " and ".join(units.shape((batch, *shape)) for shape in self.shapes)
            raise UsageError(f"no machine can address an input of {sizes}", "give a smaller --input or --batch")
        if where.type == "meta":
            return tuple(torch.empty(batch, *shape, dtype=kind, device=where) for shape in self.shapes)
        if not kind.is_floating_point:
            return tuple(torch.zeros(batch, *shape, dtype=kind, device=where) for shape in self.shapes)
        return tuple(torch.randn(batch, *shape, device=where).to(kind) for shape in self.shapes)

    def trace(self, batch: int = 1, dtype: str = "float32", mode: str = "eval") -> Graph:
        """One forward of it as a Graph. Raises `TraceError` when the forward raises."""
        module = self.module
        kind = torch_dtype(dtype)
        if kind.is_floating_point and kind is not torch.float32:  # float32 leaves a network of mixed dtypes as it is
            module = copy.deepcopy(module).to(kind)
        return trace(module, *self.inputs(batch, dtype), name=self.name, mode=mode, variant=self.variant, source=self.source)


def torch_dtype(name: str) -> torch.dtype:
    """`"bfloat16"` -> `torch.bfloat16`; raises `UsageError` with the choices for anything that is not a dtype."""
    value = getattr(torch, name, None)
    if not isinstance(value, torch.dtype):
        raise unknown("dtype", name, "float32 float64 float16 bfloat16 int64 int32 int8 uint8".split(), list_all=True)
    return value


Loader = Callable[[str, Options], Model]
SOURCES: Registry[Loader] = Registry("model source")


def source(prefix: str) -> Callable[[Loader], Loader]:
    """Registers a loader for names that begin with `prefix:`."""
    return SOURCES.register(prefix)


def load(
    name: str, *, input: Sequence[Sequence[int]] | Sequence[int] | None = None, device: str = "meta", **options: Any
) -> Model:
    """Loads a model by name.

    Arguments:
        name: see the head of this module.
        input: shape of one example without the batch, or a list of such shapes for several inputs; the model's own if not given.
        device: "meta" builds it without weights; "cpu", "cuda", "mps" with freshly drawn ones.
        options: constructor arguments: `num_classes=10`.

    Raises `UsageError` for a name, option or shape that cannot be, `ArchscopeError` when the model cannot be built.

    >>> load("inception_v4").shapes
    ((3, 299, 299),)
    """
    try:
        where = torch.device(device)
    except RuntimeError:
        raise UsageError(f"unknown device '{device}'", "choose from meta, cpu, cuda, mps") from None
    try:
        with where:
            model = _built(name, options)
    except ArchscopeError as error:
        if where.type != "meta" or not needs_values(error.__cause__):
            raise
        with Weightless():
            model = _built(name, options)
    usual = model.shapes
    if input is None and not usual:
        raise UsageError(f"the input of {model.name} is not known", "say its shape without the batch: --input 3x224x224")
    shapes = usual if input is None else _shapes(input)
    return replace(model, shapes=shapes, usual=usual)


def _built(name: str, options: Options) -> Model:
    prefix, colon, rest = name.partition(":")
    if not colon:
        return _zoo(name, options)
    return SOURCES.find(prefix)(rest, options) if prefix in SOURCES else _python(name, options)


def _shapes(input: Sequence[Sequence[int]] | Sequence[int]) -> tuple[tuple[int, ...], ...]:
    one = [size for size in input if isinstance(size, int)]
    return (tuple(one),) if one else tuple(tuple(shape) for shape in input if not isinstance(shape, int))


def _zoo(name: str, options: Options) -> Model:
    from archscope.zoo import build, catalog

    entry = catalog.find(name)
    module = _guarded(entry.name, lambda: build(entry.name, **options))
    shape = tuple(entry.input)
    if "in_channels" in options:
        shape = (int(options["in_channels"]), *shape[1:])
    return Model(entry.name, module, (shape,), _varied(entry.variant, options), entry.name, dict(options))


def _varied(variant: str, options: Options) -> str:
    return f"{variant}; with {', '.join(f'{key}={value}' for key, value in options.items())}" if options else variant


@source("torchvision")
def _torchvision(name: str, options: Options) -> Model:
    models = _optional("torchvision.models", "torchvision")
    if name not in models.list_models():
        raise unknown("torchvision model", name, models.list_models())
    build = models.get_model_builder(name)
    # Backbone weights are a download too; only the detection and segmentation builders know that argument.
    extra = {"weights_backbone": None} if "weights_backbone" in inspect.signature(build).parameters else {}
    module = _guarded(name, lambda: build(weights=None, **extra, **_checked(name, build, options)))
    return Model(
        name,
        module,
        (_torchvision_input(models, name, module),) * (2 if name in models.list_models(module=models.optical_flow) else 1),
        _varied(f"torchvision's {name}", options),
        f"torchvision:{name}",
        dict(options),
    )


def _torchvision_input(models: Any, name: str, module: nn.Module) -> tuple[int, ...]:
    """The size that it is built for, or the crop size of its published weights; where there is neither, what its family uses."""
    with contextlib.suppress(ValueError, KeyError, StopIteration):
        weights = next(iter(models.get_model_weights(name)))
        size = getattr(weights.transforms(), "crop_size", [224])
        side: Any = getattr(module, "image_size", size[0] if isinstance(size, list) else size)
        frames = weights.meta.get("clip_len") or (16 if name in models.list_models(module=models.video) else None)
        return (3, frames, side, side) if frames else (3, side, side)
    built_for: Any = getattr(module, "image_size", 224)
    return (3, built_for, built_for)


@source("timm")
def _timm(name: str, options: Options) -> Model:
    timm = _optional("timm", "timm")
    if not timm.is_model(name):
        raise unknown("timm model", name, timm.list_models())
    module = _guarded(name, lambda: timm.create_model(name, pretrained=False, **options))
    shape = tuple(module.default_cfg.get("input_size", (3, 224, 224)))
    shape = (int(options.get("in_chans", shape[0])), *shape[1:])
    return Model(name, module, (shape,), _varied(f"timm's {name}", options), f"timm:{name}", dict(options))


def _python(name: str, options: Options) -> Model:
    """`net.py:Net` or `package.module:Net`: a class, a function that returns a module, or a module instance."""
    where, _, attribute = name.rpartition(":")
    if not where or not attribute:
        raise UsageError(f"'{name}' names no class or function", "write FILE.py:NAME or package.module:NAME")
    holder = _file(where) if where.endswith(".py") else _importable(where, name)
    public = [key for key, value in vars(holder).items() if callable(value) and not key.startswith("_")]
    if not hasattr(holder, attribute):
        raise unknown(f"name in {where}:", attribute, public)
    maker = getattr(holder, attribute)
    if isinstance(maker, nn.Module):
        module = maker
    elif callable(maker):
        module = _guarded(name, lambda: maker(**_checked(attribute, maker, options)))
    else:
        raise UsageError(
            f"{name} is {type(maker).__name__}, not a torch.nn.Module, a class of one, or a function that returns one"
        )
    if not isinstance(module, nn.Module):
        raise UsageError(f"{name} returned {type(module).__name__}, not a torch.nn.Module")
    shape = getattr(module, "example_input_shape", None)
    return Model(attribute, module, (tuple(shape),) if shape else (), _varied("", options).lstrip("; "), name, dict(options))


def _file(where: str) -> Any:
    path = Path(where)
    if not os.path.isfile(where):  # noqa: PTH113  Path.is_file raises for a name that is too long
        raise ArchscopeError(f"there is no file {where}", f"looked in {Path.cwd()}")
    name = f"archscope_file_{path.stem}"  # a file called random.py is not to take the place of Python's own
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickling look a class's module up by name
    with _beside(path.parent):
        _guarded(where, lambda: spec.loader.exec_module(module))  # type: ignore[union-attr]
    return module


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[None]:
    """A file may import its neighbours, as it may when Python runs it."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        sys.path.remove(entry)


def _importable(where: str, name: str) -> Any:
    try:
        with _beside(Path.cwd()):
            return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if error.name and where.split(".")[0] == error.name.split(".")[0]:
            prefixes = ", ".join(f"{prefix}:" for prefix in SOURCES)
            raise UsageError(
                f"'{name}': there is no module '{where}'", f"sources are {prefixes} FILE.py: and package.module:"
            ) from None
        raise ArchscopeError(f"{where} cannot be imported: {error}") from None


def _optional(module: str, package: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ArchscopeError(f"{package} is not installed", f"pip install {package}") from None


def _checked(name: str, build: Callable[..., Any], options: Options) -> Options:
    """The options, if `build` takes them; raises `UsageError` for one that it does not."""
    parameters = inspect.signature(build).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return options
    for key in options:
        if key not in parameters:
            raise UsageError(f"{name} has no argument '{key}'", f"it takes: {', '.join(parameters) or 'nothing'}")
    return options


def _guarded(name: str, run: Callable[[], T]) -> T:
    try:
        return run()
    except ArchscopeError:
        raise
    except Exception as error:
        lines = str(error).strip().splitlines()
        raise ArchscopeError(
            f"{name} cannot be built: {type(error).__name__}: {lines[0] if lines else ''}".rstrip(": ")
        ) from error
