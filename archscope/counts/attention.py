"""Attention: scores, softmax and the weighted sum of the values, whichever kernel runs it.

softmax(q k / sqrt(e) + mask) v. With L queries, S keys, and vectors of e (queries, keys) and d (values), each head of each
sample takes L S e multiply-accumulates for the scores and L S d for the weighted sum. Each score is scaled (1 multiplication),
masked where there is a mask of numbers (1 addition), and takes part in a softmax over S. Causal attention counts as full: every
score is counted, though a kernel may skip the half that the mask removes.

Source: Vaswani et al., "Attention Is All You Need", 2017, eq. 1; grouped queries: Ainslie et al., "GQA", 2023.
"""

from typing import Any

from archscope.counts.elementwise import gelu
from archscope.counts.formulas import formula
from archscope.counts.norms import normalise
from archscope.counts.products import multiply
from archscope.counts.softmax import softmax_cost
from archscope.graph import Cost, Tensor


def attend(rows: int, queries: int, keys: int, e: int, d: int, *, mask: object = None, dropout: float = 0.0) -> Cost:
    """`rows` heads (over all samples) of `queries` x `keys` scores, between vectors of `e`, over values of `d`.

    `mask` is the mask's Tensor or None: one of booleans selects and costs nothing.
    """
    scores = rows * queries * keys
    masked = scores if type(mask) is Tensor and mask.dtype != "bool" else 0
    dropped = 2 * scores if dropout else 0
    return Cost(macs=scores * (e + d), muls=scores + dropped, adds=masked) + softmax_cost(rows * queries, keys)


def _heads_second(query: Tensor, key: Tensor, value: Tensor, mask: object, dropout: float) -> Cost:
    # query [*, h, l, e], key [*, h or fewer, s, e], value [*, h or fewer, s, d]
    length, e = query.shape[-2:]
    heads = query.numel // (length * e)
    return attend(heads, length, key.shape[-2], e, value.shape[-1], mask=mask, dropout=dropout)


@formula("aten.scaled_dot_product_attention", "aten._scaled_dot_product_attention_math",
         "aten._scaled_dot_product_attention_math_for_mps", integers=True)  # fmt: skip
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Any = None, dropout_p: float = 0.0, *_: Any, out: Any, **__: Any
) -> Cost:
    """Attention of all heads; causal counts as full."""
    return _heads_second(query, key, value, attn_mask, dropout_p)


@formula("aten._scaled_dot_product_flash_attention_for_cpu")
def flash_attention_cpu(
    query: Tensor, key: Tensor, value: Tensor, dropout_p: float = 0.0, *_: Any, attn_mask: Any = None, out: Any, **__: Any
) -> Cost:
    """As `scaled_dot_product_attention`."""
    return _heads_second(query, key, value, attn_mask, dropout_p)


@formula("aten._scaled_dot_product_flash_attention")
def flash_attention(query: Tensor, key: Tensor, value: Tensor, *rest: Any, out: Any, **_: Any) -> Cost:
    """As `scaled_dot_product_attention`, without a mask."""
    dropout = next((float(value) for value in rest if isinstance(value, float)), 0.0)
    return _heads_second(query, key, value, None, dropout)


@formula("aten._scaled_dot_product_efficient_attention", "aten._scaled_dot_product_cudnn_attention")
def efficient_attention(
    query: Tensor, key: Tensor, value: Tensor, bias: Any, log_sumexp: bool, dropout_p: float = 0.0, *_: Any, out: Any, **__: Any
) -> Cost:
    """As `scaled_dot_product_attention`."""
    return _heads_second(query, key, value, bias, dropout_p)


@formula("aten._scaled_dot_product_fused_attention_overrideable")
def overrideable_attention(
    query: Tensor, key: Tensor, value: Tensor, bias: Any = None, dropout_p: float = 0.0, *_: Any, out: Any, **__: Any
) -> Cost:
    """As `scaled_dot_product_attention`."""
    return _heads_second(query, key, value, bias, dropout_p)


@formula("aten._flash_attention_forward", "aten._efficient_attention_forward")
def kernel_attention(query: Tensor, key: Tensor, value: Tensor, fourth: Any, *rest: Any, out: Any, **_: Any) -> Cost:
    """The kernels themselves, which take the heads third; samples of different lengths packed into one have no formula."""
    # query [b, l, h, e], key [b, s, h, e], value [b, s, h, d]
    if any(type(value) is Tensor and value.dtype.startswith("int") for value in (fourth, *rest)):
        raise ValueError("packed")
    b, length, heads, e = query.shape
    return attend(b * heads, length, key.shape[1], e, value.shape[-1], mask=fourth)


def _multi_head(samples: int, length: int, source: int, width: int, heads: int, mask: Any) -> Cost:
    # Projections of queries, keys and values with biases, the attention of the heads, and the projection of the result.
    into = multiply(samples * (length + 2 * source), width, width, bias=True)
    back = multiply(samples * length, width, width, bias=True)
    return into + attend(samples * heads, length, source, width // heads, width // heads, mask=mask) + back


@formula("aten._native_multi_head_attention", "aten._triton_multi_head_attention")
def multi_head_attention(
    query: Tensor, key: Tensor, value: Tensor, width: int, heads: int, qkv_weight: Tensor, qkv_bias: Tensor, weight: Tensor,
    bias: Tensor, mask: Any = None, need_weights: bool = True, average_weights: bool = True, *_: Any, out: Any,
) -> Cost:  # fmt: skip
    """The whole of `nn.MultiheadAttention`, projections included, as one fused operator."""
    # query [n, l, width], key and value [n, s, width]
    n, length = query.shape[:2]
    source = key.shape[1]
    cost = _multi_head(n, length, source, width, heads, mask)
    if type(out[1]) is Tensor and need_weights and average_weights:
        scores = n * length * source
        cost += Cost(adds=scores * (heads - 1), divs=scores)
    return cost


@formula("aten._transformer_encoder_layer_fwd")
def transformer_encoder_layer(
    x: Tensor, width: int, heads: int, qkv_weight: Tensor, qkv_bias: Tensor, weight: Tensor, bias: Tensor, use_gelu: bool,
    norm_first: bool, eps: float, norm_weight_1: Tensor, norm_bias_1: Tensor, norm_weight_2: Tensor, norm_bias_2: Tensor,
    ffn_weight_1: Tensor, ffn_bias_1: Tensor, ffn_weight_2: Tensor, ffn_bias_2: Tensor, mask: Any = None, *_: Any, out: Tensor,
) -> Cost:  # fmt: skip
    """The whole of `nn.TransformerEncoderLayer` in one: attention, feed-forward, two layer norms, two residual sums."""
    # x [n, l, width], ffn_weight_1 [hidden, width], ffn_weight_2 [width, hidden]
    n, length = x.shape[:2]
    hidden = ffn_weight_1.shape[0]
    tokens = n * length
    inner = Tensor((tokens, hidden), x.dtype)
    activation = gelu(inner, out=inner) if use_gelu else Cost(comparisons=inner.numel)
    feed_forward = multiply(tokens, width, hidden, bias=True) + activation + multiply(tokens, hidden, width, bias=True)
    norms = 2 * normalise(x.numel, tokens, norm_weight_1, norm_bias_1)
    return _multi_head(n, length, length, width, heads, mask) + feed_forward + norms + Cost(adds=2 * x.numel)


@formula("aten._transform_bias_rescale_qkv")
def transform_bias_rescale_qkv(qkv: Tensor, bias: Tensor, heads: int, *, out: Any) -> Cost:
    """Adds the bias of the three projections and scales the queries."""
    return Cost(adds=qkv.numel, muls=qkv.numel // 3)


__all__ = ["attend"]
