"""archscope: a microscope for neural-network architectures.

    import archscope

    graph = archscope.load("inception_v4").trace()      # one forward on the meta device: no weights, no arithmetic
    graph.cost.macs                                     # 12253974624
    archscope.metrics.params(graph)                     # 42679816
    graph.within("stem").cost.macs                      # every part of a Graph is a Graph

Importing archscope does not import torch; the names below do when they need it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archscope import metrics
    from archscope.alignment import Difference, diff
    from archscope.budgets import check
    from archscope.comparison import compare
    from archscope.drawing import Diagram, diagram
    from archscope.errors import ArchscopeError
    from archscope.graph import Cost, Graph, Node
    from archscope.metrics import measure
    from archscope.opener import look
    from archscope.sources import Model, load
    from archscope.tracer import TraceError, trace

_HOMES = {
    "ArchscopeError": "archscope.errors",
    "Cost": "archscope.graph",
    "Diagram": "archscope.drawing",
    "Difference": "archscope.alignment",
    "Graph": "archscope.graph",
    "Model": "archscope.sources",
    "Node": "archscope.graph",
    "TraceError": "archscope.tracer",
    "check": "archscope.budgets",
    "compare": "archscope.comparison",
    "diagram": "archscope.drawing",
    "diff": "archscope.alignment",
    "load": "archscope.sources",
    "look": "archscope.opener",
    "measure": "archscope.metrics",
    "trace": "archscope.tracer",
}

__all__ = [
    "ArchscopeError", "Cost", "Diagram", "Difference", "Graph", "Model", "Node", "TraceError", "check", "compare", "diagram",
    "diff", "load", "look", "measure", "metrics", "trace",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "metrics":
        return import_module("archscope.metrics")
    if name not in _HOMES:
        raise AttributeError(f"module 'archscope' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
