"""Models of timm, without weights: `timm:convnext_tiny`."""

from archscope.models.model import Model, Options
from archscope.models.source import guarded, optional, source, varied
from archscope.registry import unknown


def _names() -> list[str]:
    names: list[str] = optional("timm", "timm").list_models()
    return names


@source("timm", packages=("timm",), names=_names)
def timm(name: str, options: Options) -> Model:
    """A model by its architecture's name."""
    library = optional("timm", "timm")
    if not library.is_model(name):
        raise unknown("timm model", name, library.list_models())
    module = guarded(name, lambda: library.create_model(name, pretrained=False, **options))
    shape = tuple(module.default_cfg.get("input_size", (3, 224, 224)))
    shape = (int(options.get("in_chans", shape[0])), *shape[1:])
    return Model(name, module, (shape,), varied(f"timm's {name}", options), f"timm:{name}", dict(options))
