"""Weights drawn anew: He, Glorot (Xavier), orthogonal, or every layer's own way."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from archscope.errors import UsageError
from archscope.registry import unknown

Draw = Callable[[Tensor], object]


def _he(weight: Tensor) -> None:
    """He et al. 2015 (arXiv 1502.01852), eq. 10: normal, variance 2 / fan-in."""
    nn.init.kaiming_normal_(weight, nonlinearity="relu")


def _xavier(weight: Tensor) -> None:
    """Glorot and Bengio 2010, eq. 12 and 16: variance 2 / (fan-in + fan-out); drawn from a normal distribution."""
    nn.init.xavier_normal_(weight)


def _orthogonal(weight: Tensor) -> None:
    """Saxe, McClelland and Ganguli 2014 (arXiv 1312.6120), section 3: a random orthogonal matrix, gain 1."""
    nn.init.orthogonal_(weight)


KEEP = ("default", "paper")  # as the network's own code draws them
_DRAWS: dict[str, Draw] = {"he": _he, "xavier": _xavier, "orthogonal": _orthogonal}
CHOICES = (*KEEP, "torch", *_DRAWS)


def check(kind: str, *, built_in: bool) -> None:
    """Raises `UsageError` for a word that is no initialisation, and for "paper" where no paper is known."""
    if kind not in CHOICES:
        raise unknown("initialisation", kind, CHOICES, list_all=True)
    if kind == "paper" and not built_in:
        raise UsageError("--init paper is for the built-in networks", "others are drawn as their own code says: --init default")


def initialise(module: nn.Module, kind: str) -> None:
    """Draws the weights of `module` anew, in place, from torch's random generator.

    Arguments:
        kind: "default" and "paper" leave what the network's constructor has drawn; "torch" draws every layer as torch does where
            nobody says otherwise; "he", "xavier" and "orthogonal" draw every weight of two axes or more of convolutions, linear
            layers and their like, and set their biases to 0. Normalisations and embeddings stay as they are.
    """
    if kind in KEEP:
        return
    with torch.no_grad():
        for m in module.modules():
            if kind == "torch":
                reset = getattr(m, "reset_parameters", None)
                if callable(reset):
                    reset()
            elif not isinstance(m, (nn.Embedding, nn.EmbeddingBag)):
                _draw(m, _DRAWS[kind])


def _draw(module: nn.Module, draw: Draw) -> None:
    own = dict(module.named_parameters(recurse=False))
    weights = [p for name, p in own.items() if "weight" in name and p.dim() >= 2]
    for weight in weights:
        draw(weight)
    if weights:
        for name, parameter in own.items():
            if "bias" in name:
                parameter.zero_()
