"""Networks of archscope's own: `inception_v4`, `v4` (see `archscope list`)."""

from archscope.models.model import Model, Options
from archscope.models.source import guarded, source, varied
from archscope.zoo import build, catalog


@source("", packages=(), names=lambda: [entry.name for entry in catalog.entries()])
def builtin(name: str, options: Options) -> Model:
    """A network by name or alias."""
    entry = catalog.find(name)
    module = guarded(entry.name, lambda: build(entry.name, **options))
    shape = tuple(entry.input)
    if "in_channels" in options:
        shape = (int(options["in_channels"]), *shape[1:])
    return Model(entry.name, module, (shape,), varied(entry.variant, options), entry.name, dict(options))
