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


def names(graph: Graph) -> int:
    """Bytes of the texts that only this network has: paths of calls, names of parameters."""
    texts = {*(call.path for call in graph.calls), *(param.name for param in graph.params)}
    return sum(text.__sizeof__() for text in texts)


def views(graph: Graph) -> None:
    for made in (graph.edges, graph.producer, graph.consumers, graph.children, graph.cost, graph.uncounted):
        assert made is not None
    stages(graph)


def main() -> None:
    with torch.device("meta"):
        chain = Chain(OPERATORS // PER_BLOCK)
    with taken() as traced:
        graph = trace(chain, torch.Size((1, 4, 8, 8)))
    count, texts = len(graph.nodes), names(graph)
    print(f"{count:,d} operators, {texts / count:.0f} bytes of names each; goal: {GOAL} bytes each beyond them")

    def line(what: str, bytes: int, of: int = count) -> None:
        print(f"  {what:44s}{bytes / of:8.0f} bytes", flush=True)

    line("as traced", traced[0] - texts)
    data = pack(graph)
    text = graph.to_json()
    line("its JSON (a file)", len(text))
    line("its compact form (a file)", len(data))
    steps: dict[str, Callable[[], object]] = {
        "made while it is written as JSON, at most": graph.to_json,
        "its views: edges, producers, consumers, stages": lambda: views(graph),
    }
    for what, run in steps.items():
        with taken() as used:
            run()
        line(what, used[1] if "most" in what else used[0])
    del graph
    with taken() as read:
        graph = unpack(data)
    line("as read from the store", read[0] - texts)
    with taken() as used:
        views(graph)
    line("its views, then", used[0])
    del graph
    with taken() as read:
        graph = Graph.from_json(text)
    line("as read from JSON", read[0] - texts)
