"""Whether the costs in a Graph that comes from a file follow from its operators' shapes.

A saved operator names what it read, activations and parameters apart, and not in which place of its arguments; a parameter may
have been read through a view. So this does not count again: it asks what must hold. Of every operator, that a cost of nothing has
its reason and no column is below zero. Of those that do nearly all of a network's arithmetic (convolutions, matrix products, what
treats every element alike), that the cost is the one that the shapes of what it read and wrote give.
"""

from functools import lru_cache
from math import prod

from archscope.counts.elementwise import PER_ELEMENT
from archscope.counts.formulas import FREE, cost_of
from archscope.errors import ArchscopeError
from archscope.graph import ZERO, Cost, Graph, Node, Tensor

_PRODUCTS = {f"aten.{name}" for name in ("mm", "addmm", "bmm", "baddbmm", "linear", "matmul")}
_CONVOLUTIONS = {"aten.convolution", "aten._convolution"}


def audit(graph: Graph, where: str) -> None:
    """Raises `ArchscopeError` for the first operator whose cost cannot be that of its shapes.

    Arguments:
        where: the file, for the message.
    """
    for node in graph.nodes:
        wrong = _wrong(graph, node)
        if wrong:
            raise ArchscopeError(
                f"{where} is not as it was written: operator {node.id}, {node.op}, {wrong}",
                "trace the model again: archscope trace MODEL --out graph.json",
            )


def _wrong(graph: Graph, node: Node) -> str:
    cost = node.cost
    if min(cost.macs, cost.adds, cost.muls, cost.divs, cost.comparisons, cost.exponentials, cost.unknown, node.bytes) < 0:
        return "costs less than nothing"
    if node.repeats < 1:
        return f"ran {node.repeats} times"
    if cost == ZERO:
        return "" if node.free else "costs nothing without a reason"
    if node.free:
        return f"has a cost and is free ({node.free})"
    if cost.unknown or node.repeats > 1 or not node.outputs:
        return ""
    return _mismatch(graph, node)


def _mismatch(graph: Graph, node: Node) -> str:
    """How the cost differs from what the shapes give; "" where it does not, or where they do not tell."""
    name = node.op.removeprefix("aten.").removesuffix("_")
    read = tuple(graph.tensors[t] for t in node.inputs)
    out = graph.tensors[node.outputs[0]]
    if any("complex" in tensor.dtype for tensor in (*read, out)):
        return ""
    if node.op in FREE or f"aten.{name}" in FREE:
        return "has a cost and is free"
    if node.op in _CONVOLUTIONS:
        sizes = (*(t.shape for t in read), *(graph.param[p].shape for p in node.params))
        return _said(node.cost.macs, _convolved(node, sizes, out), "MACs") or _beside(node.cost, out)
    if node.op in _PRODUCTS:
        inner = {size for t in read for size in t.shape}
        return (_said(node.cost.macs, {out.numel * size for size in inner}, "MACs") if read else "") or _beside(node.cost, out)
    if name in PER_ELEMENT and node.op.startswith("aten."):
        held = tuple(Tensor(graph.param[p].shape, graph.param[p].dtype) for p in node.params)
        cost = _each(node.op, (*read, *held), out)
        return _said(node.cost.flops, {cost.flops}, "FLOPs") or ("" if node.cost == cost else "has them in other columns")
    return ""


def _convolved(node: Node, sizes: tuple[tuple[int, ...], ...], out: Tensor) -> set[int]:
    """The multiply-accumulates, taking each of what it read for the input."""
    kernel, groups = node.attrs.get("kernel"), node.attrs.get("groups")
    if not isinstance(kernel, list) or not isinstance(groups, int) or groups < 1 or len(out.shape) < 2:
        return set()
    window = prod(size for size in kernel if isinstance(size, int))
    if node.attrs.get("transposed"):
        return {prod(shape) * (out.shape[1] // groups) * window for shape in sizes}
    return {out.numel * (shape[1] // groups) * window for shape in sizes if len(shape) > 1}


def _beside(cost: Cost, out: Tensor) -> str:
    """Beside its multiply-accumulates a product has at most a bias and two factors for every result."""
    n = out.numel
    fits = cost.adds in (0, n) and cost.muls in (0, n, 2 * n) and not (cost.divs or cost.comparisons or cost.exponentials)
    return "" if fits else "has more operations than a bias for every result"


@lru_cache(maxsize=4096)
def _each(op: str, operands: tuple[Tensor, ...], out: Tensor) -> Cost:
    return cost_of(op, operands, {}, out)[0]


def _said(is_: int, may_be: set[int], what: str) -> str:
    if not may_be or is_ in may_be:
        return ""
    likely = min(may_be, key=lambda number: abs(number - is_))
    return f"has {is_:,} {what}; its shapes give {likely:,}"
