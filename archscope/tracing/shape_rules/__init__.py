"""Output shapes of the commonest operators, without torch's own meta kernels.

Most of torch's meta kernels are Python: 0.1 to 2 ms an operator, and the first of them to run imports `torch._dynamo` and
sympy, more than a second of work before the first number. The rules here answer the ordinary case from the shapes alone, in a
few microseconds. A rule that meets anything out of the ordinary (a memory format other than contiguous, mixed dtypes, sizes
that do not fit) returns None, and torch answers, or raises its own error. Every rule is tested against torch's kernel over
random shapes, strides and dtypes.
"""

from archscope.tracing.shape_rules import grouped, picks, pointwise, recurrent, rows, windows
from archscope.tracing.shape_rules.rule import RULES

__all__ = ["RULES", "grouped", "picks", "pointwise", "recurrent", "rows", "windows"]
