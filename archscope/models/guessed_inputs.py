"""What a parameter may take of which neither the tables nor a plain line of documentation tell: its annotation says that it is a
number or a list, its name that it counts or numbers something. Tried only where a network does not run with what is known.
"""

import inspect
import re
from collections.abc import Iterator

from torch import nn

from archscope.graph.input_spec import PYTHON, InputSpec
from archscope.models.documented_inputs import GRID, by_name, size_of
from archscope.models.hf_sizes import Sizes
from archscope.models.input_changes import Given

_NEVER = re.compile(r"labels?$|^(output_|return_|use_|past_|cache|interpolate|head_mask)|_cache$|_outputs$")


def guessed(module: nn.Module, sizes: Sizes) -> dict[str, list[Given]]:
    """By parameter what it may be given, the likeliest first."""
    parameters = inspect.signature(module.forward).parameters.values()
    may = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL) and not _NEVER.search(p.name)]
    found = {p.name: [tuple(spec.called(f"{p.name}{spec.name}") for spec in given) for given in _of(p, sizes)] for p in may}
    return {name: given for name, given in found.items() if given}


def takes_list(parameter: inspect.Parameter) -> bool:
    """Whether its annotation says that it takes a list of tensors, and nothing else."""
    return re.match(r"(typing\.)?list\[.*Tensor", str(parameter.annotation), re.IGNORECASE) is not None


def switches(module: nn.Module) -> dict[str, list[Given]]:
    """The parameters that are True or False, for an error that names one."""
    parameters = inspect.signature(module.forward).parameters.values()
    told = [p.name for p in parameters if re.search(r"\bbool\b", str(p.annotation)) or p.name.startswith("use_")]
    return {name: [(_python(value).called(name),) for value in (False, True)] for name in told}


def _of(parameter: inspect.Parameter, sizes: Sizes) -> Iterator[Given]:
    name, kind, needed = parameter.name, str(parameter.annotation), parameter.default is parameter.empty
    if re.search(r"\bint\b", kind) and "Tensor" not in kind and "list" not in kind.lower():
        yield (_python(size_of(name, sizes)),)
    elif takes_list(parameter):
        yield from _lists(sizes)
    elif kind.startswith("dict") and "kv" in name:
        yield tuple(_keys_and_values(sizes))
    elif "pixel_values" in name:
        yield (_patches_channels_last(sizes),)
    elif re.search(r"(^|_)(time_?steps?|sigma)$", name):
        yield (InputSpec(()),)
    elif re.search(r"(_|^)(ids?|idx|indices|index|codes?|tokens?)$", name) or ("LongTensor" in kind and "mask" not in name):
        yield (InputSpec((sizes.tokens,), "int64"),)
    elif needed or by_name(name, sizes):
        yield from ((spec,) for spec in by_name(name, sizes) or _anything(sizes))


def _anything(sizes: Sizes) -> list[InputSpec]:
    tokens, width = sizes.tokens, sizes.width
    return [InputSpec((tokens, width)), InputSpec((width,)), InputSpec((tokens,), "int64"), InputSpec(())]


def _lists(sizes: Sizes) -> Iterator[Given]:
    """One map, or three of which each has half the sides of the one before; or sequences."""
    width = sizes.width
    yield (InputSpec((width, GRID, GRID), name="[1]"),)
    yield tuple(InputSpec((width, side, side), name=f".{at}") for at, side in enumerate((4 * GRID, 2 * GRID, GRID)))
    yield (InputSpec((sizes.tokens, width), name="[1]"),)


def _keys_and_values(sizes: Sizes) -> Iterator[InputSpec]:
    """Of each kind of layer, as another network has left them."""
    heads = sizes.of_layers("num_key_value_heads", sizes.first("num_attention_heads", default=1))
    for kind, wide in sizes.of_layers("head_dim", sizes.width).items():
        yield from (InputSpec((heads[kind], sizes.tokens, wide), name=f".{kind}.{place}") for place in (0, 1))


def _patches_channels_last(sizes: Sizes) -> InputSpec:
    """An image as a row of patches, each of some frames."""
    patch, frames = sizes.first("patch_size", default=16), sizes.first("temporal_patch_size", default=1)
    return InputSpec((GRID * GRID, frames, patch, patch, sizes.channels), packed=True)


def _python(value: object) -> InputSpec:
    """An input that is no tensor."""
    return InputSpec((), PYTHON, values=(value,))
