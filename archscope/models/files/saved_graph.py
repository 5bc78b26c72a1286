"""A trace that archscope saved: `v4.json`."""

from pathlib import Path

from archscope.counts.audit import audit
from archscope.graph import Graph
from archscope.models.graph_file import reads


@reads(".json")
def saved_graph(path: Path) -> Graph:
    """The Graph as it was saved."""
    graph = Graph.from_json(path.read_bytes(), str(path))
    audit(graph, str(path))
    return graph
