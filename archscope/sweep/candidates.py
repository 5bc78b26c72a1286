"""A generator of one's own as the list of work: `net.py:candidates` yields what to look at, one by one.

It may yield
    "timm:resnet18"                                    a name
    ("net.py:Net", {"width": 32})                      a name and constructor arguments
    {"name": "net.py:Net", "options": {"width": 32}, "input": (3, 64, 64), "batch": 8}     the arguments of `archscope.look`
    Net(32)                                            a module; with its own `example_input_shape`, or --input
    (Net(32), {"width": 32})                           a module, and values for columns of the result
Python's, numpy's and torch's random numbers are seeded before it begins, so that it yields the same again.
"""

import pickle
import random
import sys
from collections.abc import Iterator, Mapping
from itertools import count, product
from typing import Any

from archscope.errors import UsageError
from archscope.sweep.grid import Grid
from archscope.sweep.specification import Shapes, Spec

_KEYS = ("name", "input", "batch", "dtype", "mode", "options")


def candidates(word: str, grid: Grid, seed: int) -> Iterator[Spec]:
    """The specs that a generator yields, each at every input, batch and dtype of the grid.

    Arguments:
        word: `net.py:candidates` or `package.module:candidates`.
        grid: its arguments, one value each, are those of the generator.

    Raises `UsageError` for what cannot be a candidate, `ArchscopeError` where the generator raises.
    """
    import torch

    from archscope.models.source import checked, guarded
    from archscope.models.sources.python import found

    make = found(word)
    options = checked(word, make, {name: values[0] for name, values in grid.arguments.items()})
    _seeded(seed)
    circumstances = tuple(product(grid.inputs, grid.batches, grid.dtypes))
    numbers = count()
    with torch.device("meta"):
        items = iter(guarded(word, lambda: make(**options)))
    for position in count():
        with torch.device("meta"):
            item = guarded(word, lambda: next(items, _END))
        if item is _END:
            return
        for input, batch, dtype in circumstances:
            yield _spec(word, position, next(numbers), item, Spec(0, "", input, batch, dtype, grid.mode))


_END = object()


def _seeded(seed: int) -> None:
    import torch

    random.seed(seed)
    torch.manual_seed(seed)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(seed)


def _spec(word: str, position: int, index: int, item: Any, base: Spec) -> Spec:
    from torch import nn

    what, options = item if isinstance(item, tuple) and len(item) == 2 and isinstance(item[1], Mapping) else (item, {})
    if isinstance(what, str):
        what = {"name": what, "options": options}
    if isinstance(what, Mapping):
        return _from_words(word, position, index, what, base)
    if isinstance(what, nn.Module):
        return _from_module(word, position, index, what, dict(options), base)
    raise UsageError(
        f"{word} yielded {type(what).__name__} at {position}, which is no network",
        'yield a name, ("net.py:Net", {"width": 32}), a mapping with a name, or a module',
    )


def _from_words(word: str, position: int, index: int, item: Mapping[str, Any], base: Spec) -> Spec:
    for key in item:
        if key not in _KEYS:
            raise UsageError(f"{word} yielded the key '{key}' at {position}", f"a candidate has: {', '.join(_KEYS)}")
    if not isinstance(item.get("name"), str):
        raise UsageError(f"{word} yielded a mapping without a name at {position}", f"a candidate has: {', '.join(_KEYS)}")
    return Spec(
        index, item["name"], _shapes(item["input"]) if item.get("input") else base.input, int(item.get("batch", base.batch)),
        str(item.get("dtype", base.dtype)), str(item.get("mode", base.mode)), dict(item.get("options") or {}),
    )  # fmt: skip


def _from_module(word: str, position: int, index: int, module: Any, options: dict[str, Any], base: Spec) -> Spec:
    own = getattr(module, "example_input_shape", None)
    input = base.input or (_shapes(own) if own else ())
    refused, data = "", None
    if not input:
        refused = "its input is not known; say its shape without the batch: --input 3x224x224"
    else:
        try:
            data = pickle.dumps(module)
        except Exception as error:  # pickling runs code of the module's own
            refused = f"it cannot be sent to another process: {str(error).splitlines()[0]}; yield its name and arguments instead"
    home = word.rpartition(":")[0]
    return Spec(
        index, f"{word}[{position}]", input, base.batch, base.dtype, base.mode, options, data,
        home if home.endswith(".py") else "", refused,
    )  # fmt: skip


def _shapes(value: Any) -> Shapes:
    if all(isinstance(size, int) for size in value):
        return (tuple(value),)
    return tuple(tuple(shape) for shape in value)
