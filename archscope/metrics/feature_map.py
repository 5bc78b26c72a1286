"""What one place of the last feature map sees of the input."""

from typing import TYPE_CHECKING

from archscope.graph import Graph
from archscope.metrics.metric import metric
from archscope.values import WHOLE_INPUT, Absent, Whole

if TYPE_CHECKING:
    from archscope.metrics.receptive_fields import Field

_DISTILL = "Araujo, Norris and Sim 2019, Distill, doi:10.23915/distill.00021"
NO_AXES = Absent("the network's input has no spatial axes")
_NO_PLACES = Absent("no tensor has places of its own")
_NOT_TOLD = Absent("an operator without a rule moved the places of the last feature map, which all see the whole input")


def last_feature_map(graph: Graph) -> "tuple[int, Field] | Absent":
    """The last tensor that still has places of its own, more than one along some spatial axis: (tensor id, axes).

    Where an operator without a rule makes unknown whether there is one, or what it sees, that is the answer.
    """
    from archscope.metrics.receptive_fields import feature_maps  # with all rules: where somebody asks

    if not any(len(shape) > 2 for shape in graph.shapes(graph.inputs)):
        return NO_AXES
    tensor, field = next(feature_maps(graph), (0, _NO_PLACES))
    return field if isinstance(field, Absent) else (tensor, field)


@metric(unit="px", title="field", source=_DISTILL)
def receptive_field(graph: Graph) -> int | Whole | Absent:
    """Input positions that one place of the last feature map depends on, along the larger axis, not cut at the border. "whole
    input" where an operator mixes all places: attention over tokens, squeeze-and-excitation.
    """
    found = last_feature_map(graph)
    if isinstance(found, Absent):
        return found
    sizes = [axis.size for axis in found[1]]
    return WHOLE_INPUT if WHOLE_INPUT in sizes else max(size for size in sizes if isinstance(size, int))


@metric(unit="px", title="stride", source=_DISTILL)
def effective_stride(graph: Graph) -> int | float | Absent:
    """Input positions between neighbouring places of the last feature map, along the larger axis: less than 1 where it is larger
    than the input.
    """
    found = last_feature_map(graph)
    if isinstance(found, Absent):
        return found
    strides = [axis.stride for axis in found[1] if axis.places > 1]
    if not strides:
        return _NOT_TOLD
    stride = max(strides)
    return int(stride) if stride == int(stride) else float(stride)
