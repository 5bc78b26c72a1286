"""The grouped matrix product of mixtures of experts. torch's meta kernel refuses float32, which its kernel on the CPU takes."""

from typing import Any

import torch
from torch import Tensor

from archscope.tracing.shape_rules.rule import empty, rule


@rule("_grouped_mm")
def _grouped_mm(a: Tensor, b: Tensor, offs: Any = None, bias: Any = None, out_dtype: Any = None) -> Tensor | None:
    # [s, k], [e, k, n], rows of expert e end at offs[e] -> [s, n]
    if a.dtype != torch.float32 or b.dtype != a.dtype or out_dtype not in (None, a.dtype):
        return None
    if (a.dim(), b.dim()) != (2, 3) or offs is None or offs.shape != b.shape[:1] or a.shape[1] != b.shape[1]:
        return None
    return empty((a.shape[0], b.shape[2]), a) if a.numel() and b.numel() else None
