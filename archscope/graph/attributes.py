"""The attributes of an operator run in the field's own words: kernel, stride, padding, dilation, groups, transposed ... No torch.

The dispatcher hands over values by position and leaves out trailing defaults; here they get their names, one shape (a list with
one value per axis) and their defaults, so that a reader of the Graph meets one form only.
"""

from collections.abc import Callable, Mapping
from typing import Any

Shape = tuple[int, ...]
Reader = Callable[[Mapping[str, Any], list[Shape]], dict[str, Any]]


def per_axis(value: Any, axes: int) -> list[int]:
    """One value per axis, from a number, a list of one, or a list of them all: (3, 2) -> [3, 3]."""
    values = [value] if isinstance(value, int) else list(value or ())
    return values * axes if len(values) == 1 else values


def _convolution(named: Mapping[str, Any], shapes: list[Shape]) -> dict[str, Any]:
    # shapes: input [n, c, *hw], weight [k, c / groups, *rs] (transposed: [c, k / groups, *rs])
    kernel = list(shapes[1][2:])
    axes = len(kernel)
    return {
        "kernel": kernel,
        "stride": per_axis(named.get("stride", 1), axes),
        "padding": per_axis(named.get("padding", 0), axes),
        "dilation": per_axis(named.get("dilation", 1), axes),
        "groups": named.get("groups", 1),
        "transposed": bool(named.get("transposed", False)),
    }


def _pool(axes: int) -> Reader:
    def read(named: Mapping[str, Any], shapes: list[Shape]) -> dict[str, Any]:
        kernel = per_axis(named["kernel_size"], axes)
        return {
            "kernel": kernel,
            "stride": per_axis(named.get("stride") or kernel, axes),
            "padding": per_axis(named.get("padding", 0), axes),
            "dilation": per_axis(named.get("dilation", 1), axes),
            "ceil_mode": bool(named.get("ceil_mode", False)),
        }

    return read


_READERS: dict[str, Reader] = {
    "aten.convolution": _convolution,
    "aten._convolution": _convolution,
    **{
        f"aten.{kind}_pool{axes}d{rest}": _pool(axes)
        for axes in (1, 2, 3)
        for kind in ("max", "avg")
        for rest in ("", "_with_indices")
    },
    "aten.deform_conv2d": _convolution,
}

# What the readers above do not name is kept under the schema's own name.
_RENAMED = {"kernel_size": "kernel"}


def reader(op: str) -> Reader | None:
    """The function that gives the attributes of this operator their one form; None where the schema's own names will do."""
    return _READERS.get(op)


def fits(attrs: Mapping[str, Any]) -> bool:
    """Whether what there is of a window (kernel, stride, padding, dilation) has one whole number for each of the same axes."""
    kernel = attrs.get("kernel")
    if not isinstance(kernel, list):
        return True
    given = [attrs[name] for name in ("kernel", "stride", "padding", "dilation") if attrs.get(name)]
    lists = [value for value in given if isinstance(value, list)]
    return all(len(v) == len(kernel) and all(type(size) is int and abs(size) < _FAR for size in v) for v in lists)


_FAR = 2**31


def own_name(name: str) -> str:
    """The field's word for a name in a schema: "kernel_size" -> "kernel"."""
    return _RENAMED.get(name, name)
