"""Operators that treat every element alike, and sums over some of them."""

from archscope.training.derivatives import rule

# -- what depends on the input, on the result, or on nothing ------------------------------------------------------------------

rule(
    """
    abs acos asin atan atanh asinh acosh cos sin sinh cosh erf erfc erfinv log log2 log10 log1p lgamma digamma hardshrink
    softshrink hardswish hardsigmoid hardtanh relu6 leaky_relu elu celu silu mish gelu softplus glu logit clamp clamp_min
    clamp_max threshold square sinc special_i0 selu
    """,
    "0",
)
rule("relu sigmoid tanh exp exp2 expm1 sqrt rsqrt reciprocal tan", "r0")
rule("relu_ leaky_relu_ elu_ selu_ celu_ threshold_", "r0")
rule("_softmax _log_softmax _safe_softmax", "r0")
rule("neg frac deg2rad rad2deg")
rule("nan_to_num", "0")
rule("log_sigmoid_forward", "0 r1")
rule("rrelu_with_noise", "0 1")
rule("_prelu_kernel prelu", "0 1")
rule("floor ceil round trunc sign fix")
rule("pow", "0 1 | 0 1 r0", scratch=(1, 2), broadcasts=True)
rule("pow.Scalar", "0 r0", scratch=(1,))

# -- two operands -------------------------------------------------------------------------------------------------------------

rule("add sub rsub subtract", "", "passes")
rule("mul multiply", "1 | 0", broadcasts=True)
rule("div true_divide divide", "1 | 0 1", scratch=(0, 2), broadcasts=True)
rule("maximum minimum fmax fmin atan2 logaddexp logaddexp2 xlogy", "0 1", scratch=(1,), broadcasts=True)
rule("hypot", "0 1 r0", scratch=(1,), broadcasts=True)
rule("fmod remainder", " | 0 1", scratch=(0, 1), broadcasts=True)
rule("addcmul", " | 2 | 1", broadcasts=True)
rule("addcdiv", " | 2 | 1 2", scratch=(0, 0, 2), broadcasts=True)
rule("lerp", "2 | 2 | 0 1", broadcasts=True)
rule("where", always="0", broadcasts=True)
rule("masked_fill", always="1")
rule("mse_loss smooth_l1_loss huber_loss", "0 1")
rule("binary_cross_entropy binary_cross_entropy_with_logits", "*")

# -- dropout: a mask of its own, or a factor that the multiplication keeps ----------------------------------------------------

rule("native_dropout", "r1")

# -- sums ---------------------------------------------------------------------------------------------------------------------

rule("sum", "", "views")
rule("mean cumsum", "")
rule("nansum nanmean", "0")
rule("amax amin norm linalg_vector_norm std logsumexp", "0 r0", scratch=(1,))
rule("var var_mean", "0", scratch=(1,))
rule("std_mean", "0 r0", scratch=(1,))
rule("max min median", "0 r0")
rule("max.dim min.dim median.dim sort topk kthvalue mode", "r1")
rule("prod cumprod", "0 r0")
rule("argmax argmin", "", constant=True)
rule("_cdist_forward", "0 1 r0")

# -- losses -------------------------------------------------------------------------------------------------------------------

rule("nll_loss_forward nll_loss2d_forward", "* r1")
