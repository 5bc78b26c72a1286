"""Convolutions, matrix products, attention, normalisation, pooling, resampling."""

from math import prod

from archscope.graph import Graph, Node
from archscope.training.derivatives import rule

# -- products: each gradient is a product of the size of the forward's --------------------------------------------------------

rule("mm bmm linear mv dot vdot", "1 | 0", products=(0, 1))
rule("addmm baddbmm addmv _addmm_activation addbmm", " | 2 | 1", products=(1, 2))
# PyTorch keeps input and weight, also where only one of them is needed.
rule("convolution _convolution", always="0 1", products=(0, 1))
rule("_trilinear", "1 2 | 0 2 | 0 1", products=(0, 1, 2))


def _attention_macs(graph: Graph, node: Node) -> int:
    """The scores again, and the gradients of values, scores, queries and keys.

    Source: Dao et al., "FlashAttention", 2022, algorithm 4.
    """
    # query [*, l, e], key [*, s, e], value [*, s, d]
    query, key, value = (graph.tensors[t].shape for t in node.inputs[:3])
    rows = node.cost.macs // (key[-2] * (query[-1] + value[-1]))
    return rows * key[-2] * (3 * query[-1] + 2 * value[-1])


rule("_scaled_dot_product_flash_attention_for_cpu", always="* r0 r1", macs=_attention_macs)
rule("_scaled_dot_product_flash_attention", always="* r0 r1 r2 r3 r6 r7", macs=_attention_macs)
rule("_scaled_dot_product_efficient_attention", always="* r0 r1 r2 r3", macs=_attention_macs)


def _lstm_macs(graph: Graph, node: Node) -> int:
    """Those of the weights as many as the forward's, of the states as those of the hidden matrix, of the input as its own."""
    # x [t, n, i], w_ih [4 h, i], w_hh [4 h, h]
    shapes = [graph.tensors[key].shape if isinstance(key, int) else graph.param[key].shape for key in graph.operands(node)[:3]]
    steps = shapes[0][0] * shapes[0][1]
    weights = node.cost.macs if {1, 2} & set(node.wanted) else 0
    return weights + steps * prod(shapes[2]) + (steps * prod(shapes[1]) if 0 in node.wanted else 0)


rule("mkldnn_rnn_layer", always="* r0 r1 r2 r3", macs=_lstm_macs, since=(2, 14))  # before, oneDNN's workspace was larger


def _distance_macs(graph: Graph, node: Node) -> int:
    """For the rows on either side, the weighted sum of those on the other."""
    # [*, r, s] = distances of [*, r, m] and [*, s, m]
    rows = graph.operands(node)[0]
    width = (graph.tensors[rows] if isinstance(rows, int) else graph.param[rows]).shape[-1]
    return len(node.wanted) * prod(graph.tensors[node.outputs[0]].shape) * width


rule("_euclidean_dist", "0 1 r0", macs=_distance_macs)


def _deformed_macs(graph: Graph, node: Node) -> int:
    """The gradient of the sampled values, which those of input, offsets and mask come from, and that of the weight."""
    return node.cost.macs * ((1 in node.wanted) + bool({0, 2, 3} & set(node.wanted)))


rule("deform_conv2d", always="*", macs=_deformed_macs, space="torchvision")

# -- normalisation: the input and its statistics ------------------------------------------------------------------------------

rule("native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_functional cudnn_batch_norm", always="* r1 r2")
rule("_batch_norm_with_update", always="* r1 r2 r3")
rule("native_layer_norm native_group_norm", always="* r1 r2")
rule("_fused_rms_norm", always="* r1")
rule("_weight_norm_interface", always="* r1")

# -- pooling and resampling ---------------------------------------------------------------------------------------------------

rule("avg_pool1d avg_pool2d avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool2d", "0")
rule("max_pool2d_with_indices max_pool3d_with_indices adaptive_max_pool2d adaptive_max_pool3d", "0 r1")
rule("fractional_max_pool2d fractional_max_pool3d", "0 r1")
rule("max_unpool2d max_unpool3d", "1")
rule(
    """
    upsample_linear1d upsample_bilinear2d upsample_bicubic2d upsample_trilinear3d upsample_nearest1d upsample_nearest2d
    upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d _upsample_bilinear2d_aa
    _upsample_bicubic2d_aa
    """
)
rule("grid_sampler_2d grid_sampler_3d", always="0 1")
rule("affine_grid_generator")
rule("_fft_r2c", "0")
rule("_fft_c2r _fft_c2c")
rule("roi_align roi_pool", always="1", space="torchvision")
