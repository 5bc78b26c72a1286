"""What a claim can be about: Graph -> the figure that the source gives. No torch."""

from collections.abc import Callable
from math import prod
from typing import NamedTuple

from archscope import metrics
from archscope.conventions import CONVENTIONS
from archscope.graph import Graph, Node, kinds
from archscope.registry import Registry
from archscope.zoo.cards import Card, Value


class Subject(NamedTuple):
    """What a claim is about: the part of the network, the whole, its card, and the path of the part."""

    part: Graph
    whole: Graph
    card: Card
    path: str


def subject(card: Card, whole: Graph, path: str) -> Subject:
    """The part of a network that a claim is about: the modules of these paths ("stem.conv1 + stem.conv2"); the whole for ""."""
    if not path:
        return Subject(whole, whole, card, path)
    parts = [whole.within(name) for name in path.split(" + ")]
    part = parts[0] if len(parts) == 1 else whole.select(node for part in parts for node in part.nodes)
    return Subject(part, whole, card, path)


Quantity = Callable[[Subject], Value]
QUANTITIES: Registry[Quantity] = Registry("quantity")
SPELLED = frozenset({"fvcore_macs"})
"""Those that only a trace with the spelling of its Python can tell."""


def number(metric: Callable[[Graph], int | None], graph: Graph) -> int:
    """A metric that every graph has."""
    return metric(graph) or 0


@QUANTITIES.register("params")
def _params(subject: Subject) -> int:
    return number(metrics.params, subject.part)


@QUANTITIES.register("trainable_params")
def _trainable_params(subject: Subject) -> int:
    return number(metrics.trainable_params, subject.part)


@QUANTITIES.register("buffers")
def _buffers(subject: Subject) -> int:
    return number(metrics.buffers, subject.part)


def _elements(part: Graph, *names: str) -> int:
    """Of these tensors of the batch normalisations."""
    return sum(p.numel for p in part.params if p.module.startswith("BatchNorm") and p.name.rpartition(".")[2] in names)


@QUANTITIES.register("conv_params")
def _conv_params(subject: Subject) -> int:
    """Weights and biases of the convolutions alone."""
    return sum(p.numel for p in subject.part.params if p.module == "Conv2d")


@QUANTITIES.register("params_without_gamma")
def _params_without_gamma(subject: Subject) -> int:
    """Parameters, had the batch normalisations no scale."""
    return number(metrics.params, subject.part) - _elements(subject.part, "weight")


def _with_statistics(part: Graph) -> int:
    """Parameters and the moving means and variances of the batch normalisations, as Keras counts."""
    return number(metrics.params, part) + _elements(part, "running_mean", "running_var")


def _as_keras(part: Graph) -> int:
    """As Keras counts, where the batch normalisations have no scale."""
    return _with_statistics(part) - _elements(part, "weight")


def _linear_params(part: Graph) -> int:
    """Of the linear layers: what Keras leaves out with include_top=False."""
    return sum(p.numel for p in part.params if p.module == "Linear")


@QUANTITIES.register("params_and_statistics")
def _params_and_statistics(subject: Subject) -> int:
    return _with_statistics(subject.part)


@QUANTITIES.register("keras_params")
def _keras_params(subject: Subject) -> int:
    return _as_keras(subject.part)


@QUANTITIES.register("params_and_statistics_no_top")
def _params_and_statistics_no_top(subject: Subject) -> int:
    return _with_statistics(subject.part) - _linear_params(subject.part)


@QUANTITIES.register("keras_params_no_top")
def _keras_params_no_top(subject: Subject) -> int:
    return _as_keras(subject.part) - _linear_params(subject.part)


@QUANTITIES.register("params_and_statistics_bytes")
def _params_and_statistics_bytes(subject: Subject) -> int:
    return 4 * _with_statistics(subject.part)


@QUANTITIES.register("keras_params_bytes")
def _keras_params_bytes(subject: Subject) -> int:
    return 4 * _as_keras(subject.part)


@QUANTITIES.register("state_bytes")
def _state_bytes(subject: Subject) -> int:
    return number(metrics.state_bytes, subject.part)


@QUANTITIES.register("layers_with_params")
def _layers_with_params(subject: Subject) -> int:
    """Modules that hold parameters: convolutions, normalisations, linear layers."""
    return len({p.name.rpartition(".")[0] for p in subject.part.params if not p.buffer})


@QUANTITIES.register("macs")
def _macs(subject: Subject) -> int:
    return number(metrics.macs, subject.part)


@QUANTITIES.register("fvcore_macs")
def _fvcore_macs(subject: Subject) -> int:
    """As fvcore counts, and timm with it: with normalisations and adaptive pooling."""
    return CONVENTIONS.find("fvcore").count(subject.part)


@QUANTITIES.register("conv_macs")
def _conv_macs(subject: Subject) -> int:
    """Multiply-accumulates of the convolutions alone."""
    return sum(node.cost.macs for node in subject.part.nodes if kinds.kind(node) == kinds.CONVOLUTION)


@QUANTITIES.register("depth")
def _depth(subject: Subject) -> int:
    return number(metrics.weighted_depth, subject.part)


@QUANTITIES.register("keras_depth")
def _keras_depth(subject: Subject) -> int:
    """Layers on the longest path, the input among them, as Keras has layers."""
    part = subject.part
    depth: dict[int, int] = {}
    for node in part.nodes:
        here = max((depth.get(t, 1) for t in node.inputs), default=1) + _is_keras_layer(part, node)
        depth.update(dict.fromkeys(node.outputs, here))
    return max(depth.values())


_LAYERS = (kinds.CONVOLUTION, kinds.LINEAR, kinds.POOLING, kinds.NORMALISATION, kinds.JOIN, kinds.REDUCTION)


def _is_keras_layer(part: Graph, node: Node) -> bool:
    """An activation function straight after a convolution or a linear layer is an argument of that layer; what scales a branch
    is one layer with the sum; flattening is a layer where there is more than one place to flatten. Adaptive pooling to the size
    that the map has already is no layer.
    """
    kind = kinds.kind(node)
    before = part.producer.get(node.inputs[0]) if node.inputs else None
    if kind == kinds.ACTIVATION:
        return before is not None and kinds.kind(before) not in (kinds.CONVOLUTION, kinds.LINEAR)
    if kind == kinds.RESHAPE:
        return len(part.tensors[node.outputs[0]].shape) == 2 and prod(part.tensors[node.inputs[0]].shape[2:]) > 1
    if kind == kinds.POOLING and "adaptive" in node.op:
        return part.tensors[node.outputs[0]].shape != part.tensors[node.inputs[0]].shape
    return kind in _LAYERS or (node.op.startswith("aten.add") and len(node.inputs) == 2)


@QUANTITIES.register("convolutions")
def _convolutions(subject: Subject) -> int:
    return number(metrics.convolutions, subject.part)


@QUANTITIES.register("neurons")
def _neurons(subject: Subject) -> int:
    """Outputs of the layers with weights: the "activations" that metrics.py counts."""
    return number(metrics.layer_activations, subject.part)


@QUANTITIES.register("blocks")
def _blocks(subject: Subject) -> int:
    """Modules that the part runs directly."""
    part = next(call.id for call in subject.whole.calls if call.path == subject.path)
    return len(subject.whole.children[part])


@QUANTITIES.register("shape")
def _shape(subject: Subject) -> Value:
    """Of the part's last output, without the batch."""
    return _last_shape(subject.part)


def _last_shape(part: Graph) -> tuple[int, ...]:
    return part.tensors[part.nodes[-1].outputs[0]].shape[1:]


@QUANTITIES.register("width")
def _width(subject: Subject) -> int:
    """Channels of the part's last output."""
    return _last_shape(subject.part)[0]


@QUANTITIES.register("inputs")
def _inputs(subject: Subject) -> int:
    """Elements of the part's first input."""
    return prod(subject.part.tensors[subject.part.inputs[0]].shape[1:])


def _window(subject: Subject, attribute: str) -> int:
    """The first operator's that has one; the windows of the claims are square."""
    return next(size for node in subject.part.nodes for size in _sizes(node, attribute))


def _sizes(node: Node, attribute: str) -> list[int]:
    value = node.attrs.get(attribute)
    return [size for size in value if isinstance(size, int)] if isinstance(value, list) else []


@QUANTITIES.register("stride")
def _stride(subject: Subject) -> int:
    return _window(subject, "stride")


@QUANTITIES.register("kernel")
def _kernel(subject: Subject) -> int:
    return _window(subject, "kernel")


def _connections_of(part: Graph, node: Node) -> int:
    if kinds.kind(node) == kinds.POOLING:
        return part.tensors[node.outputs[0]].numel * prod(_sizes(node, "kernel"))
    return node.cost.macs


@QUANTITIES.register("connections")
def _connections(subject: Subject) -> int:
    """As LeCun et al. 1998 count: one for each product with a weight, comparison with a code, pooled pixel and bias."""
    part = subject.part
    added = [node for node in part.nodes if any(name.endswith(("bias", "codes")) for name in node.params)]
    return sum(_connections_of(part, node) for node in part.nodes) + sum(part.tensors[node.outputs[0]].numel for node in added)


@QUANTITIES.register("title")
def _title(subject: Subject) -> str:
    return subject.card.title


@QUANTITIES.register("dropout")
def _dropout(subject: Subject) -> float:
    """Share that is dropped, where nothing else is asked for."""
    default = next(option.default for option in subject.card.options if option.name == "dropout")
    return float(default or 0.0)
