"""What an operator costs. In: its name, shapes and attributes; out: a Cost, zero with a reason, or unknown. No torch.

Open `formulas.py` first (the definition, and the registry in which every operator has a formula or a reason to cost nothing),
then the family's file: `convolutions.py`, `products.py`, `norms.py` ... `freelist.py` holds what costs nothing. A file here is
found by its being here.

The closed rule: an operator has a formula, or stands on the free list with its reason, or is unknown; it is never silently
zero.
"""

from archscope.counts.formulas import FORMULAS, FREE, cost_of, formula, free
from archscope.registry import import_all

import_all(__name__, __path__)

__all__ = ["FORMULAS", "FREE", "cost_of", "formula", "free"]
