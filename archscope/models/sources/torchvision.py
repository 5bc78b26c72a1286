"""Builders of torchvision.models, without weights: `torchvision:resnet50`."""

import contextlib
import inspect
from typing import TYPE_CHECKING, Any

from archscope.models.model import Model, Options
from archscope.models.source import checked, guarded, optional, source, varied
from archscope.registry import unknown

if TYPE_CHECKING:
    from torch import nn


def _names() -> list[str]:
    names: list[str] = optional("torchvision.models", "torchvision").list_models()
    return names


@source("torchvision", packages=("torchvision",), names=_names)
def torchvision(name: str, options: Options) -> Model:
    """A model of any of its tasks."""
    models = optional("torchvision.models", "torchvision")
    if name not in models.list_models():
        raise unknown("torchvision model", name, models.list_models())
    build = models.get_model_builder(name)
    # Backbone weights are a download too; only the detection and segmentation builders know that argument.
    extra = {"weights_backbone": None} if "weights_backbone" in inspect.signature(build).parameters else {}
    module = guarded(name, lambda: build(weights=None, **extra, **checked(name, build, options)))
    return Model(
        name,
        module,
        (_input(models, name, module),) * (2 if name in models.list_models(module=models.optical_flow) else 1),
        varied(f"torchvision's {name}", options),
        f"torchvision:{name}",
        dict(options),
    )


def _input(models: Any, name: str, module: "nn.Module") -> tuple[int, ...]:
    """The size that it is built for, or the crop size of its published weights; where there is neither, what its family uses."""
    with contextlib.suppress(ValueError, KeyError, StopIteration):
        weights = next(iter(models.get_model_weights(name)))
        size = getattr(weights.transforms(), "crop_size", [224])
        side: Any = getattr(module, "image_size", size[0] if isinstance(size, list) else size)
        frames = weights.meta.get("clip_len") or (16 if name in models.list_models(module=models.video) else None)
        return (3, frames, side, side) if frames else (3, side, side)
    built_for: Any = getattr(module, "image_size", 224)
    return (3, built_for, built_for)
