"""The Graph: what one forward pass of a network did. In: a trace, or a saved file; out: frozen records that every other package
reads. No torch.

Open `graph.py` first (the Graph and its parts), then `records.py` (tensors, parameters, calls, nodes). `columns.py` is the form
in which it is kept and saved. `kinds.py` says what an operator is in the words of the papers, `naming.py` what it is called
where it stands, `attributes.py` names its kernel, stride and padding, `window_signs.py` says what these look like in a label.
"""

from archscope.graph.graph import Graph
from archscope.graph.legible import legible
from archscope.graph.records import (
    UNKNOWN,
    ZERO,
    Attr,
    Batching,
    Call,
    Cost,
    Decided,
    Failure,
    Meta,
    Node,
    Param,
    Tensor,
    item_bytes,
    total,
)  # fmt: skip

__all__ = [
    "UNKNOWN", "ZERO", "Attr", "Batching", "Call", "Cost", "Decided", "Failure", "Graph", "Meta", "Node", "Param", "Tensor",
    "item_bytes", "legible", "total",
]  # fmt: skip
