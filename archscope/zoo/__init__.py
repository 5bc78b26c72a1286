"""The networks: one file per family, each readable beside its paper.

Importing the package imports neither a network nor torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from archscope.zoo import catalog
from archscope.zoo.network import NETWORKS

if TYPE_CHECKING:
    from torch import nn


def build(name: str, /, **options: object) -> "nn.Module":
    """A network by name or alias, in training mode, its weights drawn as its paper says (on the meta device: no weights at all).

    Arguments:
        name: "inception_v4", "v4"; see `archscope list`.
        options: its constructor arguments: `num_classes=10`, `aux_heads=True`.

    Raises `UsageError` for an unknown name (naming the nearest), an unknown option or an impossible value. Only the file of the
    network's family is imported.
    """
    entry = catalog.find(name)
    import_module(entry.module)
    network = NETWORKS.find(entry.name)
    network.check(options)
    model: nn.Module = network.build(**options)
    return model


__all__ = ["build", "catalog"]
