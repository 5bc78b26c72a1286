"""Views, copies and look-ups: they keep nothing of their input, at most where they took it from."""

from archscope.training.derivatives import rule

rule(
    """
    view _unsafe_view reshape _reshape_alias view_as alias t transpose permute squeeze unsqueeze unflatten flatten movedim
    swapaxes numpy_T mT adjoint view_as_real view_as_complex real imag lift_fresh resolve_conj resolve_neg _conj
    """,
    "",
    "views",
)
rule("clone contiguous copy positive", "", "passes")
rule(
    """
    expand broadcast_to expand_as select slice narrow diagonal as_strided unfold split split_with_sizes unsafe_split
    unsafe_split_with_sizes chunk unsafe_chunk tensor_split unbind _to_copy copy_ resize
    """
)
rule("cat concat concatenate stack hstack vstack", "", "views")
rule(
    """
    constant_pad_nd roll flip repeat tile rot90 tril triu diag diag_embed pixel_shuffle pixel_unshuffle channel_shuffle
    native_channel_shuffle im2col col2im slice_scatter select_scatter diagonal_scatter complex unfold_copy
    """
)
rule("reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d", "0")
rule("detach detach_ empty_like zeros_like ones_like full_like rand_like randn_like randint_like bernoulli", constant=True)
rule("new_zeros new_ones new_full new_empty new_empty_strided zero fill zero_ fill_ uniform_ normal_ bernoulli_", constant=True)
rule("scalar_tensor _local_scalar_dense item is_nonzero equal one_hot", constant=True)

# -- look-ups: the places are kept --------------------------------------------------------------------------------------------

rule("index _unsafe_index", always="*at")
rule("index_select", always="1")
rule("gather take", always="0 1")
rule("embedding", always="1")
rule("_embedding_bag", always="1 2 r1 r2 r3")
rule("masked_select", "0 1", always="0 1")
rule("scatter scatter_add index_fill", always="1")
rule("index_add index_copy", always="1 2")
rule("index_put _unsafe_index_put _index_put_impl", always="*places")
rule("masked_scatter", always="1")
rule("_pack_padded_sequence", always="r1")
