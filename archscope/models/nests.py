"""Arguments of a forward from single inputs: a name may say where in a nest of lists and dicts the input stands.

ids             the argument itself
cond.size       the entry "size" of a dict
pair.0          the first of a list
layers[3]       a list of three such
images[]        a list with one for each example, without a batch
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from archscope.graph.input_spec import InputSpec

_LIST = re.compile(r"\[(\d*)\]$")


def argument(name: str) -> str:
    """The parameter of forward that an input is for."""
    return re.split(r"[.\[]", name)[0]


def nested(specs: Iterable[InputSpec], make: Callable[[InputSpec, tuple[int, ...]], Any], batch: int) -> dict[str, Any]:
    """Arguments by name.

    Arguments:
        make: gives the tensor of an input, or what else it is, in a shape.
    """
    found: dict[str, Any] = {}
    for spec in specs:
        listed = _LIST.search(spec.name)
        path = _LIST.sub("", spec.name).split(".")
        if listed is None:
            value = make(spec, spec.batched(batch))
        elif listed[1]:
            value = [make(spec, spec.batched(batch)) for _ in range(int(listed[1]))]
        else:
            value = [make(spec, tuple(spec)) for _ in range(batch)]
        _put(found, path, value)
    return {name: _lists(value) for name, value in found.items()}


def _put(into: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        into = into.setdefault(part, {})
    into[path[-1]] = value


def _lists(value: Any) -> Any:
    """The nest, with a list where the keys of a dict are numbers."""
    if not isinstance(value, dict):
        return value
    inside = {key: _lists(one) for key, one in value.items()}
    return list(inside.values()) if all(key.isdecimal() for key in inside) else inside
