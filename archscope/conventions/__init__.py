"""How each well-known tool counts. In: a Graph; out: what every operator run is worth in that tool's eyes. No torch.

One file per tool, found by its being here: open `convention.py` (what a convention is) and then any tool's. `attention.py` and
`module_counters.py` are what several of them share.
"""

from archscope.conventions.convention import CONVENTIONS, Convention, Worth, convention, label
from archscope.registry import import_all

import_all(__name__, __path__)

__all__ = ["CONVENTIONS", "Convention", "Worth", "convention", "label"]
