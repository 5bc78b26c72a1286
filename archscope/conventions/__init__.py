"""How each well-known tool counts. In: a Graph; out: what every operator run is worth in that tool's eyes, and why. No torch.

One file per tool, found by its being here: open `convention.py` (what a convention is) and then any tool's. `operator_names.py`
is what the conventions over operators share, `python_names.py` what those over Python's names share, `patched_functions.py` and
`recurrent_layers.py` the formulas that calflops, DeepSpeed and ptflops inherited from each other.
"""

from archscope.conventions.convention import CONVENTIONS, Convention, Part, Worth, convention
from archscope.conventions.operator_names import label
from archscope.registry import import_all

import_all(__name__, __path__)

__all__ = ["CONVENTIONS", "Convention", "Part", "Worth", "convention", "label"]
