"""How large what a network cleans is, and how its axes lie: read off the configuration, small where that says nothing."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import nn

from archscope.models.hf_sizes import Sizes

LAYOUTS = {
    "vector": ("channels",),
    "image": ("channels", "height", "width"),
    "clip": ("channels", "frames", "height", "width"),
    "frames": ("frames", "channels", "height", "width"),
    "tokens": ("tokens", "channels"),
    "signal": ("channels", "length"),
    "mono": ("one", "length"),
    "stereo": ("two", "length"),
    "samples": ("length",),
    "spectrogram": ("one", "bins", "length"),
    "last": ("frames", "height", "width", "channels"),
    "patches": ("tokens", "channels", "patch_t", "patch", "patch"),
    "codes": ("height", "width"),
}
"""The axes of the main input, without the batch, in the order in which they are tried."""

_WIDTHS = (
    "audio_acoustic_hidden_dim", "in_channels", "in_visual_dim", "latent_dim", "io_channels", "input_dims", "in_dim",
    "latent_channels", "audio_channels", "hidden_size",
)  # fmt: skip
_OF_PLACES = {"img_ids", "img_shapes", "num_frames", "txt_ids", "position_ids", "image_rotary_emb"}
_OF_SOUND = ("audio_channels", "sampling_rate", "sample_rate", "dit_dim", "io_channels")
_OF_TIME = (
    "patch_size_t",
    "temporal_expansions",
    "temporal_compression_ratio",
    "temporal_downsample_blocks",
    "temperal_downsample",
)
_SEEN, _LATENT = (17, 256, 256), (5, 32, 32)  # frames, height and width of what an autoencoder sees, and of what it makes of it
_HEARD, _LATENT_SOUND = 65_536, 256  # samples


@dataclass(frozen=True)
class Noise:
    """The sizes of all inputs of a network.

    Attributes:
        main: name of the parameter that takes what is cleaned: the first of forward.
        lists: names of parameters that take lists, as the forward's annotations say.
        layout: how its axes lie, one of LAYOUTS.
        sizes: of the configuration.
        frames, height, width: of what is cleaned; counted in tokens where it was cut into these before.
        length: of a signal.
        text: tokens of the text.
        widths: of inputs by name, where a forward has shown them.
    """

    main: str
    lists: frozenset[str]
    layout: str
    sizes: Sizes
    frames: int
    height: int
    width: int
    length: int
    text: int
    widths: Mapping[str, int] = field(default_factory=dict)

    def wide(self, name: str, *entries: str, default: int = 768) -> int:
        """The width of an input: what a forward has shown, else the first of these entries of the configuration."""
        return self.widths.get(name) or self.sizes.first(*entries, default=0) or default

    def shown(self, name: str, width: int) -> "Noise":
        """The same, with the width of an input as a forward has shown it."""
        return replace(self, widths={**self.widths, name: width})

    def is_list(self, name: str) -> bool:
        """Whether the forward says that it takes a list of these."""
        return name in self.lists

    @property
    def patch(self) -> tuple[int, int, int]:
        """Frames, height and width of a patch."""
        if len(self.sizes.listed("patch_size")) == 3:
            time, high, wide = (self.sizes.at("patch_size", at, default=1) for at in range(3))
            return time, high, wide
        side = self.sizes.first("patch_size", "latent_patch_size", default=1)
        return self.sizes.first("patch_size_t", default=1), side, side

    @property
    def grid(self) -> tuple[int, int, int]:
        """Patches along each axis."""
        if self.layout == "tokens":
            return self.frames, self.height, self.width
        time, high, wide = self.patch
        return self.frames // time, self.height // high, self.width // wide

    @property
    def tokens(self) -> int:
        """How many patches there are."""
        time, high, wide = self.grid
        return time * high * wide

    @property
    def patches(self) -> int:
        """How many of them an image, or one frame, has."""
        return self.grid[1] * self.grid[2]

    def shape(self, name: str, *entries: str) -> tuple[int, ...]:
        """Of the main input, or of one that is like it.

        Arguments:
            entries: of the configuration that tell its width; those of the main input's otherwise.
        """
        known = {
            "channels": self.wide(name, *(entries or _WIDTHS), default=3), "frames": self.frames, "height": self.height,
            "width": self.width, "tokens": self.tokens, "length": self.length, "one": 1, "two": 2,
            "bins": self.sizes.first("mel_bins", default=64), "patch_t": self.patch[0], "patch": self.patch[2],
        }  # fmt: skip
        return tuple(known[axis] for axis in LAYOUTS[self.layout])


def noises(module: nn.Module, config: Any) -> Iterator[Noise]:
    """What the network may clean, the likeliest first."""
    sizes, parameters = Sizes(config), inspect.signature(module.forward).parameters
    main = next(iter(parameters), "")
    steps = any(re.search(r"time|sigma|^t$", name) for name in parameters)
    latent = steps or re.fullmatch(r"z|latents|mel", main) is not None
    likely = [one for one in _likely(set(parameters), sizes) if one != "vector"]
    base = Noise(
        main=main,
        lists=frozenset(name for name, p in parameters.items() if "list" in str(p.annotation).lower()),
        layout="",
        sizes=sizes,
        frames=_frames(sizes, _LATENT[0] if latent else _SEEN[0]),
        height=0,
        width=0,
        length=sizes.first("sample_size", default=1024 if steps else _LATENT_SOUND if latent else _HEARD),
        text=sizes.first("max_text_seq_length", "text_len", "max_sequence_length", default=77),
    )
    unlikely = [one for one in LAYOUTS if one not in likely and (one != "vector" or "proj_embedding" in parameters)]
    for layout in [*likely, *unlikely] if "proj_embedding" not in parameters else [*unlikely, *likely]:
        high, wide = _sides(layout, sizes, latent)
        one = replace(base, layout=layout, height=high, width=wide)
        if layout == "tokens" and "num_frames" not in parameters:
            one = replace(one, frames=1)
        if layout == "clip":  # an image may be a clip of one frame; some compress more frames than others
            first = [] if layout in likely else [replace(one, frames=1)]
            yield from [*first, one, replace(one, frames=1), replace(one, frames=2 * one.frames - 1)]
        else:
            yield one


def _frames(sizes: Sizes, default: int) -> int:
    """Frames of a clip of latents where the configuration tells the frames that are seen, of such a clip otherwise."""
    seen, by = sizes.first("sample_frames", default=0), sizes.first("temporal_compression_ratio", default=0)
    return sum(sizes.listed("chunk_partition")) or ((seen - 1) // by + 1 if seen and by else seen) or default


def _sides(layout: str, sizes: Sizes, latent: bool) -> tuple[int, int]:
    """Height and width: those of the configuration, but small for clips of images that are seen."""
    if layout == "tokens":
        return 16, 16
    side = sizes.first("sample_size", default=0)
    high, wide = _LATENT[1:] if latent else _SEEN[1:]
    if layout == "image" and latent:
        high, wide = 2 * high, 2 * wide
    told = sizes.first("sample_height", default=side or high), sizes.first("sample_width", default=side or wide)
    return (min(told[0], high), min(told[1], wide)) if layout == "clip" and not latent else told


def _likely(names: set[str], sizes: Sizes) -> Iterator[str]:
    blocks = str(sizes.listed("down_block_types"))
    if names & _OF_PLACES and "sample" not in names:
        yield "tokens"
    if sizes.has(*_OF_SOUND):
        yield from ("signal", "tokens", "spectrogram")
    if sizes.has(*_OF_TIME) or len(sizes.listed("patch_size")) == 3 or re.search("3D|Motion", blocks):
        yield from ("clip", "frames", "last")
    if "Temporal" in blocks:
        yield "frames"
    yield "image"
