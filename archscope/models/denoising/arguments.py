"""What the parameters of a forward may be given."""

from archscope.graph.input_spec import InputSpec
from archscope.models.denoising.meanings import LIKE_MAIN, MEANINGS, Meaning, python
from archscope.models.denoising.noise import LAYOUTS, Noise

Given = tuple[InputSpec, ...]
"""What one parameter is given: one input, or several that are entries of it."""


def given(noise: Noise, name: str) -> list[Given]:
    """What a parameter may be given, the likeliest first; nothing where neither its name nor the configuration says anything."""
    meaning, value = meaning_of(name), noise.sizes.value(name)
    if meaning is not None:
        return [
            _named(one if isinstance(one, tuple) and not isinstance(one, InputSpec) else (one,), name)
            for one in meaning(noise, name)
        ]
    if value is not None:  # a parameter that the configuration has an entry for
        return [_named((python(value),), name)]
    if name == noise.main:
        return [(InputSpec(noise.shape(name), "int64" if noise.layout == "codes" else "", name),)]
    return []


def meaning_of(name: str) -> Meaning | None:
    """What the name of a parameter means, if anything."""
    return next((meaning for pattern, meaning in MEANINGS if pattern.search(name)), None)


def axis(noise: Noise, name: str) -> int:
    """Where the width of an input stands in its shape, with the batch."""
    axes = LAYOUTS[noise.layout]
    return axes.index("channels") + 1 if (name == noise.main or LIKE_MAIN.search(name)) and "channels" in axes else -1


def is_told(noise: Noise, name: str) -> bool:
    """Whether the configuration may have told the width of an input: an error is then less likely about it."""
    return name == noise.main or not LIKE_MAIN.search(name)


def _named(parts: tuple[InputSpec, ...], name: str) -> Given:
    """The inputs with the parameter's name before their places in it."""
    return tuple(spec.called(f"{name}{spec.name}") for spec in parts)
