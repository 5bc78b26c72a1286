"""Sizes that a configuration of transformers or diffusers tells, wherever in it they stand."""

from typing import Any

_PARTS = ("vision_config", "text_config", "audio_config", "encoder", "encoder_config", "backbone_config", "thinker_config")
_VIDEO = {"videomae", "vivit", "timesformer", "vjepa2"}


class Sizes:
    """Looks entries up in a configuration and in its parts.

    Attributes:
        is_video: whether its images are clips.
    """

    def __init__(self, config: Any) -> None:
        parts = [config, *(_entry(config, part) for part in _PARTS)]
        self._parts = [part for part in parts if part is not None]
        self.is_video = getattr(config, "model_type", "") in _VIDEO

    def first(self, *names: str, default: int) -> int:
        """The first of these entries that is a number, or a list that begins with one."""
        for part in self._parts:
            for name in names:
                value = _entry(part, name)
                if isinstance(value, (list, tuple)) and value:
                    value = value[0]
                if isinstance(value, int) and not isinstance(value, bool):
                    return value
        return default

    def listed(self, name: str) -> list[Any]:
        """The items of an entry that is a list; none where it is not there."""
        found = (_entry(part, name) for part in self._parts)
        return next((list(value) for value in found if isinstance(value, (list, tuple))), [])

    def at(self, name: str, index: int, default: int) -> int:
        """One item of a list, or the entry itself where it is a number."""
        items = self.listed(name)
        return int(items[index]) if items else self.first(name, default=default)

    def of_layers(self, name: str, default: int) -> dict[str, int]:
        """An entry for each kind of layer, as its first layer has it."""
        part: Any = next((part for part in self._parts if isinstance(_entry(part, "layer_types"), (list, tuple))), {})
        kinds, layers = list(_entry(part, "layer_types") or ()), _entry(part, "per_layer_config")
        first = {kind: layers[kinds.index(kind)] if layers else part for kind in dict.fromkeys(kinds)}
        told = {kind: _entry(layer, name) for kind, layer in first.items()}
        return {kind: size if isinstance(size, int) else default for kind, size in told.items()}

    def has(self, *names: str) -> bool:
        """Whether one of these entries is there and says something."""
        return any(_entry(part, name) is not None for part in self._parts for name in names)

    def value(self, name: str) -> Any:
        """An entry as it is; None where it is not there."""
        return next((value for part in self._parts if (value := _entry(part, name)) is not None), None)

    @property
    def tokens(self) -> int:
        """A sequence length: 128, or what the network has places for."""
        places = self.first("max_position_embeddings", "n_positions", default=128)
        return min(128, places) if places > 0 else 128

    @property
    def width(self) -> int:
        """Of its hidden states."""
        return self.first("hidden_size", "d_model", "embed_dim", "n_embd", default=768)

    @property
    def channels(self) -> int:
        """Of its images."""
        return self.first("num_channels", "in_channels", "in_chans", default=3)

    @property
    def mels(self) -> int:
        """Bands of its spectrograms."""
        return self.first(
            "num_mel_bins",
            "feature_size",
            "input_feat_per_channel",
            "mel_bins",
            "mel_dim",
            "input_feat_size",
            "input_dim",
            default=80,
        )

    @property
    def image(self) -> tuple[int, int]:
        """Height and width of its images."""
        for part in self._parts:
            size = _entry(part, "image_size")
            if isinstance(size, int):
                return size, size
            if isinstance(size, (list, tuple)) and len(size) == 2:
                return int(size[0]), int(size[1])
        return 224, 224


def _entry(part: Any, name: str) -> Any:
    if isinstance(part, dict):
        return part.get(name)
    try:
        return getattr(part, name, None)
    except Exception:  # some configurations refuse to say for all layers what each layer has of its own
        return None
