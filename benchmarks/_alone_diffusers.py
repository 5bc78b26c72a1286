"""Whether diffusers itself runs a network of its own from its default configuration: asked without archscope, on the CPU.

For the few whose inputs were not found, these are written by hand from the documentation and the code of their forwards, in several
sizes; a few layers are left where those do not matter. Only where each of them ends in an error of the library's, and the error does
not come from a size, is the library said not to run it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch

Inputs = Mapping[str, Any]


def _sound() -> Iterator[Inputs]:
    for length in (1024, 65_536):
        yield {"sample": torch.randn(1, 2, length), "timestep": torch.tensor(1)}


def _clips() -> Iterator[Inputs]:
    for frames, side in ((1, 64), (8, 64), (9, 128)):
        yield {"sample": torch.randn(1, 3, frames, side, side)}


def _anything() -> Iterator[Inputs]:
    yield {"sample": torch.randn(1, 4, 8, 8)}
    yield {}


def _controlled() -> Iterator[Inputs]:
    for channels, frames in ((16, 1), (128, 2)):
        yield {
            "controls_latents": torch.randn(1, channels, frames, 16, 16), "latents": torch.randn(1, 16, frames, 16, 16),
            "timestep": torch.tensor([1.0]), "encoder_hidden_states": torch.randn(1, 7, 1024),
            "condition_mask": torch.ones(1, 1, frames, 16, 16), "padding_mask": torch.ones(1, 1, 16, 16),
        }  # fmt: skip


def _packed_frames() -> Iterator[Inputs]:
    for image in (None, torch.randn(1, 5, 1152)):
        yield {
            "hidden_states": torch.randn(1, 16, 2, 8, 8), "timestep": torch.tensor([1]), "guidance": torch.ones(1),
            "encoder_hidden_states": torch.randn(1, 7, 4096), "encoder_attention_mask": torch.ones(1, 7),
            "pooled_projections": torch.randn(1, 768), "image_embeds": image, "indices_latents": torch.arange(2),
        }  # fmt: skip


_FEW = {"num_layers": 1, "num_single_layers": 1, "num_refiner_layers": 1}
CASES: dict[str, tuple[Inputs, Callable[[], Iterator[Inputs]]]] = {
    "AutoencoderKLAllegro": ({}, _clips),
    "ControlNetXSAdapter": ({}, _anything),
    "CosmosControlNetModel": ({"n_controlnet_blocks": 1}, _controlled),
    "HunyuanVideoFramepackTransformer3DModel": (_FEW, _packed_frames),
    "UNet1DModel": ({}, _sound),
}
"""By class: entries of the configuration that leave it a few layers, and what it is given."""


def answer(name: str) -> str | None:
    """What diffusers says of the network whatever it is given; None where it runs, or was not asked."""
    import diffusers

    kind = name.removeprefix("hf:")
    if kind not in CASES:
        return None
    config, inputs = CASES[kind]
    module = getattr(diffusers, kind).from_config(config).eval()
    said = [_said(module, given) for given in inputs()]
    return said[0] if all(said) else None


@torch.no_grad()
def _said(module: torch.nn.Module, given: Inputs) -> str | None:
    try:
        module(**given)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0]}"
    return None
