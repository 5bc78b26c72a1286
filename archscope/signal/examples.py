"""What goes into a run: inputs, and a loss of what comes out. All of it is drawn from torch's random generator, which the caller
seeds.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from archscope.errors import ArchscopeError, UsageError
from archscope.graph import Graph, kinds
from archscope.models.source import optional
from archscope.signal.places import channel_axis
from archscope.tracing.tensor_identity import tensors_in

Shapes = Sequence[tuple[int, ...]]
NORMAL = "random inputs, random labels"
_IMAGES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm", ".tif", ".tiff"}


def random_inputs(graph: Graph) -> list[Tensor]:
    """One tensor for each input of the graph: standard normal numbers; for integers, ids that its embeddings know; for truth
    values, all true.
    """
    made = []
    for t in graph.inputs:
        tensor = graph.tensors[t]
        kind: torch.dtype = getattr(torch, tensor.dtype)
        if kind.is_floating_point:
            made.append(torch.randn(tensor.shape).to(kind))
        elif kind is torch.bool:
            made.append(torch.ones(tensor.shape, dtype=kind))
        else:
            made.append(torch.randint(0, _vocabulary(graph, t), tensor.shape).to(kind))
    return made


def _vocabulary(graph: Graph, tensor: int) -> int:
    """How many ids an input may have: the rows of the embedding that reads it; 2 where none does."""
    read = {tensor}
    for node in graph.nodes:
        if read.intersection(node.inputs):
            if kinds.kind(node) == kinds.EMBEDDING and node.params:
                return graph.param[node.params[0]].shape[0]
            if kinds.kind(node) == kinds.RESHAPE:
                read.update(node.outputs)
    return 2


def folder_of_images(folder: str, shapes: Shapes, most: int) -> Tensor:
    """The images of a folder in alphabetical order, at most `most`: [N, C, H, W], each channel with mean 0 and variance 1 over
    all of them. Raises `ArchscopeError` or `UsageError` where there are none, or the network takes no image.
    """
    if len(shapes) != 1 or len(shapes[0]) != 3 or shapes[0][0] not in (1, 3):
        raise UsageError("--images is for networks that take one image of 1 or 3 channels", "leave it out: inputs are random")
    place = Path(folder)
    files = sorted(path for path in place.glob("*") if path.suffix.lower() in _IMAGES) if place.is_dir() else []
    if not files:
        raise ArchscopeError(f"there are no images in {folder}", f"a folder with {', '.join(sorted(_IMAGES))} files")
    image = optional("PIL.Image", "pillow")
    numpy = optional("numpy", "numpy")
    channels, height, width = shapes[0]
    read = []
    for path in files[:most]:
        try:
            with image.open(path) as opened:
                pixels = opened.convert("L" if channels == 1 else "RGB").resize((width, height))
                read.append(torch.from_numpy(numpy.array(pixels, dtype="float32")).reshape(height, width, channels))
        except OSError as error:
            raise ArchscopeError(f"{path} cannot be read as an image: {error}", "leave it out of the folder") from None
    return standardised(torch.stack(read).permute(0, 3, 1, 2))


def digits(shape: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """The 1,797 handwritten digits that scikit-learn ships (8x8, UCI "Optical Recognition of Handwritten Digits"), enlarged to
    the network's input, and their labels 0 to 9. Raises `ArchscopeError` where scikit-learn is missing, `UsageError` for an input
    that is no image.
    """
    if len(shape) != 3:
        raise UsageError("--data digits is for networks that take images", "use --data random")
    found: Any = optional("sklearn.datasets", "scikit-learn").load_digits()
    images = standardised(torch.from_numpy(found.images).float().unsqueeze(1))
    return images, torch.from_numpy(found.target).long()


def enlarged(images: Tensor, shape: tuple[int, ...]) -> Tensor:
    """[B, 1, 8, 8] -> [B, *shape], the same image in every channel."""
    return F.interpolate(images, shape[1:], mode="bilinear", align_corners=False).expand(-1, shape[0], -1, -1).contiguous()


def standardised(images: Tensor) -> Tensor:
    """Each channel with mean 0 and variance 1 over all images."""
    variance, mean = torch.var_mean(images, dim=(0, 2, 3), keepdim=True)
    return (images - mean) / variance.clamp_min(1e-12).sqrt()


def first_output(output: Any) -> Tensor | None:
    """The first floating-point tensor of what a forward returned: of several heads the main one."""
    if isinstance(output, dict):
        output = tuple(output.values())
    if not isinstance(output, (Tensor, list, tuple)) and hasattr(output, "__dict__"):
        output = tuple(vars(output).values())
    return next((tensor for tensor in tensors_in(output) if tensor.is_floating_point()), None)


def loss(graph: Graph, output: Any, labels: Tensor | None = None) -> tuple[Tensor, str] | None:
    """A loss of what a forward returned, and its name; None where there is nothing that it could be taken of.

    Arguments:
        labels: of each example; drawn at random if not given.

    Cross-entropy over the channels, for each place where there are several; mean squared distance to random normal targets where
    there is one channel.
    """
    scores = first_output(output)
    if scores is None or not scores.requires_grad or scores.dim() == 0:
        return None
    scores = scores.float() if scores.dtype in (torch.float16, torch.bfloat16) else scores
    if scores.dim() < 2 or scores.shape[channel_axis(graph, scores.shape)] < 2:
        return F.mse_loss(scores, torch.randn_like(scores)), "mean squared distance to random targets"
    scores = scores.movedim(channel_axis(graph, scores.shape), 1)
    if labels is None:
        labels = torch.randint(0, scores.shape[1], (scores.shape[0], *scores.shape[2:]))
    elif int(labels.max()) >= scores.shape[1] or scores.dim() != 2:
        raise UsageError(f"{graph.name} does not tell 10 classes apart", "use --data random, or --set num_classes=10")
    return F.cross_entropy(scores, labels), "cross-entropy"
