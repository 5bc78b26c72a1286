"""Receptive fields against autograd, with nothing of a network replaced: only its weights are made positive.

    python -m tests.autograd_fields                 every network of the zoo, and the CNNs of `convolutional_networks`
    python -m tests.autograd_fields alexnet timm:hrnet_w18_small ...

The gradient of one place of the last feature map is taken with respect to the input: where it is not zero is what that place
sees. Positive weights, small positive inputs and float64 keep every path open; where a maximum chooses one of several paths, many
channels and several draws make sure that each is chosen somewhere. The interval must be the predicted one, cut at the border. An
axis that is said to see the whole input must be touched wherever any place touches it.

What matters of a gradient is where it is zero, not how large it is. At the edge of a field it is one product of as many small
weights as the network is deep: 1e-400 in a DenseNet-201, which float64 holds as 0. So on its way back each module hands on
the sign of the gradient, and on its way there each layer with weights keeps what it makes at one size.
`python -m tests.autograd_fields --raw NAME...` does without both, and shows what is lost then.

Each axis has a canvas of its own, longer than the predicted field and narrow across. The field is traced on that canvas too.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from archscope.errors import ArchscopeError
from archscope.graph import Graph
from archscope.metrics.receptive_fields import Axis, Field, feature_maps
from archscope.models.loading import load
from archscope.tracing.forward_pass import trace
from archscope.tracing.one_forward import TraceError
from archscope.values import Absent

ACROSS, LONGEST, NARROW = 64, 8192, 16
SMALL = 1e-6  # inputs far below the 6 of relu6
DRAWS = 12


MANY = 16  # blocks in a row, from which on what is inside of them is computed again on the way back
raw = False


class Target(NamedTuple):
    """The last feature map that a module hands on: the module's path, which of its runs, the field, the nodes so far."""

    path: str
    run: int
    field: Field
    nodes: int


class ReachedError(Exception):
    """The forward has come as far as it has to."""


Build = Callable[[str], nn.Module]
"""Device -> a network on it."""


def named(name: str) -> tuple[Build, tuple[int, ...]]:
    """A network by name, and its own input."""
    return lambda device: load(name, device=device).module, load(name).shapes[0]


def verdict(build: Build, shape: tuple[int, ...]) -> str:
    """ "equal", "whole", "absent: ..." or "WRONG: ..." for one network."""
    found = target(traced(build, shape))
    if isinstance(found, Absent):
        return f"absent: {found.reason}"
    words = []
    for at, axis in enumerate(found.field):
        words.append(on_canvas(build, at, canvas(shape, at, axis)) or on_canvas(build, at, shape) or "no forward")
    for begin in ("WRONG", "absent", "no forward"):
        for word in words:
            if word.startswith(begin):
                return word
    return "whole" if "whole" in words else "equal"


def traced(build: Build, shape: tuple[int, ...]) -> Graph:
    """The graph at this input; of a forward that does not take it, what ran before it stopped."""
    try:
        return trace(build("meta"), torch.empty(1, *shape, device="meta"))
    except TraceError as error:
        return error.graph


def target(graph: Graph) -> Target | Absent:
    """The last feature map that is a module's output."""
    made: dict[int, int] = {}
    for call in graph.calls[1:]:
        nodes = graph.inside(call.id)
        if nodes and nodes[-1].outputs:
            made.setdefault(nodes[-1].outputs[0], call.id)
    for tensor, field in feature_maps(graph):
        if isinstance(field, Absent):
            return field
        call = made.get(tensor)
        if call is not None and all(axis.whole or len(axis.reads) == 1 for axis in field):
            path = graph.calls[call].path
            nodes = next(i for i, node in enumerate(graph.nodes) if tensor in node.outputs) + 1
            return Target(path, sum(c.path == path for c in graph.calls[:call]), field, nodes)
    return Absent("no module hands on a feature map")


def canvas(shape: tuple[int, ...], at: int, axis: Axis) -> tuple[int, ...]:
    """An input that holds the field along this axis, and is narrow across."""
    if not isinstance(axis.size, int):
        return shape
    length = axis.size + 8 * int(axis.stride) + 64
    across = NARROW if length > LONGEST // 2 else ACROSS
    sides = [min(side, across) if len(shape) == 3 else side for side in shape[1:]]
    sides[at] = min(-(-length // 64) * 64, LONGEST)  # every halving comes out even
    return (shape[0], *sides)


def on_canvas(build: Build, at: int, shape: tuple[int, ...]) -> str:
    """The verdict along one axis; "" where the network does not take this canvas."""
    graph = traced(build, shape)
    found = target(graph)
    if isinstance(found, Absent):
        return f"absent: {found.reason}"
    axis = found.field[at]
    read = {param for node in graph.nodes[: found.nodes] for param in node.params}
    seen: dict[int, tuple[int, int]] = {}
    everywhere: tuple[int, int] = (shape[1 + at], -1)
    for draw in range(DRAWS):
        torch.manual_seed(draw)
        network = build("cpu").eval()
        positive(network, read, 1 if draw % 2 else 3)
        frugal(network)
        image = (SMALL * spread(torch.empty(1, *shape, dtype=torch.float64))).requires_grad_()
        with nullcontext() if raw else one_size():  # also on the way back, where blocks may be computed again
            output = output_of(network, found, image)
            if output is None:
                return ""
            dim, positions = probes(axis, output)
            for position in positions:
                seen[position] = wider(seen.get(position), touched(output.select(dim, position).sum(), image, 2 + at))
            if axis.whole:
                everywhere = wider(everywhere, touched(output.sum(), image, 2 + at))
        wanted = {p: everywhere if axis.whole else expected(axis, p, shape[1 + at]) for p in positions}
        outside = [p for p in positions if seen[p][0] < wanted[p][0] or seen[p][1] > wanted[p][1]]
        if outside or seen == wanted:
            break
    if seen == wanted:
        return "whole" if axis.whole else "equal"
    p = (outside or [p for p in seen if seen[p] != wanted[p]])[0]
    return f"WRONG: {found.path} axis {at} on {shape}: place {p} sees {seen[p]}, predicted {wanted[p]}{' whole' * axis.whole}"


def positive(network: nn.Module, read: set[str], damping: float) -> None:
    """Positive weights that keep the size of what passes: an average over what is added up; biases of 0. Only of the parameters
    that are read on the way: the others may be large.

    Arguments:
        damping: what scales are divided by: with 3, sums over many blocks stay small; with 1, gradients through very many layers
            do not fall below what float64 can hold.
    """
    for name, parameter in network.named_parameters():
        if name not in read:
            continue
        draw = torch.zeros(parameter.shape, dtype=torch.float64)
        if not name.endswith("bias"):
            spread(draw).div_(parameter[0].numel() if parameter.dim() > 1 else damping)
        parameter.data = draw
    for buffer in network.buffers():
        if buffer.is_floating_point():
            buffer.data = buffer.data.double()


@contextmanager
def one_size() -> Iterator[None]:
    """Within it, what a layer with weights makes is scaled to a small size, by a constant; gradients become their signs."""

    def scaled(module: nn.Module, inputs: Any, output: Any) -> Any:
        if not isinstance(output, torch.Tensor) or not output.requires_grad:
            return None
        if isinstance(module, nn.Conv2d | nn.Linear) and bool(size := output.detach().abs().amax()):
            output = output * (SMALL / size)
        output.register_hook(torch.sign)
        return output

    handle = nn.modules.module.register_module_forward_hook(scaled)
    try:
        yield
    finally:
        handle.remove()


def frugal(network: nn.Module) -> None:
    """Of many blocks in a row only the inputs are kept for the way back; a single layer may write on its input."""
    for row in network.modules():
        if isinstance(row, nn.Sequential) and len(row) >= MANY:
            for block in (block for block in row if any(block.children())):
                block.forward = partial(checkpoint, block.forward, use_reentrant=False)


def spread(draw: torch.Tensor) -> torch.Tensor:
    """Positive numbers of very different sizes, 1 on average: channels that are alike would choose the same maximum."""
    draw.normal_(std=4).exp_()
    return draw.div_(draw.mean())


def output_of(network: nn.Module, found: Target, image: torch.Tensor) -> torch.Tensor | None:
    """What the module of the target hands on in the run in question; None where the forward fails before."""
    outputs: list[Any] = []

    def keep(module: nn.Module, inputs: Any, output: Any) -> None:
        outputs.append(output)
        if len(outputs) > found.run:
            raise ReachedError

    handle = network.get_submodule(found.path).register_forward_hook(keep)
    try:
        network(image)
    except ReachedError:
        pass
    except Exception:
        return None
    finally:
        handle.remove()
    output = outputs[-1] if outputs else None
    while isinstance(output, (tuple, list)):
        output = output[-1]
    return output if isinstance(output, torch.Tensor) else None


def probes(axis: Axis, output: torch.Tensor) -> tuple[int, list[int]]:
    """The dimension to look along, and positions of it: in the middle, as many as differ (four at most)."""
    if axis.dim < 0:
        return output.dim() - 1, [0]
    size = output.shape[axis.dim]
    if axis.whole:
        return axis.dim, [size // 2]
    return axis.dim, list(range(size // 2, min(size // 2 + min(len(axis.reads[0].seen), 4), size)))


def expected(axis: Axis, place: int, length: int) -> tuple[int, int]:
    """The predicted interval, cut at the border."""
    low, high = axis.reads[0].at(place) or (0, -1)
    return max(low, 0), min(high, length - 1)


def touched(value: torch.Tensor, image: torch.Tensor, axis: int) -> tuple[int, int]:
    """First and last input position along an axis where the gradient is not zero."""
    (gradient,) = torch.autograd.grad(value, image, retain_graph=True)
    others = [dim for dim in range(gradient.dim()) if dim != axis]
    positions = gradient.abs().amax(others).nonzero().flatten()
    return (int(positions[0]), int(positions[-1])) if len(positions) else (image.shape[axis], -1)


def wider(a: tuple[int, int] | None, b: tuple[int, int]) -> tuple[int, int]:
    """The interval around both."""
    return b if a is None else (min(a[0], b[0]), max(a[1], b[1]))


def convolutional_networks(most: int = 100_000_000) -> Iterator[str]:
    """CNNs of timm and torchvision, one to three of each family that timm calls by a name, below a number of parameters."""
    import timm
    from torchvision import models

    for name in models.list_models(module=models):
        if not name.startswith(("vit", "swin", "maxvit")):
            yield f"torchvision:{name}"
    yield from ("torchvision:segmentation.fcn_resnet50", "torchvision:segmentation.lraspp_mobilenet_v3_large")
    without = ("vit", "deit", "swin", "beit", "cait", "eva", "mixer", "flexi", "samvit", "hiera", "naflex", "csatv2", "dinov")
    seen: dict[str, int] = {}
    for name in timm.list_models():
        module = timm.models.model_entrypoint(name).__module__
        if module.rpartition(".")[2].startswith("vision_transformer") or any(word in name for word in without):
            continue
        seen[module] = seen.get(module, 0) + 1
        if seen[module] % 3 == 1 and seen[module] <= 21:
            yield f"timm:{name}"


def main(words: list[str]) -> None:
    from archscope.zoo import catalog

    global raw
    raw = "--raw" in words
    words = [word for word in words if word != "--raw"]
    torch.set_num_threads(1)
    names = words or [*(entry.name for entry in catalog.entries()), *convolutional_networks()]
    counts: dict[str, int] = {}
    for name in names:
        start = time.perf_counter()
        try:
            params = sum(p.numel() for p in load(name).module.parameters())
            found = verdict(*named(name)) if params < 100_000_000 or ":" not in name else "too large: over 100 M parameters"
        except (ArchscopeError, RuntimeError, ValueError) as error:
            found = f"no trace: {str(error).splitlines()[0]}"
        gc.collect()
        kind = found.partition(":")[0]
        counts[kind] = counts.get(kind, 0) + 1
        print(f"{name:45} {time.perf_counter() - start:6.1f} s  {found}", flush=True)  # noqa: T201
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))  # noqa: T201
    sys.exit("WRONG" in counts)


if __name__ == "__main__":
    main(sys.argv[1:])
