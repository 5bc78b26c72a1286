"""What every table says of its model: the circumstances, the totals, what was not counted."""

from collections import Counter
from typing import Any

from archscope import metrics, units
from archscope.graph import Graph, Tensor

CONVENTION = (
    "MACs: multiply-accumulates of convolutions, matrix products and attention. FLOPs: 2 per MAC and 1 per addition, "
    "multiplication, division, comparison or exponential (exp, log, root, tanh ...) outside them. One forward pass"
)


def facts(graph: Graph) -> tuple[str, ...]:
    """The circumstances of a trace, in one or two lines."""
    meta = graph.meta
    inputs = " and ".join(_input(graph.tensors[tensor], meta.dtype) for tensor in graph.inputs)
    where = "traced on the meta device" if meta.device == "meta" else f"run on the CPU with random values ({meta.reason})"
    lines = [meta.variant] if meta.variant else []
    return (*lines, f"input {inputs} · {meta.mode} mode · {meta.dtype} · {where} · torch {meta.torch}")


def _input(tensor: Tensor, usual: str) -> str:
    """ "1x3x224x224", and its dtype where that is not the network's: "1x128 int64"."""
    return units.shape(tensor.shape) + (f" {tensor.dtype}" if tensor.dtype != usual else "")


def head(graph: Graph) -> dict[str, Any]:
    """The circumstances as keys of the JSON."""
    meta = graph.meta
    return {
        "variant": meta.variant,
        "source": meta.source,
        "inputs": [list(shape) for shape in graph.shapes(graph.inputs)],
        "mode": meta.mode,
        "dtype": meta.dtype,
        "device": meta.device,
        "torch": meta.torch,
        "complete": meta.failure is None,
        "convention": CONVENTION + ".",
    }


def totals(graph: Graph) -> dict[str, Any]:
    """Every total, plain; the same keys under every command."""
    cost = graph.cost
    return {
        **{name: metrics.METRICS[name](graph) for name in _TOTALS},
        "macs": cost.macs,
        "flops": cost.flops,
        "adds": cost.adds,
        "muls": cost.muls,
        "divs": cost.divs,
        "comparisons": cost.comparisons,
        "exponentials": cost.exponentials,
        "activations": metrics.activations(graph),
        "peak_memory": metrics.peak_memory(graph),
        "uncounted": uncounted(graph),
    }


_TOTALS = (
    "params", "trainable_params", "frozen_params", "shared_params", "unused_params", "buffers", "param_bytes", "state_bytes",
)  # fmt: skip


def uncounted(graph: Graph) -> list[dict[str, Any]]:
    """The operators without a formula: which, where, how often, on what."""
    groups: Counter[tuple[str, str, tuple[tuple[int, ...], ...]]] = Counter()
    for node in graph.uncounted:
        groups[(node.op, graph.path(node), graph.shapes(node.inputs or node.outputs))] += 1
    return [
        {"op": op, "module": path, "shapes": [list(shape) for shape in shapes], "count": count}
        for (op, path, shapes), count in groups.items()
    ]  # fmt: skip


def warnings(graph: Graph) -> tuple[str, ...]:
    """What makes the numbers above them less than whole."""
    lines = []
    failure = graph.meta.failure
    if failure is not None:
        lines.append(f"Incomplete: the forward stopped in {failure.path or failure.type}; the numbers are of what ran before.")
    missing = uncounted(graph)
    if missing:
        named = "; ".join(map(_missing, missing[:5]))
        more = f"; and {len(missing) - 5} more (all in --format json)" if len(missing) > 5 else ""
        lines.append(f"≥: operators without a cost formula are not in the sums: {named}{more}.")
    return tuple(lines)


def _missing(item: dict[str, Any]) -> str:
    on = " and ".join(map(units.shape, item["shapes"]))
    return f"{item['count']} x {item['op']} in {item['module'] or 'the network'} on {on}"


def called(graph: Graph) -> str:
    """What to call a network beside others: its name, with the library that it comes from: "torchvision:resnet50"."""
    source = graph.meta.source
    return source if source.partition(":")[0] in ("torchvision", "timm") else graph.name


def at_least(graph: Graph) -> str:
    """The sign "≥ " before a sum that lacks something."""
    return "≥ " if graph.cost.unknown or graph.meta.failure else ""


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def output_shape(graph: Graph) -> tuple[int, ...] | None:
    """Shape of what a part of a network hands on: of its last tensor that somebody reads."""
    return graph.tensors[graph.outputs[-1]].shape if graph.outputs else None
