"""Which numbers of a network depend on the data, and between which bounds they lie. What data decided stands in the Graph's meta
(`archscope.graph.Decided`).
"""

from archscope.graph import Decided, Graph
from archscope.graph.kinds import WEIGHTED, kind
from archscope.values import Absent, AtLeast, Value, Varies

ON_SIZES = (
    "macs", "flops", "convolutions", "activations", "layer_activations", "peak_activation_bytes", "peak_memory", "bytes_moved",
    "backward_macs", "training_macs", "kept_for_backward", "backward_bytes_moved", "training_memory", "training_memory_momentum",
    "training_memory_adam", "training_memory_checkpointed",
)  # fmt: skip
"""What depends on the sizes of tensors, and so may be anything where the bounds of these are not known."""

OF_PRODUCTS = ("macs", "convolutions", "layer_activations", "backward_macs", "training_macs")
"""Of these, what depends on the sizes of products alone."""


def deciders(decided: Decided) -> str:
    """What decides, in words: "what passes in rpn and roi_heads"."""
    places = [path or "the network" for path in decided.rows]
    words = [f"what passes in {' and '.join(places)}"] if places else []
    if not words or () in decided.totals.values():
        words += [f"values that were looked at: {', '.join(decided.reads)}"] if decided.reads else []
    return "; ".join(words) or "what passes"


def varying(graph: Graph, name: str, value: Value) -> Value:
    """The value of a metric; a `Varies` where data decide it, in the whole network or in a part of it."""
    decided = graph.meta.decided
    if decided is None or not decided.varies or isinstance(value, Absent | str | Varies | float):
        return value
    lacks = value.reason if isinstance(value, AtLeast) else ""
    if not decided.known:
        return Varies(value, None, None, deciders(decided), lacks) if name in ON_SIZES else value
    if name not in decided.totals or not _touches(graph, name, decided):
        return value
    bounds = decided.totals[name] if len(graph.nodes) == decided.operators else ()  # a part has others
    least, most = bounds or (None, None)
    return Varies(value, least, most, deciders(decided), lacks)


def _touches(graph: Graph, name: str, decided: Decided) -> bool:
    """Whether some operator of it works on more or less, depending on the data; for products, whether some product does."""
    paths = set(decided.paths)
    return any(graph.path(node) in paths and (name not in OF_PRODUCTS or kind(node) in WEIGHTED) for node in graph.nodes)
