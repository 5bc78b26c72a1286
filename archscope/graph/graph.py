"""The Graph: what one forward pass of a network did, operator by operator. Frozen records, read and written as JSON; no torch.

    Graph ── nodes    one operator run each, in execution order; their inputs are the edges
          ├─ calls    one run of a module each, a tree; every node belongs to the innermost call that ran it
          ├─ tensors  shape, dtype and storage of what the nodes read and wrote
          └─ params   parameters and buffers, each once, by name

Ids are positions: `graph.tensors[7]` is tensor 7, `graph.calls[0]` is the run of the whole network. Calls are numbered as they
begin, so a call and everything inside it are the ids from `call.id` up to `graph.end(call.id)`.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import msgspec

from archscope import units
from archscope.errors import ArchscopeError, UsageError
from archscope.graph import saved
from archscope.graph.columns import Calls, Columns, Nodes, Params, Tensors
from archscope.graph.look_ups import Readers, Writers
from archscope.graph.records import Batching, Call, Cost, Meta, Node, Param, Tensor, total
from archscope.graph.sequences import Lists
from archscope.graph.spelling import Spelling
from archscope.registry import unknown

LARGE = 10_000
"""Operators. A Graph of more is kept in columns, which take a sixth of the memory and longer to look at."""


class Graph(msgspec.Struct, frozen=True, dict=True):
    """A traced network. `archscope.trace` makes one; views, metrics and renderers are functions of it.

    Attributes:
        name: of the network: "inception_v4".
        inputs, outputs: tensor ids of what went in and came out.
        tensors, nodes, calls, params: see the module's head; of a large Graph in columns (`archscope.graph.columns`).
        meta: the circumstances of the trace.
        spelling: how the Python was spelled; None where the trace did not note it.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    tensors: Sequence[Tensor]
    nodes: Sequence[Node]
    calls: Sequence[Call]
    params: Sequence[Param]
    meta: Meta = Meta()
    spelling: Spelling | None = None

    # -- look-ups ---------------------------------------------------------------------------------------------------------------

    @cached_property
    def param(self) -> Mapping[str, Param]:
        """Parameters and buffers by name."""
        return self.params.by_name() if isinstance(self.params, Params) else {param.name: param for param in self.params}

    @cached_property
    def held(self) -> Mapping[str, tuple[Param, ...]]:
        """Parameters and buffers by the path of the module that holds them."""
        groups: dict[str, list[Param]] = {}
        for param in self.params:
            groups.setdefault(param.name.rpartition(".")[0], []).append(param)
        return {path: tuple(group) for path, group in groups.items()}

    @cached_property
    def producer(self) -> Mapping[int, Node]:
        """The node that wrote a tensor, by tensor id; inputs and constants have none."""
        return Writers(self.nodes, len(self.tensors))

    @cached_property
    def consumers(self) -> Mapping[int, tuple[Node, ...]]:
        """The nodes that read a tensor, by tensor id, in execution order."""
        return Readers(self.nodes, len(self.tensors))

    @cached_property
    def reads(self) -> Sequence[int]:
        """How many nodes read a tensor, by tensor id."""
        times = array("i", [0]) * len(self.tensors)
        for node in self.nodes:
            for tensor in set(node.inputs):
                times[tensor] += 1
        return times

    @property
    def input_names(self) -> tuple[str, ...]:
        """The name of each input; "" where it is not known, or the only one."""
        return self.meta.names if len(self.meta.names) == len(self.inputs) else ("",) * len(self.inputs)

    @property
    def batch(self) -> int:
        """How many examples the forward has: by the first dimension of the first input that has one, unless it is told."""
        told = self.meta.batching
        return told.examples if told is not None else next((shape[0] for shape in self.shapes(self.inputs) if shape), 1)

    @property
    def examples(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of the inputs without the batch; in full where one does not stack its examples along a first dimension."""
        whole = self.meta.batching.whole if self.meta.batching is not None else ()
        return tuple([shape if at in whole else shape[1:] for at, shape in enumerate(self.shapes(self.inputs))])

    @property
    def edges(self) -> tuple[tuple[int | None, int, int], ...]:
        """(id of the writing node, id of the reading node, tensor id), in execution order; None writes the network's inputs."""
        made = {t: node.id for node in self.nodes for t in node.outputs}
        return tuple((made.get(t), node.id, t) for node in self.nodes for t in dict.fromkeys(node.inputs))

    @cached_property
    def children(self) -> Sequence[tuple[int, ...]]:
        """Ids of the calls that each call made, by call id, in execution order."""
        return Lists.grouped(((call.parent, call.id) for call in self.calls if call.parent is not None), len(self.calls))

    @cached_property
    def _ends(self) -> Sequence[int]:
        ends = array("i", (call.id + 1 for call in self.calls))
        for call in reversed(self.calls):
            if call.parent is not None:
                ends[call.parent] = max(ends[call.parent], ends[call.id])
        return ends

    @cached_property
    def _spans(self) -> tuple[Sequence[int], Sequence[int]]:
        first, last = array("i", [len(self.nodes)]) * len(self.calls), array("i", [0]) * len(self.calls)
        for at, node in enumerate(self.nodes):
            call = node.call
            last[call] = at + 1
            if first[call] > at:
                first[call] = at
        for inner in reversed(self.calls):
            at, above = inner.id, inner.parent
            if above is not None:
                if first[above] > first[at]:
                    first[above] = first[at]
                if last[above] < last[at]:
                    last[above] = last[at]
        return first, last

    @cached_property
    def _node_ids(self) -> Sequence[int]:
        return self.nodes.columns.id if isinstance(self.nodes, Nodes) else [node.id for node in self.nodes]

    def end(self, call: int) -> int:
        """One past the last call inside `call`: the calls of its subtree are `range(call, graph.end(call))`."""
        return self._ends[call]

    def inside(self, call: int) -> tuple[Node, ...]:
        """The nodes that ran inside one call; they are neighbours in execution order."""
        first, last = self._spans
        return tuple(self.nodes[first[call] : last[call]])

    def count(self, call: int) -> int:
        """How many nodes ran inside one call."""
        first, last = self._spans
        return max(0, last[call] - first[call])

    def operands(self, node: Node) -> tuple[int | str, ...]:
        """What `node` read, in the order of its arguments: activations by id, parameters and buffers by name."""
        read: tuple[int | str, ...] = (*node.inputs, *node.params)
        return tuple([read[at] for at in node.operands])

    def path(self, node: Node) -> str:
        """Path of the module that ran `node`."""
        return self.calls[node.call].path

    def shapes(self, tensors: Iterable[int]) -> tuple[tuple[int, ...], ...]:
        """The shapes of these tensors."""
        return tuple(self.tensors[t].shape for t in tensors)

    def node(self, node_id: int) -> Node:
        """The node with this id (in a part of a graph, ids keep the numbers of the whole)."""
        at = bisect_right(self._node_ids, node_id) - 1
        if at < 0 or self.nodes[at].id != node_id:
            raise KeyError(node_id)
        return self.nodes[at]

    def kept(self, most: int = LARGE) -> "Graph":
        """The same as it is kept in memory: with more than `most` operators in columns."""
        if len(self.nodes) > most:
            return Graph.of(self.columns())
        return msgspec.structs.replace(
            self, tensors=tuple(self.tensors), nodes=tuple(self.nodes), calls=tuple(self.calls), params=tuple(self.params)
        )

    # -- parts ------------------------------------------------------------------------------------------------------------------

    def within(self, part: int | str) -> "Graph":
        """The part of the graph that ran inside one call, as a Graph: every metric and renderer works on it.

        Arguments:
            part: a call's id, or a module's path; a module that ran several times gives all its runs.

        Its inputs are the tensors that it reads from outside, its outputs those that are read outside or are the network's;
        tensor, call and node ids stay those of the whole. Raises `UsageError` for a path or an id that no call has.
        """
        if isinstance(part, int):
            if not 0 <= part < len(self.calls):
                raise UsageError(f"{self.name} has no call {part}", f"calls are numbered from 0 to {len(self.calls) - 1}")
            calls, name = [part], self.calls[part].path
        else:
            calls, name = [call.id for call in self.calls if call.path == part], part
            if not calls:
                raise unknown("module", part, (call.path for call in self.calls))
        # A module that calls itself ran inside itself: each node once.
        nodes = {node.id: node for call in calls for node in self.inside(call)}
        return self.select(nodes.values(), f"{self.name}.{name}" if name else self.name)

    def select(self, nodes: Iterable[Node], name: str | None = None) -> "Graph":
        """The part of the graph that consists of `nodes` (which stay in execution order), with the params that they read."""
        kept = tuple(nodes)
        written = {t for node in kept for t in node.outputs}
        times: dict[int, int] = {}  # how often each tensor is read here
        for node in kept:
            for t in node.inputs if len(node.inputs) < 2 else dict.fromkeys(node.inputs):
                times[t] = times.get(t, 0) + 1
        final, reads = set(self.outputs), self.reads
        left = [t for t in dict.fromkeys([t for node in kept for t in node.outputs]) if t in final or reads[t] > times.get(t, 0)]
        names = dict.fromkeys([name for node in kept for name in node.params])
        inputs, meta = [t for t in times if t not in written], self.meta
        if meta.names:
            given = dict(zip(self.inputs, self.input_names, strict=True))
            called = tuple([given.get(t, "") for t in inputs])
            meta = msgspec.structs.replace(meta, names=called if any(called) else ())
        if meta.batching is not None:
            held = {self.inputs[at] for at in meta.batching.whole if at < len(self.inputs)}
            whole = tuple([at for at, t in enumerate(inputs) if t in held])
            meta = msgspec.structs.replace(meta, batching=Batching(meta.batching.examples, whole))
        return Graph(
            name=self.name if name is None else name,
            inputs=tuple(inputs),
            outputs=tuple(left),
            tensors=self.tensors,
            nodes=kept,
            calls=self.calls,
            params=tuple([self.param[name] for name in names]),
            meta=meta,
            spelling=self.spelling,
        )

    @cached_property
    def cost(self) -> Cost:
        """The arithmetic of all nodes."""
        return total(node.cost for node in self.nodes)

    @cached_property
    def uncounted(self) -> tuple[Node, ...]:
        """The nodes without a cost formula."""
        return tuple(node for node in self.nodes if node.cost.unknown)

    @cached_property
    def unused_params(self) -> tuple[Param, ...]:
        """Parameters (not buffers) that no operator read: GoogLeNet's auxiliary heads in eval mode."""
        used = {name for node in self.nodes for name in node.params}
        return tuple(param for param in self.params if not param.buffer and param.name not in used)

    # -- files ------------------------------------------------------------------------------------------------------------------

    def to_json(self) -> bytes:
        """The whole graph as JSON (`archscope.graph.columns` says what stands where); the same trace gives the same bytes. Raises
        `ArchscopeError` for what no file can hold: a name that is no text, a number beyond 63 bits.
        """
        return saved.to_json(self.columns())

    @staticmethod
    def from_json(data: bytes | str, where: str = "the graph") -> "Graph":
        """Reads what `to_json` wrote; raises `ArchscopeError` when it is damaged or of another version.

        Arguments:
            where: what is being read, for the message: a file's path.
        """
        return Graph.of(saved.from_json(data, where)).kept()

    def columns(self) -> Columns:
        """The graph in columns. Raises `ArchscopeError` for a number beyond 63 bits."""
        try:
            params = Params.of(self.params)
            return Columns(
                name=self.name,
                inputs=self.inputs,
                outputs=self.outputs,
                meta=self.meta,
                tensors=Tensors.of(self.tensors).columns,
                nodes=Nodes.of(self.nodes, params.columns.name).columns,
                calls=Calls.of(self.calls).columns,
                params=params.columns,
                spelling=self.spelling,
            )
        except ValueError as error:
            raise ArchscopeError(f"{self.name} cannot be saved: {error}") from None

    @staticmethod
    def of(columns: Columns) -> "Graph":
        """The graph of these columns."""
        return Graph(
            name=columns.name,
            inputs=columns.inputs,
            outputs=columns.outputs,
            tensors=Tensors(columns.tensors),
            nodes=Nodes(columns.nodes, columns.params.name),
            calls=Calls(columns.calls),
            params=Params(columns.params),
            meta=columns.meta,
            spelling=columns.spelling,
        )

    # -- how it shows itself ----------------------------------------------------------------------------------------------------

    def __repr__(self) -> str:
        cost = self.cost
        learned = sum(param.numel for param in self.params if not param.buffer)
        sign = "≥ " if cost.unknown or self.meta.failure else ""
        inputs = " and ".join(units.shape(shape) for shape in self.shapes(self.inputs))
        counts = f"{units.count(learned)} parameters, {sign}{units.count(cost.macs)} MACs"
        return f"<Graph {self.name}: {len(self.nodes)} operators on {inputs}, {counts}>"

    def _repr_html_(self) -> str:
        import archscope  # the renderer is above the Graph: only the front door knows where

        return archscope.graph_html(self)
