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

from archscope.supported import require_python

__version__ = "0.1.0"

if TYPE_CHECKING:
    from archscope import metrics
    from archscope.comparison.budgets import check
    from archscope.comparison.side_by_side import compare
    from archscope.comparison.structural_diff import Difference, diff
    from archscope.diagrams.diagram import Diagram
    from archscope.errors import ArchscopeError
    from archscope.graph import Cost, Graph, Node
    from archscope.metrics import measure
    from archscope.models.loading import load
    from archscope.models.look_up import look
    from archscope.models.model import Model
    from archscope.models.picture_of import diagram
    from archscope.render.formats.html import graph_html as graph_html
    from archscope.report.notebook import diagram_html as diagram_html
    from archscope.signal.propagation import propagate
    from archscope.tracing import TraceError, trace

_HOMES = {
    "ArchscopeError": "archscope.errors",
    "Cost": "archscope.graph",
    "Diagram": "archscope.diagrams.diagram",
    "Difference": "archscope.comparison.structural_diff",
    "Graph": "archscope.graph",
    "Model": "archscope.models.model",
    "Node": "archscope.graph",
    "TraceError": "archscope.tracing",
    "check": "archscope.comparison.budgets",
    "compare": "archscope.comparison.side_by_side",
    "diagram": "archscope.models.picture_of",
    "diagram_html": "archscope.report.notebook",
    "diff": "archscope.comparison.structural_diff",
    "graph_html": "archscope.render.formats.html",
    "load": "archscope.models.loading",
    "look": "archscope.models.look_up",
    "measure": "archscope.metrics",
    "propagate": "archscope.signal.propagation",
    "trace": "archscope.tracing",
}

__all__ = [
    "ArchscopeError", "Cost", "Diagram", "Difference", "Graph", "Model", "Node", "TraceError", "check", "compare", "diagram",
    "diff", "load", "look", "measure", "metrics", "propagate", "trace",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    require_python()
    if name == "metrics":
        return import_module("archscope.metrics")
    if name not in _HOMES:
        raise AttributeError(f"module 'archscope' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
