"""What a network of diffusers takes, read off its configuration: something noisy, the step, the text that it follows."""

from archscope.graph.input_spec import InputSpec
from archscope.models.hf_sizes import Sizes

FIRST = ("sample", "hidden_states", "timestep", "encoder_hidden_states", "pooled_projections", "class_labels")
"""The likeliest of its inputs, in the order in which they are tried."""

_TEXT_WIDTHS = (
    "joint_attention_dim", "caption_channels", "text_embed_dim", "cap_feat_dim", "text_dim", "encoder_hid_dim",
    "encoder_hidden_states_channels", "cross_attention_dim",
)  # fmt: skip


def of_denoising(sizes: Sizes) -> dict[str, list[InputSpec]]:
    """A noisy image, a clip of 5, or what is left of one after it was cut into patches; the step; the text."""
    if not sizes.denoises:
        return {}
    size, channels = sizes.first("sample_size", default=64), sizes.channels
    noisy, clip, patches = InputSpec((channels, size, size)), InputSpec((channels, 5, 32, 32)), InputSpec((256, channels))
    text, embedding = sizes.first("max_text_seq_length", "text_len", default=77), sizes.first("embedding_dim", default=768)
    widths = [width for name in _TEXT_WIDTHS if (width := sizes.first(name, default=0))] or [768]
    texts = [InputSpec((text, width)) for width in dict.fromkeys(widths)]
    pooled = InputSpec((sizes.first("pooled_projection_dim", default=768),))
    return {
        "sample": [noisy, InputSpec((sizes.first("in_channels", default=3), 4 * size, 4 * size))],
        "hidden_states": [noisy, clip, patches, InputSpec((5, channels, 32, 32)), InputSpec((embedding,))],
        "timestep": [InputSpec((), "int64")],
        "encoder_hidden_states": texts,
        "encoder_attention_mask": [InputSpec((text,), "bool")],
        "pooled_projections": [pooled],
        "proj_embedding": [InputSpec((embedding,))],
        "img_ids": [InputSpec((256, 3))],
        "txt_ids": [InputSpec((text, 3))],
        "controlnet_cond": [InputSpec((sizes.first("conditioning_channels", default=3), 8 * size, 8 * size))],
        "class_labels": [InputSpec((), "int64")],
    }
