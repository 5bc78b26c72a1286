"""Matrix products, recurrent layers and attention."""

from archscope.counts import cost_of
from archscope.counts.attention import attend
from archscope.graph import Cost, Tensor
from archscope.models.exported.builder import Outside, Value
from archscope.models.exported.onnx_operators.operator import Answer, Operator, Worth, operator, seen_as, turned


def product(op: Operator, a: Value, b: Value) -> Worth:
    """A matrix product; by a parameter it is a linear layer."""
    if len(b.shape) == 2 and isinstance(b.key, str) and len(a.shape) > 1:
        return Worth("aten.linear", {"input": a, "weight": turned(b)})
    if len(a.shape) == len(b.shape) == 2:
        return Worth("aten.mm", {"self": a, "mat2": b})
    return Worth("aten.matmul", {"self": a, "other": b})


@operator("MatMul", "MatMulInteger")
def matmul(op: Operator) -> Answer:
    """Of any ranks."""
    return product(op, op[0], op[1])


@operator("QLinearMatMul")
def matmul_quantised(op: Operator) -> Answer:
    """Of 8-bit numbers with scales."""
    x = op.emit(product(op, op[0], op[3]), op.out)
    return Worth("aten.quantize_per_tensor", {"self": x})


@operator("Gemm", "FusedGemm")
def gemm(op: Operator) -> Answer:
    """alpha A B + beta C."""
    a = turned(op[0]) if op.get("transA", 0) else op[0]
    b = turned(op[1]) if op.get("transB", 0) else op[1]
    if op[2] is None:
        worth = Worth("aten.mm", {"self": a, "mat2": b})
    else:
        alpha, beta = float(op.get("alpha", 1.0)), float(op.get("beta", 1.0))
        factors = {name: value for name, value in (("alpha", alpha), ("beta", beta)) if value != 1}
        worth = Worth("aten.addmm", {"self": op[2], "mat1": a, "mat2": b}, factors)
    activation = op.get("activation", "")
    if op.type != "FusedGemm" or not activation:
        return worth
    return Worth(f"aten.{activation.lower()}", {"self": op.emit(worth, op.out)})


@operator("FusedMatMul", "TransposeMatMul")
def matmul_fused(op: Operator) -> Answer:
    """onnxruntime's: turned, and scaled."""
    a = turned(op[0]) if op.get("transA", 0) else op[0]
    b = turned(op[1]) if op.get("transB", 0) else op[1]
    alpha = op.get("alpha", 1.0)
    if alpha == 1:
        return product(op, a, b)
    return Worth("aten.mul", {"self": op.emit(product(op, a, b), op.out), "other": float(alpha)})


@operator("MatMulNBits")
def matmul_packed(op: Operator) -> Answer:
    """onnxruntime's: weights of a few bits, [n, k] when unpacked."""
    n, k = int(op.attrs["N"]), int(op.attrs["K"])
    x, weight = op[0], seen_as(op[1], (n, k))
    if not x.shape or x.shape[-1] != k:
        raise ValueError("K")
    return Worth("aten.linear", {"input": x, "weight": weight, "bias": op[5]})


@operator("Einsum")
def einsum(op: Operator) -> Answer:
    """By its equation."""
    return Worth("aten.einsum", {"equation": str(op.attrs["equation"]), "tensors": [v for v in op.inputs if v is not None]})


# -- recurrent layers -----------------------------------------------------------------------------------------------------------

_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
_USUAL = {"LSTM": ["sigmoid", "tanh", "tanh"], "GRU": ["sigmoid", "tanh"], "RNN": ["tanh"]}


@operator("LSTM", "GRU", "RNN")
def recurrent(op: Operator) -> Answer:
    """One layer, in one direction or both. Weights: [directions, gates * hidden, in], [directions, gates * hidden, hidden]."""
    x, w, r, bias = op[0], op[1], op[2], op[3]
    directions, rows, _ = w.shape
    hidden = rows // _GATES[op.type]
    activations = [name.lower() for name in op.get("activations", None) or []][: len(_USUAL[op.type])] or _USUAL[op.type]
    name = op.type.lower() if op.type != "RNN" else f"rnn_{activations[0]}"
    each = [seen_as(w, w.shape[1:]), seen_as(r, r.shape[1:])]
    if bias is not None:
        each += [seen_as(bias, (rows,)), seen_as(bias, (rows,))]
    args = {
        "input": x, "hx": [v for v in (op[5], op[6]) if v is not None], "params": each * directions,
        "has_biases": bias is not None,
        "num_layers": 1, "dropout": 0.0, "train": False, "bidirectional": directions == 2,
        "batch_first": bool(op.get("layout", 0)),
    }  # fmt: skip
    cost, _ = cost_of(f"aten.{name}", tuple(_recorded(value) for value in args.values()), {}, None)
    units = x.record.numel // max(x.shape[-1], 1) * hidden * directions
    if op[7] is not None:  # peepholes: each gate sees the cell, one multiplication and one addition
        cost += Cost(muls=3, adds=3) * units
    if op.type != "RNN" and activations != _USUAL[op.type]:
        cost += Cost(unknown=1)  # the gates' own functions are not the usual ones
    return Worth(f"aten.{name}", args, cost=cost)


def _recorded(value: object) -> object:
    if isinstance(value, Value):
        return value.record
    return [_recorded(one) for one in value] if isinstance(value, list) else value


# -- attention ------------------------------------------------------------------------------------------------------------------


def _heads(value: Value, heads: int) -> tuple[int, int, int, int]:
    """(samples, heads, length, width of a head), from [n, h, l, e] or [n, l, h * e]."""
    if len(value.shape) == 4:
        n, heads, length, e = value.shape
        return n, heads, length, e
    n, length, width = value.shape
    return n, heads, length, width // max(heads, 1)


def attention(op: Operator, q: Value, k: Value, v: Value, heads: tuple[int, int], past: int, mask: Value | None) -> Worth:
    """Scores, softmax and the weighted sum of the values."""
    n, h, length, e = _heads(q, heads[0])
    keys = _heads(k, heads[1])[2] + past
    d = _heads(v, heads[1])[3]
    number_mask = Tensor(mask.shape, mask.dtype) if mask is not None else None
    cost = attend(n * h, length, keys, e, d, mask=number_mask)
    if op.get("softcap", 0.0):
        cost += Cost(divs=1, exponentials=1, muls=1) * (n * h * length * keys)
    return Worth("aten.scaled_dot_product_attention", {"query": q, "key": k, "value": v, "attn_mask": mask}, cost=cost)


def _past(value: Value | None) -> int:
    return value.shape[-2] if value is not None and len(value.shape) == 4 else 0


@operator("Attention")
def attend_to(op: Operator) -> Answer:
    """ONNX's own: queries, keys and values; or onnxruntime's, which projects its input with one weight before."""
    if "num_heads" in op.attrs:
        return _projected(op)
    heads = int(op.get("q_num_heads", 1)), int(op.get("kv_num_heads", 1))
    return attention(op, op[0], op[1], op[2], heads, _past(op[4]), op[3])


def _projected(op: Operator) -> Worth:
    x, weight = op[0], op[1]
    heads, sizes = int(op.attrs["num_heads"]), op.get("qkv_hidden_sizes", None) or [weight.shape[1] // 3] * 3
    all_three = op.emit(
        Worth("aten.linear", {"input": x, "weight": turned(weight), "bias": op[2]}), Outside((*x.shape[:-1], sum(sizes)), x.dtype)
    )
    q, k, v = (seen_as(all_three, (*x.shape[:-1], size)) for size in sizes)
    past = op[4].shape[-2] if op[4] is not None and len(op[4].shape) == 5 else 0
    return attention(op, q, k, v, (heads, heads), past, op[5])


@operator("MultiHeadAttention", "GroupQueryAttention")
def attend_heads(op: Operator) -> Answer:
    """onnxruntime's, on queries, keys and values that are projected already."""
    if op[1] is None or op[2] is None:  # all three packed into the first: no formula
        return Worth(f"com.microsoft.{op.type}", {"query": op[0]})
    q_heads = int(op.get("num_heads", 1))
    heads = q_heads, int(op.get("kv_num_heads", q_heads))
    grouped = op.type == "GroupQueryAttention"
    past = _past(op[3]) if grouped else _past(op[6])
    return attention(op, op[0], op[1], op[2], heads, past, None if grouped else op[5])


@operator("RotaryEmbedding")
def rotary(op: Operator) -> Answer:
    """x cos + turned(x) sin, on the part of each head that is turned."""
    n = op[0].record.numel
    return Worth("onnx.RotaryEmbedding", {"self": op[0], "cos": op[1], "sin": op[2]}, cost=Cost(muls=2 * n, adds=n))
