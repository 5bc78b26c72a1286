"""ONNX's operators in the dispatcher's terms: `Conv` is `aten.convolution` with these strides. Open `operator.py` first; a file
is found by its being here.
"""

from archscope.models.exported.onnx_operators.operator import OPERATORS, Operator, Worth
from archscope.registry import import_all

import_all(__name__, __path__)

__all__ = ["OPERATORS", "Operator", "Worth"]
