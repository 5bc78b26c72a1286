"""What one place of the last feature map sees of the input."""

from archscope.graph import Graph
from archscope.metrics.metric import metric
from archscope.metrics.receptive_fields import Axis, receptive_fields
from archscope.metrics.values import Absent, Whole

_NONE = Absent("no tensor has places of its own")


def last_feature_map(graph: Graph) -> tuple[int, tuple[Axis, ...]] | None:
    """The last tensor that still has places of its own, more than one along some spatial axis: (tensor id, axes)."""
    # Two metrics ask, and to follow the fields takes as long as all other metrics together: once per Graph, as its properties.
    kept = vars(graph)
    if "_last_feature_map" not in kept:
        kept["_last_feature_map"] = _found(graph)
    found: tuple[int, tuple[Axis, ...]] | None = kept["_last_feature_map"]
    return found


def _found(graph: Graph) -> tuple[int, tuple[Axis, ...]] | None:
    fields = receptive_fields(graph)
    for node in reversed(graph.nodes):
        for tensor in node.outputs:
            shape = graph.tensors[tensor].shape
            if any(axis.dim >= 0 and shape[axis.dim] > 1 for axis in fields.get(tensor, ())):
                return tensor, fields[tensor]
    return None


_DISTILL = "Araujo, Norris and Sim 2019, Distill, doi:10.23915/distill.00021"


@metric(unit="px", title="field", source=_DISTILL)
def receptive_field(graph: Graph) -> int | Whole | Absent:
    """Input positions that one place of the last feature map depends on, along the larger axis."""
    found = last_feature_map(graph)
    return max(axis.size for axis in found[1]) if found else _NONE


@metric(unit="px", title="stride", source=_DISTILL)
def effective_stride(graph: Graph) -> int | Absent:
    """Input positions between neighbouring places of the last feature map, along the larger axis."""
    found = last_feature_map(graph)
    return int(max(axis.stride for axis in found[1])) if found else _NONE
