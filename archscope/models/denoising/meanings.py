"""What the name of a parameter means in a network that denoises, and how large that is beside what the network cleans.

One function for each meaning, over the names that have it; the first whose pattern a name matches says what the parameter
takes: inputs, the likeliest first. Where it takes a nest of inputs, an alternative is a tuple of them, each with its place in the
nest for a name (see `archscope.models.nests`).
"""

import re
from collections.abc import Callable, Sequence

from archscope.graph.input_spec import PYTHON, InputSpec
from archscope.models.denoising.noise import Noise

Alternatives = Sequence[InputSpec | tuple[InputSpec, ...]]
Meaning = Callable[[Noise, str], Alternatives]

MEANINGS: list[tuple[re.Pattern[str], Meaning]] = []
AUDIO = 32
"""Tokens of the sound that goes with a clip."""

LIKE_MAIN = re.compile(
    r"^(image_latents|context_latents|control_hidden_states|latents|latent_cond|controlnet_cond|controls_latents)$"
)
"""Inputs whose axes are those of what is cleaned."""

_TEXT_WIDTHS = (
    "joint_attention_dim", "caption_channels", "text_embed_dim", "cap_feat_dim", "text_dim", "text_in_dim", "in_text_dim",
    "context_in_dim", "condition_dim", "cond_token_dim", "dit_text_dim", "text_hidden_dim", "llm_features_dim", "encoder_hid_dim",
    "source_dim", "encoder_hidden_states_channels", "encoder_hidden_size", "cross_attention_input_dim", "cross_attention_dim",
)  # fmt: skip
_POOLED_WIDTHS = (
    "pooled_projection_dim", "in_text_dim2", "global_states_input_dim", "global_cond_dim", "clip_text_pooled_in_channels",
    "cond_embed_dim", "projection_class_embeddings_input_dim",
)  # fmt: skip
_IMAGE_WIDTHS = ("image_embed_dim", "image_dim", "image_proj_dim", "siglip_feat_dim")
_CONDITION_WIDTHS = ("ctrl_conditioning_channels", "conditioning_channels")


def called(pattern: str) -> Callable[[Meaning], Meaning]:
    """Registers what names that match the pattern mean."""

    def register(meaning: Meaning) -> Meaning:
        MEANINGS.append((re.compile(pattern), meaning))
        return meaning

    return register


def python(value: object) -> InputSpec:
    """An input that is no tensor."""
    return InputSpec((), PYTHON, values=(value,))


def shared(*sizes: int, dtype: str = "int64", place: str = "") -> InputSpec:
    """One tensor for all examples; of whole numbers unless said."""
    return InputSpec(sizes, dtype, place, shared=True)


# -- numbers and sizes -----------------------------------------------------------------------------------------------------------


@called(r"^(num_frames|height|width|audio_num_frames|scale|und_len|sequence_length|kv_cache_mode)$")
def _number(noise: Noise, name: str) -> Alternatives:
    known = {
        "num_frames": noise.frames, "height": noise.height, "width": noise.width, "audio_num_frames": AUDIO,
        "scale": noise.sizes.first("scales", default=2), "und_len": noise.text, "sequence_length": noise.text + noise.tokens,
        "kv_cache_mode": "extract",
    }  # fmt: skip
    return [python(known[name])]


@called(r"^fps$")
def _rate(noise: Noise, name: str) -> Alternatives:
    return [python(16), InputSpec((), "int64")]


@called(r"(img|token|latent)_shapes$|^shape_list$")
def _patches_along_each_axis(noise: Noise, name: str) -> Alternatives:
    return [python([[noise.grid]]), python([noise.grid])]


@called(r"^(original_size|target_size|crop_coords)$")
def _height_and_width(noise: Noise, name: str) -> Alternatives:
    return [InputSpec((2,))]


@called(r"^(added_time_ids|micro_conds)$")
def _numbers_to_embed(noise: Noise, name: str) -> Alternatives:
    whole = noise.sizes.first("projection_class_embeddings_input_dim", "micro_cond_embed_dim", default=768)
    return [InputSpec((whole // noise.sizes.first("addition_time_embed_dim", "micro_cond_encode_dim", default=256),))]


@called(r"^added_cond_kwargs$")
def _further_conditions(noise: Noise, name: str) -> Alternatives:
    pooled = noise.sizes.first("projection_class_embeddings_input_dim", default=2816)
    ids = 6 * noise.sizes.first("addition_time_embed_dim", default=256)
    return [(InputSpec((2,), name=".resolution"), InputSpec((1,), name=".aspect_ratio")),
            (InputSpec((max(1, pooled - ids),), name=".text_embeds"), InputSpec((6,), name=".time_ids"))]  # fmt: skip


@called(r"^class_labels$|^text_lens$")
def _whole_number(noise: Noise, name: str) -> Alternatives:
    return [InputSpec((), "int64")]


@called(r"^guidance")
def _strength(noise: Noise, name: str) -> Alternatives:
    return [InputSpec(())]


# -- masks -----------------------------------------------------------------------------------------------------------------------


@called(r"^(padding|condition|conditioning|img)_mask$|_token_drop$")
def _mask_of_places(noise: Noise, name: str) -> Alternatives:
    grid, image = (noise.height, noise.width), (8 * noise.height, 8 * noise.width)
    known: dict[str, Alternatives] = {
        "padding_mask": [InputSpec((1, *grid))],
        "condition_mask": [InputSpec((1, noise.frames, *grid))],
        "conditioning_mask": [InputSpec((1, noise.frames, *image)), InputSpec((1, noise.frames, *grid))],
        "img_mask": [_behind_the_text(noise)],
    }
    return known.get(name, [InputSpec((noise.patches,), "bool", values=(0,))])


def _behind_the_text(noise: Noise) -> InputSpec:
    """Where the image stands behind the text, four of its tokens in a place."""
    slots = noise.tokens // 4
    return InputSpec((noise.text + slots,), "bool", values=[0] * noise.text + [1] * slots)


@called(r"^mask$|^(audio_)?(encoder|text|target|source|cap|txt).*mask")
def _mask_of_text(noise: Noise, name: str) -> Alternatives:
    kinds = [InputSpec((noise.text,), dtype, values=(1,)) for dtype in ("bool", "int64", "float32")]
    return [*kinds, InputSpec((1, 1, noise.text), "float32", values=(1,))]


# -- places and indices ----------------------------------------------------------------------------------------------------------


@called(r"^(img_ids|image_ids|txt_ids|position_ids)$")
def _places(noise: Noise, name: str) -> Alternatives:
    axes = len(noise.sizes.listed("axes_dims_rope") or noise.sizes.listed("axes_dims")) or 3
    tokens = {"txt_ids": noise.text, "position_ids": _all_tokens(noise)}.get(name, noise.tokens)
    shape = (tokens, axes)
    return [
        shared(*shape, dtype=""),
        InputSpec(shape),
        InputSpec(shape, "int64"),
        InputSpec((noise.tokens, axes)),
        shared(tokens),
    ]


def _all_tokens(noise: Noise) -> int:
    return noise.text + noise.tokens + (AUDIO if noise.sizes.has("audio_in_channels") else 0)


@called(r"_token_id$")
def _ids_of_patches(noise: Noise, name: str) -> Alternatives:
    return [InputSpec((noise.patches,), "int64")]


@called(r"^vision_(tokens|timesteps|noisy_frame_indexes)$")
def _packed_image(noise: Noise, name: str) -> Alternatives:
    shape = (noise.sizes.first("latent_channel", default=16), noise.frames, noise.height, noise.width)
    return {
        "vision_tokens": [InputSpec(shape, name="[1]")],
        "vision_timesteps": [shared(noise.tokens, dtype="")],
        "vision_noisy_frame_indexes": [shared(noise.frames, place="[1]")],
    }[name]


@called(r"_(indices|indexes|tags)$|^(segment_ids|indicator|indices_latents)$")
def _token_numbers(noise: Noise, name: str) -> Alternatives:
    known = {"text": noise.text, "video": noise.tokens, "vision": noise.tokens, "audio": AUDIO}
    tokens = known.get(name.partition("_")[0], _all_tokens(noise))
    return [
        InputSpec((tokens,), "int64"),
        shared(tokens),
        InputSpec((noise.tokens,), "int64"),
        InputSpec((noise.frames,), "int64"),
    ]


@called(r"_rope_pos$")
def _places_along_each_axis(noise: Noise, name: str) -> Alternatives:
    if name.startswith("text"):
        return [shared(noise.text)]
    return [tuple(shared(size, place=f".{at}") for at, size in enumerate(noise.grid))]


@called(r"rotary_emb")
def _rotations(noise: Noise, name: str) -> Alternatives:
    heads, wide = noise.sizes.first("num_attention_heads", default=1), noise.sizes.first("attention_head_dim", default=64)
    shapes = [(noise.tokens, heads * wide), (heads, noise.tokens, wide // 2), (noise.tokens, wide)]
    return [InputSpec(shape, name="[2]") for shape in shapes]


# -- what is followed ------------------------------------------------------------------------------------------------------------


@called(r"^controlnet_cond$|^controls_latents$")
def _condition(noise: Noise, name: str) -> Alternatives:
    """As large as what is cleaned, or the image that this stands for."""
    channels, image = noise.wide(name, *_CONDITION_WIDTHS, default=3), (8 * noise.height, 8 * noise.width)
    own = noise.sizes.has(*_CONDITION_WIDTHS) or name in noise.widths
    like = noise.shape(name, *_CONDITION_WIDTHS) if own else noise.shape(noise.main)
    shapes = [like, (channels, *image), (channels, noise.frames, *image), (channels, noise.frames, noise.height, noise.width)]
    return [InputSpec(shape) for shape in shapes]


@called(LIKE_MAIN.pattern)
def _like_main(noise: Noise, name: str) -> Alternatives:
    return [InputSpec(noise.shape(name))]


@called(r"^pose_hidden_states$|^face_pixel_values$")
def _person(noise: Noise, name: str) -> Alternatives:
    """Of every frame but the first, which shows the person; four images of the face for each."""
    if name.startswith("pose"):
        return [InputSpec((noise.wide(name, "latent_channels"), noise.frames - 1, noise.height, noise.width))]
    side = noise.sizes.first("motion_encoder_size", default=512)
    return [InputSpec((3, 4 * noise.frames - 7, side, side))]


@called(r"^audio_hidden_states$")
def _sound(noise: Noise, name: str) -> Alternatives:
    return [InputSpec((AUDIO, noise.wide(name, "audio_in_channels", "in_audio_dim")))]


@called(r"image_emb|encoder_hidden_states_image|clip_img|siglip")
def _image(noise: Noise, name: str) -> Alternatives:
    """A vector, or those of the patches of CLIP's image."""
    wide = noise.wide(name, *_IMAGE_WIDTHS)
    return [InputSpec((wide,)), InputSpec((257, wide)), InputSpec((1, wide))]


@called(r"pooled|global_hidden|^proj_embedding$")
def _pooled(noise: Noise, name: str) -> Alternatives:
    wide = noise.wide(name, "embedding_dim" if name == "proj_embedding" else "", *_POOLED_WIDTHS)
    return [InputSpec((wide,)), InputSpec((1, wide))]


@called(r"^encodings_and_masks$")
def _text_and_mask(noise: Noise, name: str) -> Alternatives:
    wide = noise.sizes.first("d_model", default=768)
    return [(InputSpec((noise.text, wide), name=".0.0"), InputSpec((noise.text,), "bool", ".0.1", (1,)))]


@called(r"^(audio_)?encoder_hidden_states|^text_|cap_feats|source_hidden")
def _text(noise: Noise, name: str) -> Alternatives:
    """The states of a text encoder, of its last layer or of several; as long as what is cleaned where they stand beside it."""
    text, wide = noise.text, noise.wide(name, *_TEXT_WIDTHS)
    layers = noise.sizes.first("num_text_layers", "num_layers", default=1)
    if noise.is_list(name):
        every = layers + noise.sizes.first("num_single_layers", default=0)
        return [InputSpec((text, wide), name="[]"), InputSpec((text, wide), name=f"[{every}]")]
    injected = noise.sizes.listed("injection_layer_ids")
    shapes = [(text, wide), (noise.tokens, wide), (noise.length, wide), (text, layers, wide), (1, text, wide)]
    first = [(1 + len(injected), text, wide)] if injected else []
    return [*map(InputSpec, first + shapes), InputSpec((noise.frames, text, wide), packed=True)]


@called(r"_input_ids$")
def _token_ids(noise: Noise, name: str) -> Alternatives:
    return [InputSpec((noise.text,), "int64")]


@called(r"^input_ids$")
def _ids(noise: Noise, name: str) -> Alternatives:
    """Of the codes of an image, or of a text."""
    return [InputSpec((noise.height, noise.width), "int64"), shared(noise.text)]


@called(r"^decoder_input_tokens$")
def _frames_of_sound(noise: Noise, name: str) -> Alternatives:
    return [InputSpec((noise.sizes.first("targets_length", default=256), noise.sizes.first("input_dims", default=128)))]


@called(r"(^|_)(timesteps?|sigma|time)(_|$)|^t$")
def _step(noise: Noise, name: str) -> Alternatives:
    """A step for all that is cleaned, for each frame of it, or for each token."""
    steps = [InputSpec(shape) for shape in ((), (noise.frames,), (1, noise.frames), (noise.tokens,))]
    return [InputSpec((), "int64"), *steps]
