"""What a picture of a network says, before anybody draws it: boxes, arrows, and blocks that are opened. No torch, no coordinates.

Everything in it comes from the trace: each operator is in one box of the overview, and the boxes' parameters and
multiply-accumulates add up to the network's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from archscope.graph import Graph
from archscope.metrics import params, written
from archscope.views.encoder_decoder import EncoderDecoder

INPUT, BLOCK, DOWNSAMPLING = "input", "block", "downsampling block"


@dataclass(frozen=True)
class Costs:
    """What a box costs, all repeats together. A parameter counts where it is first used, a piece of memory where it is first
    written.

    Attributes:
        params: learnable numbers.
        macs: multiply-accumulates.
        activations: elements written to memory and read again.
        uncounted: operators without a cost formula; more than 0 makes `macs` a lower bound.
    """

    params: int = 0
    macs: int = 0
    activations: int = 0
    uncounted: int = 0


@dataclass(frozen=True)
class Box:
    """One box.

    Attributes:
        id: its number in the picture, in topological order; 0 is the input of the network or block.
        label: "Inception-A", "3x3 conv, 96".
        mark: stride, padding and what is unusual: "/2 V".
        kind: decides the colour: "convolution", "pooling", "block" ...
        word: "conv", "concat", "add"; the class name of a block.
        count: how many equal blocks it stands for.
        equal: False where these have different widths.
        again: whether these are runs of the same modules.
        parallel: whether they stand beside each other.
        shape: what leaves it, channels last: "35x35x384".
        given: of the input's, where there are several: each by its name, "input_ids: 128 tokens".
        scale: factor of a residual sum's last summand.
        paths: of the modules in it: "inception_a.0", one for each repeat.
        nodes: ids of the operators in it.
        costs: of all of it.
        opens: number of the panel that shows what is inside; None for a layer.
    """

    id: int
    label: str
    kind: str
    word: str
    shape: str
    mark: str = ""
    count: int = 1
    equal: bool = True
    given: tuple[str, ...] = ()
    scale: float | None = None
    paths: tuple[str, ...] = ()
    nodes: tuple[int, ...] = ()
    costs: Costs = Costs()
    opens: int | None = None
    again: bool = False
    parallel: bool = False

    @property
    def leaves(self) -> tuple[str, ...]:
        """What leaves it, in words for a reader."""
        return self.given or ((self.shape,) if self.shape else ())

    @property
    def title(self) -> str:
        """The label with its count: "4 x Inception-A", "12 runs of Decoder", "6 parallel Expert"."""
        if self.again:
            return f"{self.count} runs of {self.label}"
        series = " + " in self.label or re.match(r"\d+ x ", self.label)
        several = series or (self.label[:1].isdigit() and self.opens is not None)
        label = f"({self.label})" if several else self.label
        return f"{self.count} {'parallel' if self.parallel else 'x'} {label}" if self.count > 1 else self.label


@dataclass(frozen=True)
class Condition:
    """What many boxes read beside what they work on: the embedding of a time step, a text, a mask.

    Attributes:
        mark: the letter that it is marked by: "a".
        name: what it is: "TimestepEmbedding", "input".
        shape: of it.
        source: the box that it comes from; None where that is outside of an opened block.
        readers: the boxes that read it.
        line: whether an arrow shows it too.
    """

    mark: str
    name: str
    shape: str
    source: int | None
    readers: tuple[int, ...]
    line: bool = False


@dataclass(frozen=True)
class Panel:
    """Boxes and the arrows between them.

    Attributes:
        title: of an opened block: "Inception-A".
        boxes: in topological order; the first is the input.
        edges: (box that is read, box that reads), once each, in the order in which a box reads.
        shapes: what goes in and what comes out of an opened block.
        conditions: what many boxes read beside what they work on; marked, and drawn without arrows unless said.
        beside: edges along which nothing but such conditions passes.
        given: what each box reads of the network's inputs, by id.
        parts: the encoder and the decoder, where it has them.
    """

    title: str
    boxes: tuple[Box, ...]
    edges: tuple[tuple[int, int], ...]
    shapes: tuple[str, str] = ("", "")
    conditions: tuple[Condition, ...] = ()
    beside: frozenset[tuple[int, int]] = frozenset()
    given: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    parts: EncoderDecoder | None = None

    @cached_property
    def flow(self) -> tuple[tuple[int, int], ...]:
        """The edges that are drawn as arrows."""
        return tuple(edge for edge in self.edges if edge not in self.beside)

    @cached_property
    def aside(self) -> frozenset[int]:
        """The boxes that only prepare conditions."""
        found: set[int] = set()
        for box in reversed(self.boxes):
            read = [edge for edge in self.edges if edge[0] == box.id]
            if box.id and read and all(edge in self.beside or edge[1] in found for edge in read):
                found.add(box.id)
        return frozenset(found)

    @cached_property
    def readers(self) -> Mapping[int, tuple[int, ...]]:
        """Boxes that read a box, by id."""
        return {box.id: tuple(b for a, b in self.edges if a == box.id) for box in self.boxes}


@dataclass(frozen=True)
class Picture:
    """A network at one level.

    Attributes:
        graph: what is shown.
        title: the network's name for readers.
        overview: the network as a chain of stages and blocks.
        panels: its distinct blocks, each opened once.
        usual: what stands behind most convolutions and so is not written on them: ("bn", "relu").
        alike: whether of blocks that differ in their sizes only one is opened.
    """

    graph: Graph
    title: str
    overview: Panel
    panels: tuple[Panel, ...]
    usual: tuple[str, str]
    alike: bool = False

    @property
    def failure(self) -> str:
        """Why the trace stopped early; "" if it did not."""
        failure = self.graph.meta.failure
        return "" if failure is None else f"{failure.path or failure.type}: {failure.error}"


def totals(graph: Graph) -> Costs:
    """What the whole network costs; parameters that did not run are not among them."""
    idle = sum(param.numel for param in graph.unused_params)
    return Costs(params(graph) - idle, graph.cost.macs, sum(written(graph).values()), graph.cost.unknown)
