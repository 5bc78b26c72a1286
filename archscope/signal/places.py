"""Graph -> where to look: the places along the depth, each with the operator that writes what it hands on and with its residual
sum. No torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph, Node, kinds
from archscope.views.layers import layers
from archscope.views.residual_sums import ResidualSum, residual_sums
from archscope.views.stages import Unit, stages, units

BY = ("layer", "block", "stage")


@dataclass(frozen=True)
class Spot:
    """A place to look at.

    Attributes:
        path, type, stage, depth: as in `records.Place`.
        writer: the operator whose first result is what the place hands on.
        axis: of the channels in it.
        sum: the last residual sum inside; None where there is none.
        weights: names of the parameters that its operators read.
        modules: paths of the modules that ran a layer's operators; () for more than a layer.
    """

    path: str
    type: str
    stage: str
    depth: int
    writer: Node
    axis: int
    sum: ResidualSum | None
    weights: tuple[str, ...]
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Part:
    path: str
    type: str
    nodes: tuple[Node, ...]
    is_layer: bool = False


def spots(graph: Graph, by: str = "block", depth: int | None = None) -> list[Spot]:
    """The places in execution order: those with parameters or products, and in layers also the residual sums.

    Arguments:
        by: "layer": each with the normalisation and activation function behind it; "block": modules that repeat, and the layers
            outside them; "stage": the blocks at one resolution.
        depth: module runs at this level of the tree instead.

    Raises `UsageError` for another word, `ArchscopeError` where there is nothing to look at.
    """
    if by not in BY:
        raise UsageError(f"unknown --by '{by}'", f"choose from {', '.join(BY)}")
    parts = _by_depth(graph, depth) if depth is not None else {"layer": _layers, "block": _blocks, "stage": _stages}[by](graph)
    sums = {found.node.id: found for found in residual_sums(graph)}
    stage = {node.id: stage.name for stage in stages(graph) for node in stage.graph.nodes}
    weighted = _weighted_so_far(graph)
    found: list[Spot] = []
    for part in parts:
        inside = [sums[node.id] for node in part.nodes if node.id in sums]
        writer = next((node for node in reversed(part.nodes) if _writes(graph, node)), None)
        counts = any(node.params or node.cost.macs for node in part.nodes) or inside
        if writer is None or not counts:
            continue
        where = next((stage[node.id] for node in reversed(part.nodes) if node.id in stage), found[-1].stage if found else "stem")
        axis = channel_axis(graph, graph.tensors[writer.outputs[0]].shape)
        names = (name for node in part.nodes for name in node.params if not graph.param[name].buffer)
        found.append(
            Spot(
                part.path, part.type, where, weighted[writer.id], writer, axis,
                inside[-1] if inside else None, tuple(dict.fromkeys(names)),
                tuple(dict.fromkeys(map(graph.path, part.nodes))) if part.is_layer else (),
            )
        )  # fmt: skip
    if not found:
        raise ArchscopeError(f"{graph.name} has no layer with weights to look at", "name a network that has some")
    return found


def channel_axis(graph: Graph, shape: Sequence[int]) -> int:
    """Which axis of an activation is the channels: the second, or the last of (batch, tokens, width) and of channels-last maps.

    Two equal sizes before a third are taken for channels last, as in `stages`.
    """
    if len(shape) == 3:
        one_axis = any(isinstance(k := node.attrs.get("kernel"), list) and len(k) == 1 for node in graph.nodes)
        return 1 if one_axis else 2
    if len(shape) == 4 and shape[1] == shape[2] != shape[3] and shape[1] > 1:
        return 3
    return min(1, len(shape) - 1)


def _writes(graph: Graph, node: Node) -> bool:
    """Whether it writes an activation that is not only another view of one."""
    if not node.outputs or kinds.kind(node) == kinds.RESHAPE:
        return False
    tensor = graph.tensors[node.outputs[0]]
    return len(tensor.shape) > 1 and tensor.dtype.startswith(("float", "bfloat"))


def _weighted_so_far(graph: Graph) -> dict[int, int]:
    """Layers with weights that have run, by the id of the operator that has just run."""
    done, found = 0, {}
    for node in graph.nodes:
        done += bool(node.params) and kinds.kind(node) in kinds.WEIGHTED
        found[node.id] = done
    return found


def _layers(graph: Graph) -> Iterator[_Part]:
    for layer in layers(graph):
        yield _Part(layer.path, " + ".join(layer.words), tuple(layer.nodes), is_layer=True)


def _blocks(graph: Graph) -> Iterator[_Part]:
    """The blocks; outside them the layers, so that an activation function stands with its layer wherever it is called."""
    owner: dict[int, Unit] = {node.id: unit for unit in units(graph) if unit.is_block for node in unit.nodes}
    done: set[int] = set()
    for part in _layers(graph):
        block = owner.get(part.nodes[0].id)
        if block is None:
            yield part
        elif id(block) not in done:
            done.add(id(block))
            yield _Part(block.path, block.type, block.nodes)


def _stages(graph: Graph) -> Iterator[_Part]:
    """The stages, each with the operators without weights that follow its last block."""
    found = stages(graph)
    first = [stage.graph.nodes[0].id for stage in found]
    parts = list(_blocks(graph))
    for at, stage in enumerate(found):
        end = first[at + 1] if at + 1 < len(found) else len(graph.nodes)
        inside = [part for part in parts if first[at] <= part.nodes[0].id < end]
        nodes = tuple(node for part in inside for node in part.nodes)
        if nodes:
            yield _Part(stage.name, stage.structure, nodes)


def _by_depth(graph: Graph, depth: int) -> Iterator[_Part]:
    """The module runs at one level, and the leaves above it."""
    level = [0] * len(graph.calls)
    for call in graph.calls[1:]:
        level[call.id] = level[call.parent or 0] + 1
    for call in graph.calls:
        here = level[call.id]
        if here == depth or (0 < here < depth and not graph.children[call.id]) or (here == 0 and not graph.children[0]):
            nodes = graph.inside(call.id)
            if nodes:
                yield _Part(call.path, call.type, nodes)
