"""What several operators are together, told by what they do and how they are wired, whatever the modules are called: attention,
norms that are written out, rotary embeddings, recurrent layers step by step, scans over tokens, mixtures of experts.

In: a Graph; out: groups of operators (`found.py`) that a picture draws as one box. `dataflow.py` has the walks along the edges;
each other file knows one thing and how people spell it.
"""

from collections.abc import Collection

from archscope.graph import Graph
from archscope.views.recognition import attention, experts, norms, recurrent, rotary, scans, selected_maps
from archscope.views.recognition.dataflow import Flow
from archscope.views.recognition.found import Attention, Experts, Facts, Found, Recurrence, Router, Scan
from archscope.views.recognition.scans import STATE_SPACE

__all__ = ["STATE_SPACE", "Attention", "Experts", "Facts", "Found", "Recurrence", "Router", "Scan", "recognised"]


def recognised(graph: Graph, live: Collection[int]) -> list[Found]:
    """The groups of operators that are one thing to a reader, in execution order; no operator is in two of them.

    Arguments:
        live: ids of the operators whose result depends on the network's inputs.
    """
    names = {node.name for node in graph.nodes}
    flow = Flow(graph, frozenset(live))
    # In this order: attention takes what scales its queries and keys, and stops at norms and rotations that are found by then.
    for kind in (recurrent, experts, norms, rotary, attention, scans, selected_maps):
        if names & kind.NEEDS:
            for found in kind.find(flow):
                flow.claim(found)
    return sorted(flow.found, key=lambda found: found.nodes[-1].id)
