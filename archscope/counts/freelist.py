"""The operators that cost nothing, each with its reason. What is neither here nor has a formula is unknown."""

from archscope.counts.formulas import BOOKKEEPING, MOVES, free


def _aten(reason: str, names: str) -> None:
    free(reason, *(f"aten.{name}" for name in names.split()))


_aten(
    "view of existing memory",
    """
    view _unsafe_view reshape _reshape_alias reshape_as view_as view_as_real view_as_complex _conj _neg_view conj resolve_conj
    resolve_neg t numpy_T mT mH matrix_H adjoint transpose permute movedim moveaxis swapaxes swapdims squeeze unsqueeze expand
    expand_as broadcast_to broadcast_tensors flatten ravel unflatten select slice narrow diagonal linalg_diagonal as_strided
    unfold split split_with_sizes unsafe_split unsafe_split_with_sizes chunk unsafe_chunk tensor_split hsplit vsplit dsplit
    unbind alias detach detach_ lift lift_fresh real imag atleast_1d atleast_2d atleast_3d _mkldnn_transpose set_ meshgrid
    positive requires_grad_ values indices _values _indices data
""",
)
_aten(
    MOVES,
    """
    cat concat concatenate stack hstack vstack dstack column_stack row_stack _stack clone contiguous copy copy_ _copy_from
    _chunk_cat narrow_copy constant_pad_nd pad _pad_circular _pad_enum reflection_pad1d reflection_pad2d reflection_pad3d
    replication_pad1d replication_pad2d replication_pad3d roll flip fliplr flipud rot90 repeat repeat_interleave tile tril triu
    diag diag_embed diagflat block_diag pixel_shuffle pixel_unshuffle channel_shuffle native_channel_shuffle im2col max_unpool2d
    max_unpool3d expand_copy view_copy permute_copy slice_copy select_copy split_copy split_with_sizes_copy squeeze_copy
    unsqueeze_copy t_copy transpose_copy unbind_copy unfold_copy alias_copy detach_copy as_strided_copy diagonal_copy
    view_as_real_copy view_as_complex_copy _reshape_copy slice_scatter select_scatter diagonal_scatter as_strided_scatter
    index_copy masked_scatter fill_diagonal_ lift_fresh_copy resize resize_ resize_as resize_as_ pad_sequence
    _pack_padded_sequence _pad_packed_sequence to_padded_tensor _mkldnn_reshape to_mkldnn to_dense complex combinations
    cartesian_prod cpu cuda pin_memory _pin_memory fft_fftshift fft_ifftshift upsample_nearest1d upsample_nearest2d
    upsample_nearest3d _upsample_nearest_exact1d _upsample_nearest_exact2d _upsample_nearest_exact3d _nested_from_padded
    _nested_tensor_from_mask _nested_tensor_from_mask_left_aligned nested_to_padded_tensor _nested_view_from_buffer
    _nested_view_from_buffer_copy _nested_view_from_jagged _nested_get_values
""",
)
_aten("selects elements, no arithmetic", "where masked_fill masked_select _unsafe_masked_index")
_aten("table look-up", "embedding index _unsafe_index index_select gather take take_along_dim")
_aten(
    "fills memory",
    """
    zeros ones full empty zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty new_empty_strided
    empty_strided empty_permuted fill fill_ zero zero_ eye arange range linspace logspace scalar_tensor tril_indices
    triu_indices index_fill _efficientzerotensor hann_window hamming_window blackman_window bartlett_window kaiser_window
    fft_fftfreq fft_rfftfreq tensor as_tensor _empty_affine_quantized _empty_per_channel_affine_quantized
""",
)
_aten(
    "random numbers",
    """
    rand randn randint randperm rand_like randn_like randint_like bernoulli uniform normal log_normal exponential geometric
    cauchy random multinomial poisson binomial bernoulli_ uniform_ normal_ log_normal_ exponential_ geometric_ cauchy_ random_
    _standard_gamma _sample_dirichlet normal_functional
""",
)
_aten(
    "type conversion",
    """
    _to_copy to type_as _autocast_to_reduced_precision _autocast_to_full_precision _cast_Float _cast_Half int_repr
""",
)
_aten("rounds, as a type conversion does", "floor ceil round trunc fix frac special_round frexp")
_aten(
    "asks for a size, a property or a value",
    """
    size stride numel dim sym_size sym_stride sym_numel sym_storage_offset storage_offset is_contiguous is_complex
    is_floating_point is_same_size is_nonzero item _local_scalar_dense _fused_sdp_choice result_type is_pinned _is_zerotensor
    _nested_tensor_size _nested_tensor_strides _nested_tensor_storage_offsets _nested_get_offsets _nested_get_lengths
    _nested_get_ragged_idx _nested_get_min_seqlen _nested_get_max_seqlen _nested_get_jagged_dummy is_coalesced q_scale
    q_zero_point q_per_channel_scales q_per_channel_zero_points q_per_channel_axis qscheme element_size _version is_set_to
""",
)
_aten(
    "an assertion",
    """
    _assert_async _assert_scalar _assert_tensor_metadata _functional_assert_async _functional_assert_scalar sym_constrain_range
    sym_constrain_range_for_size _functional_sym_constrain_range _functional_sym_constrain_range_for_size _linalg_check_errors
""",
)
_aten(
    BOOKKEEPING,
    """
    bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_left_shift bitwise_right_shift __and__ __or__ __xor__ __lshift__
    __rshift__ __iand__ __ior__ __ixor__ gcd lcm one_hot lu_unpack hash_tensor
""",
)
free("passes data between machines", "_c10d_functional.all_gather_into_tensor", "_c10d_functional.all_to_all_single",
     "_c10d_functional.broadcast", "_c10d_functional.wait_tensor")  # fmt: skip
free("asks for a size, a property or a value", "prim.device", "prim.dtype", "prim.layout", "prim.is_meta", "prim.is_cuda")
free(MOVES, "quantized.conv2d_prepack", "quantized.linear_prepack", "prims.device_put")
free("type conversion", "prims.convert_element_type")
