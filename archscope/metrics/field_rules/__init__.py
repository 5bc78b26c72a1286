"""What an operator does with places: one rule per operator. A rule takes what the places of one input see along one axis, and
gives what the places of the output see through it; and whether all places were mixed.

Open `rule.py` first. `windows.py`, `resampling.py`, `moves.py` and `mixing.py` hold the rules; a file is found by its being here.
"""

from archscope.graph import Node, kinds
from archscope.metrics.field_rules.mixing import attention, elementwise
from archscope.metrics.field_rules.resampling import resized
from archscope.metrics.field_rules.rule import CONSTANT, RULES, Answer, Rule, Run, Shape
from archscope.metrics.field_rules.windows import windowed
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


def _per_element(name: str) -> bool:
    from archscope.counts.elementwise import PER_ELEMENT  # the formulas take longer to import than most Graphs to read

    return name in PER_ELEMENT


def _unknown(run: Run, k: int, read: Read) -> Answer:
    if read.digits:
        raise UnclearError("there is no rule for it")
    return [read], False


__all__ = ["CONSTANT", "Run", "Shape", "rule_of"]
