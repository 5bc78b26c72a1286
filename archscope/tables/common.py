"""What every table says of its model: the circumstances, the totals, what was not counted."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from archscope import metrics, units
from archscope.graph import Decided, Graph, Tensor
from archscope.metrics.weights_only import NO_FORWARD, weights_only

CONVENTION = (
    "MACs: multiply-accumulates of convolutions, matrix products and attention. FLOPs: 2 per MAC and 1 per addition, "
    "multiplication, division, comparison or exponential (exp, log, root, tanh ...) outside them. One forward pass"
)


def facts(graph: Graph) -> tuple[str, ...]:
    """The circumstances of a trace, in one or two lines."""
    meta = graph.meta
    told = meta.told or [""] * len(graph.inputs)
    given = zip(graph.inputs, told, graph.input_names, strict=True)
    words = [word or _input(graph.tensors[t], meta.dtype, name) for t, word, name in given]
    inputs = f"input{'s' * (len(words) > 1)} {' and '.join(words)}"
    lines = [meta.variant] if meta.variant else []
    rows = told_rows(meta.decided)
    kept = f" · {rows}" if rows else ""
    cast = f", autocast to {meta.autocast} as on the CPU" if meta.autocast else ""
    if weights_only(graph):
        return (*lines, f"{meta.dtype} · weights of {meta.source}")
    if meta.device == "file":
        return (*lines, f"{inputs} · {meta.dtype} · as {meta.source} says{kept}")
    where = "traced on the meta device" if meta.device == "meta" else f"run on the CPU with random values ({meta.reason})"
    return (*lines, f"{inputs} · {meta.mode} mode · {meta.dtype}{cast} · {where} · torch {meta.torch}{kept}")


def _input(tensor: Tensor, usual: str, name: str) -> str:
    """ "1x3x224x224"; its name, and its dtype where that is not the network's: "input_ids: 1x128 int64"."""
    dtype = f" {tensor.dtype}" if tensor.dtype != usual else ""
    return f"{f'{name}: ' if name else ''}{units.shape(tensor.shape)}{dtype}"


def head(graph: Graph) -> dict[str, Any]:
    """The circumstances as keys of the JSON."""
    meta = graph.meta
    return {
        "variant": meta.variant,
        "source": meta.source,
        "inputs": [list(shape) for shape in graph.shapes(graph.inputs)],
        **({"input_names": list(meta.names)} if meta.names else {}),
        **({"input_values": list(meta.told)} if meta.told else {}),
        "mode": meta.mode,
        "dtype": meta.dtype,
        **({"autocast": meta.autocast} if meta.autocast else {}),
        "device": meta.device,
        "torch": meta.torch,
        "complete": meta.failure is None,
        **({"decided_by_data": msgspec.to_builtins(meta.decided)} if meta.decided is not None else {}),
        "convention": CONVENTION + ".",
    }


def told_rows(decided: Decided | None) -> str:
    """ "rows kept: rpn 1,000, elsewhere 100": the numbers that were told in the place of the data's own."""
    used = {path: rows for path, rows in decided.kept.items() if path not in decided.idle} if decided is not None else {}
    alone = list(used) == [""]
    words = [f"{path or ('where data decide' if alone else 'elsewhere')} {units.exact(rows)}" for path, rows in used.items()]
    return f"rows kept: {', '.join(words)}" if words else ""


class Totals(Mapping[str, Any]):
    """Every total of a Graph, plain; the same names under every command. Each is worked out when somebody looks at it: most are
    for JSON alone.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            unknown = name in _OF_COSTS and weights_only(self._graph)
            self._known[name] = NO_FORWARD if unknown else _TOTALS[name](self._graph)
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_TOTALS)

    def __len__(self) -> int:
        return len(_TOTALS)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mapping) and dict(self) == dict(other)

    __hash__ = None  # type: ignore[assignment]


def uncounted(graph: Graph) -> list[dict[str, Any]]:
    """The operators without a formula: which, where, how often, on what."""
    groups: Counter[tuple[str, str, tuple[tuple[int, ...], ...]]] = Counter()
    for node in graph.uncounted:
        groups[(node.op, graph.path(node), graph.shapes(node.inputs or node.outputs))] += 1
    return [
        {"op": op, "module": path, "shapes": [list(shape) for shape in shapes], "count": count}
        for (op, path, shapes), count in groups.items()
    ]  # fmt: skip


_TOTALS: dict[str, Callable[[Graph], Any]] = {
    **{
        name: metrics.METRICS[name].__call__
        for name in (
            "params", "trainable_params", "frozen_params", "shared_params", "unused_params", "buffers", "param_bytes",
            "state_bytes",
        )
    },
    "macs": lambda graph: metrics.varying(graph, "macs", graph.cost.macs),
    "flops": lambda graph: metrics.varying(graph, "flops", graph.cost.flops),
    "adds": lambda graph: graph.cost.adds,
    "muls": lambda graph: graph.cost.muls,
    "divs": lambda graph: graph.cost.divs,
    "comparisons": lambda graph: graph.cost.comparisons,
    "exponentials": lambda graph: graph.cost.exponentials,
    "activations": metrics.METRICS["activations"].__call__,
    "peak_memory": metrics.METRICS["peak_memory"].__call__,
    "uncounted": uncounted,
}  # fmt: skip

_OF_COSTS = frozenset(("macs", "flops", "adds", "muls", "divs", "comparisons", "exponentials"))


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
    if graph.meta.made:
        lines.append(f"Made by the forward itself, with parameters that are not the network's: {', '.join(graph.meta.made)}.")
    return (*lines, *by_data(graph.meta.decided))


def by_data(decided: Decided | None, signed: bool = True) -> list[str]:
    """What data decided, and what was looked at to know it.

    Arguments:
        signed: whether some number beside it has the sign "~".
    """
    if decided is None:
        return []
    lines = []
    if decided.varies:
        hint = "Tell how many pass with --keep." if decided.rows else ""
        head = "~: depends on the data." if signed else "Some numbers depend on the data."
        lines.append(f"{head} {_found(decided)}{_between(decided)}{hint}".rstrip())
    elif decided.reads:
        lines.append(f"The forward looks at values, and may take another way for others: {_reads(decided)}.")
    if decided.idle:
        words = ", ".join(f"{path}={rows}" if path else str(rows) for path in decided.idle for rows in [decided.kept[path]])
        lines.append(f"--keep {words}: data decide no number of rows there.")
    return lines


def _found(decided: Decided) -> str:
    """ "Rows in this run: rpn 714 of at most 1,000." """
    rows = [
        f"{path or 'the network'} {units.exact(sizes[0])}{f' of at most {units.exact(sizes[2])}' if len(sizes) > 2 else ''}"
        for path, sizes in decided.rows.items()
    ]
    alone = not decided.rows or () in decided.totals.values()
    looked = f"Values that were looked at: {_reads(decided)}. " if decided.reads and alone else ""
    return looked + (f"Rows in this run: {', '.join(rows)}. " if rows else "")


def _between(decided: Decided) -> str:
    if not decided.known or not decided.totals.get("macs"):
        return ""
    return "MACs from {} with nothing passing to {} with everything. ".format(*map(units.count, decided.totals["macs"]))


def _reads(decided: Decided) -> str:
    return ", ".join(f"{place}{f', {times} times' if times > 1 else ''}" for place, times in decided.reads.items())


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


def by_data_sign(graph: Graph, name: str) -> str:
    """The sign "~ " before a metric's number that data decide."""
    return "~ " if isinstance(metrics.varying(graph, name, 0), metrics.Varies) else ""


def sign(graph: Graph, name: str) -> str:
    """Both signs before the number of a sum over costs."""
    return at_least(graph) + by_data_sign(graph, name)


def share(part: int, whole: int) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def output_shape(graph: Graph) -> tuple[int, ...] | None:
    """Shape of what a part of a network hands on: of its last tensor that somebody reads."""
    return graph.tensors[graph.outputs[-1]].shape if graph.outputs else None
