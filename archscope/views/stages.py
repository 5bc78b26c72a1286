"""The stages of a network: its blocks by the resolution that they work at, with the stem before them and the head behind.

The unit is a block: a module with several layers whose class repeats, or a single layer where there are no such modules. A unit
belongs to the resolution that it hands on: a ResNet's first block of a stage and an Inception's reduction count to the stage
that they lead to.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from archscope.graph import Graph, Node, kinds, naming
from archscope.views.outline import signature

CONTAINERS = frozenset({"Sequential", "ModuleList", "ModuleDict", "Module"})
STEM, HEAD = "stem", "head"


@dataclass(frozen=True)
class Unit:
    """A block, a layer outside blocks, or an operator that a network runs itself.

    Attributes:
        path, type: of the module; of the operator's name where it is none.
        nodes: what ran in it.
        is_block: whether it is made of modules and has several convolutions, products with weights or recurrences.
        shape: of what it hands on.
        shrinks: input positions per output position along the larger axis.
    """

    path: str
    type: str
    nodes: tuple[Node, ...]
    is_block: bool
    shape: tuple[int, ...]
    shrinks: float


@dataclass(frozen=True)
class Stage:
    """The units at one resolution.

    Attributes:
        name: "stem", the resolution "35x35", or "head".
        number: 1 for the first stage behind the stem; 0 for the stem and for the head.
        resolution: of what the last unit hands on; () where it has no places.
        width: channels of it.
        units: in execution order, those without parameters and products left out.
        graph: their operators and parameters, a parameter that several stages share at the first of them only.
    """

    name: str
    number: int
    resolution: tuple[int, ...]
    width: int
    units: tuple[Unit, ...]
    graph: Graph = field(repr=False)

    @property
    def blocks(self) -> int:
        """How many of the units are blocks."""
        return sum(unit.is_block for unit in self.units)

    @property
    def structure(self) -> str:
        """`"ReductionA, 7 x InceptionB"`."""
        runs = [(kind, len(list(run))) for kind, run in groupby(unit.type for unit in self.units)]
        return ", ".join(kind if count == 1 else f"{count} x {kind}" for kind, count in runs)


def stages(graph: Graph) -> list[Stage]:
    """The stages in execution order. Their operators are all that have parameters or multiply-accumulates; together they have
    all of them.
    """
    found = [unit for unit in units(graph) if any(node.params or node.cost.macs for node in unit.nodes)]
    stem = _stem(graph, found)
    labelled = [(STEM if at < stem else _name(graph, unit), unit) for at, unit in enumerate(found)]
    made: list[Stage] = []
    placed: set[str] = set()
    number = 0
    for name, run in groupby(labelled, key=lambda pair: pair[0]):
        members = tuple(unit for _, unit in run)
        here = graph.select(node for unit in members for node in unit.nodes)
        own = tuple(param for param in here.params if param.name not in placed)
        placed.update(param.name for param in own)
        resolution, width = places(graph, members[-1].shape)
        number += name not in (STEM, HEAD)
        part = Graph(here.name, here.inputs, here.outputs, here.tensors, here.nodes, here.calls, own, here.meta)
        made.append(Stage(name, number if name not in (STEM, HEAD) else 0, resolution, width, members, part))
    return made


def units(graph: Graph) -> list[Unit]:
    """The network as a sequence of units: every operator is in exactly one."""
    return list(_opened(graph, 0)) if graph.calls else []


def _opened(graph: Graph, call: int) -> Iterator[Unit]:
    """The units inside a module that is more than a unit."""
    nodes = graph.inside(call)
    child_of = {inner: child for child in graph.children[call] for inner in range(child, graph.end(child))}
    for child, run in groupby(nodes, key=lambda node: child_of.get(node.call)):
        if child is None:
            for node in run:
                yield _unit(graph, graph.path(node), naming.word(graph, node), (node,), False)
        elif _opens(graph, child):
            yield from _opened(graph, child)
        else:
            yield _unit(graph, graph.calls[child].path, graph.calls[child].type, tuple(run), _is_block(graph, child))


def _opens(graph: Graph, call: int) -> bool:
    """Whether a module is a container, or holds several blocks of one class one after the other."""
    if not graph.children[call]:
        return False
    return graph.calls[call].type in CONTAINERS or (_holds_blocks(graph, call) and not _repeats(graph, call))


def _repeats(graph: Graph, call: int) -> bool:
    """Whether it stands among neighbours of its class of which two do the same: then it is a block itself, whatever it holds (an
    MLP-Mixer's has two MLPs).
    """
    siblings = graph.children[graph.calls[call].parent or 0]
    for _, run in groupby(siblings, key=lambda child: graph.calls[child].type):
        members = list(run)
        if call in members:
            return any(signature(graph, a) == signature(graph, b) for a, b in pairwise(members))
    return False


def _holds_blocks(graph: Graph, call: int) -> bool:
    """Whether a module, or a container in it, has several blocks of one class among its children. Branches have one each at
    most.
    """
    types = Counter(graph.calls[child].type for child in graph.children[call] if _is_block(graph, child))
    inner = (child for child in graph.children[call] if graph.calls[child].type in CONTAINERS)
    return any(count > 1 for count in types.values()) or any(_holds_blocks(graph, child) for child in inner)


def _is_block(graph: Graph, call: int) -> bool:
    """Whether a module is made of modules and has several layers."""
    made_of = bool(graph.children[call]) and graph.calls[call].type not in CONTAINERS
    return made_of and len(_layers(graph.inside(call))) > 1


def _layers(nodes: tuple[Node, ...]) -> list[Node]:
    return [node for node in nodes if node.params and kinds.kind(node) in kinds.WEIGHTED]


def _unit(graph: Graph, path: str, kind: str, nodes: tuple[Node, ...], is_block: bool) -> Unit:
    before = next((graph.tensors[t].shape for node in nodes for t in node.inputs), ())
    last = next((node for node in reversed(nodes) if node.outputs), None)
    after = graph.tensors[last.outputs[0]].shape if last is not None else ()
    wide, narrow = (max(places(graph, shape)[0], default=0) for shape in (before, after))
    return Unit(path, kind, nodes, is_block, after, wide / narrow if narrow else 1.0)


def places(graph: Graph, shape: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
    """Resolution and width of a tensor: `(1, 384, 35, 35)` -> `((35, 35), 384)`.

    Two equal sizes before a third are taken for channels last; three sizes for (batch, tokens, width), unless the network has
    windows along one axis. () where there are no places, or one.
    """
    if len(shape) == 3 and not is_signal(graph):
        return (shape[1:2], shape[2]) if shape[1] > 1 else ((), shape[2])
    if len(shape) < 3:
        return (), shape[-1] if shape else 1
    if len(shape) == 4 and shape[1] == shape[2] != shape[3] and shape[1] > 1:
        return shape[1:3], shape[3]
    resolution = shape[2:]
    return (resolution if max(resolution) > 1 else (), shape[1])


def is_signal(graph: Graph) -> bool:
    """Whether it convolves or pools along one axis; asked for every unit, and so kept beside the Graph's own look-ups."""
    known: dict[str, bool] = graph.__dict__
    if "is_signal" not in known:
        kernels = (node.attrs.get("kernel") for node in graph.nodes)
        known["is_signal"] = any(isinstance(kernel, list) and len(kernel) == 1 for kernel in kernels)
    return known["is_signal"]


def _name(graph: Graph, unit: Unit) -> str:
    resolution, _ = places(graph, unit.shape)
    if not resolution:
        return HEAD
    if len(unit.shape) == 3:
        return f"length {resolution[0]}" if is_signal(graph) else f"{resolution[0]} tokens"
    return "x".join(map(str, resolution))


def _stem(graph: Graph, found: list[Unit]) -> int:
    """How many leading units come before the first block; a module that shrinks the map more than by half is no block of one
    resolution.
    """
    for at, unit in enumerate(found):
        if unit.is_block and unit.shrinks < 3:
            return at
    return 0
