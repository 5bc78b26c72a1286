"""The outline of a network: its modules as a tree, consecutive equal ones folded into one line ("4 x InceptionA")."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial

from archscope.graph import Call, Graph, Node, Param


@dataclass(frozen=True)
class Part:
    """A line of the outline: one call, or several consecutive calls that do the same.

    Attributes:
        path: of the module: "stem.conv1"; of a run of equals "a.0-3".
        name: what it is called in the module that ran it: "conv1", of a list of modules "downs.0", of a run of equals "h.0-11".
        type: class name: "InceptionA"; "" for the operators that a module runs itself, between its children.
        depth: 0 for the children of the network.
        repeats: how many consecutive modules it stands for.
        equal: whether these all do the same (ResNet's stages begin with a block of their own).
        runs: how often it ran where it stands, in one of the equals: a decoder's cell runs once for every token.
        graph: what ran inside, of all repeats together: every metric works on it.
        own: parameters that the module itself holds, not a module inside it.
        ran: False for a module that this forward did not run.
    """

    path: str
    name: str
    type: str
    depth: int
    repeats: int
    graph: Graph
    own: tuple[Param, ...] = ()
    equal: bool = True
    ran: bool = True
    runs: int = 1

    @property
    def label(self) -> str:
        """What it is: "InceptionA"; "4 x InceptionA" for equals; "6 Bottleneck" for six of which not all are equal; "GRUCell, 12
        runs" for one that ran several times.
        """
        many = self.type if self.repeats == 1 else f"{self.repeats}{' x' if self.equal else ''} {self.type}"
        return many if self.runs == 1 else f"{many}, {self.runs} runs"


def signature(graph: Graph, call: int) -> tuple[object, ...]:
    """What one call does, without names: equal for two calls that run the same operators on the same shapes, wired alike."""
    local: dict[int, int] = {}
    steps: list[object] = []
    for node in graph.inside(call):
        inputs = tuple(local.setdefault(t, len(local)) for t in node.inputs)
        for t in node.outputs:
            local[t] = len(local)
        params = tuple((graph.param[name].shape, graph.param[name].trainable) for name in node.params)
        shapes = graph.shapes((*node.inputs, *node.outputs))
        steps.append((node.op, node.call - call, inputs, shapes, params, tuple(map(str, node.attrs.values()))))
    types = tuple((c.type, (c.parent or 0) - call) for c in graph.calls[call + 1 : graph.end(call)])
    return (graph.calls[call].type, types, tuple(steps))


Run = tuple[int, ...]
"""The calls of one module that did the same each time; mostly there is one."""

Alike = Callable[[Run], list[list[Run]]]


def lines(graph: Graph, siblings: Run) -> list[list[Run]]:
    """Siblings by line, in the order in which they first ran: neighbours that do the same, each with all its runs. A module with
    something to count runs several times where a loop runs it in every step, or where weights are shared.
    """
    modules: dict[int | tuple[str, tuple[object, ...]], list[int]] = {}
    often = {path for path, count in Counter(graph.calls[call].path for call in siblings).items() if count > 1}
    for call in siblings:
        path = graph.calls[call].path
        key = (path, signature(graph, call)) if path in often and _counts(graph, call) else call
        modules.setdefault(key, []).append(call)
    found: list[list[Run]] = []
    previous: object = None
    for key, run in modules.items():
        does = key[1] if isinstance(key, tuple) else signature(graph, run[0])
        here = (does, len(run)) if does[-1] else None  # what runs nothing is like nothing
        if here is not None and here == previous:
            found[-1].append(tuple(run))
        else:
            found.append([tuple(run)])
        previous = here
    return found


def _counts(graph: Graph, call: int) -> bool:
    return any(node.params or node.cost.macs for node in graph.inside(call))


def outline(graph: Graph, depth: int | None = None) -> list[Part]:
    """The lines of the tree, parents before their children.

    Arguments:
        depth: levels of modules to show; None opens as many as it takes to see the network's stages.

    The lines of one level account for everything in the level above: operators that a module runs between its children have a
    line of their own where they cost something, and parameters that did not take part in this forward are at the end.
    """
    if not graph.calls:
        return []
    levels = [depth] if depth is not None else [1, 2, 3]
    alike = cache(partial(lines, graph))  # every level asks anew
    parts: list[Part] = []
    for level in levels:
        parts = [*_lines(graph, (0,), 0, max(level, 1), alike), *_idle(graph)]
        if depth is not None or _shows_stages(graph, parts):
            break
    return parts


def _shows_stages(graph: Graph, parts: list[Part]) -> bool:
    """Whether the lines tell where things are: enough of them, and none that holds nearly everything and could be opened."""
    lowest = [part for part in parts if part.repeats == 1 and part.ran and not any(_below(other, part) for other in parts)]
    most = max((len(part.graph.nodes) for part in lowest), default=0)
    return len(parts) >= 4 and most <= 0.75 * len(graph.nodes)


def _below(part: Part, above: Part) -> bool:
    return part.depth > above.depth and part.path.startswith(f"{above.path}.")


def _lines(graph: Graph, members: tuple[int, ...], depth: int, levels: int, alike: Alike) -> Iterator[Part]:
    """The lines inside `members`, calls that do the same: each line stands for its share of all of them, so that lines add up."""
    if depth == 0 and not graph.children[members[0]]:
        yield _part(graph, members, members, depth)
        return
    children = [graph.children[member] for member in members]
    place = {call: at for at, call in enumerate(children[0])}
    for line in alike(children[0]):
        calls = tuple(sorted(own[place[call]] for own in children for run in line for call in run))
        inner = _unwrapped(graph, calls, alike) if len(line) == 1 else calls
        yield _part(graph, calls, inner, depth, line[-1][0] if len(line) > 1 else None)
        if depth + 1 < levels and graph.children[inner[0]]:
            yield from _lines(graph, inner, depth + 1, levels, alike)
    rest = [node for member in members for node in _own_nodes(graph, member)]
    if any(node.cost.flops or node.cost.unknown or node.params for node in rest):
        path = graph.calls[members[0]].path
        yield Part(path, "(own operators)", "", depth, 1, graph.select(rest), _held(graph, members))


def _own_nodes(graph: Graph, call: int) -> list[Node]:
    """What a module runs itself, between its children."""
    return [node for node in graph.inside(call) if node.call == call]


def _unwrapped(graph: Graph, calls: Run, alike: Alike) -> Run:
    """Containers that hold nothing but equal modules give way to what they hold."""
    children = graph.children[calls[0]]
    if len(children) > 1 and not _own_nodes(graph, calls[0]) and len(alike(children)) == 1:
        return tuple(child for call in calls for child in graph.children[call])
    return calls


def _part(graph: Graph, calls: tuple[int, ...], inner: tuple[int, ...], depth: int, last: int | None = None) -> Part:
    """The line of `calls`, of which `last` is the last of several neighbours."""
    call = graph.calls[calls[0]]
    path, name = call.path, _name(graph, call)
    if last is not None:
        end = graph.calls[last].path.rpartition(".")[2]
        path, name = f"{path}-{end}", f"{name}-{end}"
    nodes = sorted((node for member in calls for node in graph.inside(member)), key=lambda node: node.id)
    own = _held(graph, calls)
    modules = len({graph.calls[one].path for one in inner})
    repeats, again = (modules, len(inner) // modules) if len(inner) % modules == 0 else (len(inner), 1)
    kind, equal = graph.calls[inner[0]].type, True
    held = [graph.calls[child].type for child in graph.children[inner[0]]]
    if len(inner) == 1 and len(held) > 1 and len(set(held)) == 1 and not _own_nodes(graph, inner[0]):
        kind, repeats, equal = held[0], len(held), False
    return Part(path, name, kind, depth, repeats, graph.select(nodes), own, equal, runs=again)


def _name(graph: Graph, call: Call) -> str:
    """What a module is called in the one that ran it: "0" in a Sequential, "downs.0" in a ModuleList, which runs nothing."""
    above = graph.calls[call.parent].path if call.parent is not None else ""
    inside = call.path.removeprefix(f"{above}.") if above else call.path
    return inside or call.type


def _held(graph: Graph, calls: Run) -> tuple[Param, ...]:
    """Parameters and buffers that these modules hold themselves, each once."""
    paths = dict.fromkeys(graph.calls[call].path for call in calls)
    return tuple(dict.fromkeys(param for path in paths for param in graph.held.get(path, ())))


def _idle(graph: Graph) -> Iterator[Part]:
    """What took no part in this forward: the outermost modules that hold parameters and did not run, then single parameters."""
    idle = graph.meta.idle
    left = {param.name: param for param in graph.unused_params}
    for path, kind in idle.items():
        if not any(path.startswith(f"{other}.") for other in idle):
            params = tuple(left.pop(name) for name in list(left) if name.startswith(f"{path}."))
            if params:
                yield _unused(graph, path, kind, params)
    for param in left.values():
        yield _unused(graph, param.name, param.module, (param,))


def _unused(graph: Graph, path: str, kind: str, params: tuple[Param, ...]) -> Part:
    part = Graph(path, (), (), graph.tensors, (), graph.calls, params, graph.meta)
    return Part(path, path, kind, 0, 1, part, params, ran=False)
