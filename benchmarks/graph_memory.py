"""Memory of a Graph of 100,000 operators: bytes per operator beyond its names, as traced, as read, as JSON, with its views."""

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from archscope.graph import Graph
from archscope.graph.compact import pack, unpack
from archscope.tracing.forward_pass import trace
from archscope.views.stages import stages
from benchmarks.tracing import Chain

OPERATORS = 100_000
PER_BLOCK = 5
GOAL = 250


@contextmanager
def taken() -> Iterator[list[int]]:
    """Bytes that are there afterwards and were not before, and the most that were meanwhile."""
    gc.collect()
    tracemalloc.start()
    found: list[int] = []
    try:
        yield found
        gc.collect()
        found.extend(tracemalloc.get_traced_memory())
    finally:
        tracemalloc.stop()


def names(graph: Graph) -> set[str]:
    """The texts that only this network has: paths of calls, names of parameters."""
    return {*(call.path for call in graph.calls), *(param.name for param in graph.params)}


def views(graph: Graph) -> None:
    """All that a Graph keeps once it was asked, and what passes over it."""
    for made in (graph.producer, graph.consumers, graph.reads, graph.children, graph.param, graph.cost, graph.uncounted):
        assert made is not None
    stages(graph)
    assert len(graph.edges) >= len(graph.nodes)


def main() -> None:
    with torch.device("meta"):
        chain = Chain(OPERATORS // PER_BLOCK)
    graph = trace(
        chain, torch.Size((1, 4, 8, 8))
    )  # what torch makes in a module that is looked at for the first time is no Graph
    text, data = graph.to_json(), pack(graph)
    count, texts = len(graph.nodes), sum(name.__sizeof__() for name in names(graph))
    print(
        f"{count:,d} operators, {texts / count:.0f} bytes of names each; goal: {GOAL} bytes each beyond them, all look-ups made"
    )
    made: dict[str, Callable[[], Graph]] = {
        "traced": lambda: trace(chain, torch.Size((1, 4, 8, 8))),
        "read from the store": lambda: unpack(data),
        "read from JSON": lambda: Graph.from_json(text),
    }
    for how, make in made.items():
        del graph
        with taken() as alone:
            graph = make()
        with taken() as more:
            views(graph)
        bare, all = (alone[0] - texts) / count, (alone[0] + more[0] - texts) / count
        missed = "" if all <= GOAL else "  missed"
        print(f"  {how:24s}{bare:6.0f} bytes, with its look-ups and views{all:6.0f}{missed}", flush=True)
    with taken() as written:
        graph.to_json()
    with taken() as read:
        Graph.from_json(text)
    beyond = (len(text) - sum(map(len, names(graph)))) / count
    goal = "" if beyond <= GOAL else "  missed"
    print(
        f"  its JSON, a file: {len(text) / count:.0f} bytes, {beyond:.0f} beyond the names{goal}; "
        f"at most {written[1] / count:.0f} while it is written, {read[1] / count:.0f} while it is read"
    )
    print(f"  its compact form, a file: {len(data) / count:.0f} bytes")
