"""What an operator does with places: one rule per operator. A rule takes what the places of one input see along one axis, and
gives what the places of the output see through it; and whether all places were mixed.

Open `rule.py` first. `windows.py`, `resampling.py`, `moves.py` and `mixing.py` hold the rules; `looking_up.py` says of some
operators why they can have none. A file is found by its being here.
"""

from functools import cache

from archscope.graph import Node, kinds
from archscope.graph.records import bare
from archscope.metrics.field_rules.mixing import attention, elementwise
from archscope.metrics.field_rules.resampling import resized
from archscope.metrics.field_rules.rule import CONSTANT, RULES, Answer, Rule, Run, Shape, Windows
from archscope.metrics.field_rules.windows import slid, windowed
from archscope.metrics.places import Read, UnclearError
from archscope.registry import import_all

import_all(__name__, __path__)


def rule_of(node: Node) -> Rule:
    """The rule of an operator; one that knows nothing where there is none."""
    found = RULES.get(node.name)
    if found is not None:
        return found
    kind = kinds.kind(node)
    if node.op.startswith("aten.") and kind in (kinds.CONVOLUTION, kinds.POOLING) and "kernel" in node.attrs:
        return windowed
    if node.name.startswith(("upsample_", "_upsample_")):
        return resized
    if kind == kinds.ATTENTION:
        return attention
    if kind in (kinds.ACTIVATION, kinds.POINTWISE) or _per_element(node.name):
        return elementwise
    return _unknown


_SOME_MOVE = frozenset(("copy", "glu", "expand", "expand_as"))
_KEEPING = frozenset(
    name
    for name in (*(name for name, rule in RULES.items() if rule is elementwise), *kinds.names(kinds.ACTIVATION))
    if name not in _SOME_MOVE and not name.endswith("softmax")
)
_BATCH_NORMS = frozenset(name for name in kinds.names(kinds.NORMALISATION) if "batch_norm" in name)


def keeps_places(node: Node) -> bool:
    """Whether every place of the first output is the place of the inputs that it stands for, where all have one shape: element by
    element, and batch normalisation by statistics that are given.
    """
    return _keeps(node.op) or (is_batch_norm(node.op) and node.attrs.get("training") is not True)


@cache
def _keeps(op: str) -> bool:
    return bare(op) in _KEEPING


@cache
def is_batch_norm(op: str) -> bool:
    """Whether an operator is batch normalisation; its further outputs are the statistics."""
    return bare(op) in _BATCH_NORMS


@cache
def is_constant(op: str) -> bool:
    """Whether its result does not depend on what it reads."""
    return bare(op) in CONSTANT


def _per_element(name: str) -> bool:
    from archscope.counts.elementwise import PER_ELEMENT  # the formulas take longer to import than most Graphs to read

    return name in PER_ELEMENT


def _unknown(run: Run, k: int, read: Read) -> Answer:
    if read.digits:
        raise UnclearError("there is no rule for it")
    return [read], False


__all__ = [
    "Answer", "Rule", "Run", "Shape", "Windows", "is_batch_norm", "is_constant", "keeps_places", "rule_of", "slid",
]  # fmt: skip
