"""The memory of a training step: by stage, and as a curve over the step."""

from itertools import pairwise

from archscope.graph import Graph, naming
from archscope.metrics.weights_only import needs_forward
from archscope.tables.common import by_data_sign, facts, head, output_shape, share, warnings
from archscope.tables.table import Column, Row, Table, Value
from archscope.tables.training import Costs, unruled
from archscope.training.backward import backward
from archscope.training.optimizers import OPTIMIZERS
from archscope.training.segments import blocks
from archscope.training.step import Footprint, Moment, footprint
from archscope.views.outline import outline

_STAGES = (
    Column("module", "module", "path"),
    Column("type", "type"),
    Column("output", "output", "shape", rank=3),
    Column("kept_for_backward", "kept", "bytes"),
    Column("share", "share", "share", rank=1),
    Column("param_bytes", "parameters", "bytes", rank=2),
    Column("gradient_bytes", "gradients", "bytes", rank=3),
)
_CURVE = (
    Column("moment", "moment", "count"),
    Column("phase", "phase"),
    Column("where", "highest at", "path", rank=2),
    Column("bytes", "memory", "bytes"),
    Column("share", "of the peak", "share"),
)
_POINTS = 24


def memory_tables(graph: Graph, optimizer: str = "sgd", checkpoint: bool = False) -> list[Table]:
    """What each stage keeps for the backward pass with the totals of the step, and the curve of the memory over the step.

    Arguments:
        optimizer: one of `OPTIMIZERS`.
        checkpoint: whether every block keeps its input only and runs again in the backward.

    Raises `UsageError` for an optimizer that does not exist, or a graph that was not traced in train mode.
    """
    needs_forward(graph, "there is no forward to count")
    step = footprint(graph, optimizer, blocks(graph) if checkpoint else ())
    return [_by_stage(graph, step, optimizer, checkpoint), _curve(graph, step)]


def _by_stage(graph: Graph, step: Footprint, optimizer: str, checkpoint: bool) -> Table:
    plan = backward(graph)
    costs = Costs(graph, plan)
    whole = costs.kept(graph.nodes)
    gets = {name for s in plan.steps for name in s.wanted if isinstance(name, str)}
    rows = []
    for part in outline(graph):
        if part.graph.nodes:
            kept = costs.kept(part.graph.nodes)
            values: dict[str, Value] = {
                "module": part.name, "type": part.label, "output": output_shape(part.graph), "kept_for_backward": kept,
                "share": share(kept, whole),
                "param_bytes": sum(p.bytes for p in part.graph.params if not p.buffer),
                "gradient_bytes": sum(p.bytes for p in part.graph.params if p.name in gets),
            }  # fmt: skip
            rows.append(Row(values, part.depth))
    top = step.at_peak
    peak = f"{'≥ ' if plan.unknown else ''}{by_data_sign(graph, 'training_memory')}peak of the step"
    counts = {
        "peak_bytes": step.peak, "state_bytes": step.state, "optimizer_bytes": step.optimizer, "kept_for_backward": step.kept,
        "gradient_bytes": step.gradients, "recomputed_macs": step.recomputed, "at_peak": _where(graph, top),
    }  # fmt: skip
    return Table(
        name=graph.name,
        title=f"{graph.name}: memory of a training step with {optimizer}{', every block checkpointed' if checkpoint else ''}",
        facts=facts(graph),
        columns=_STAGES,
        rows=tuple(rows),
        totals=counts,
        summary=(
            ("parameters and buffers", step.state, "bytes"),
            ("state of the optimizer", step.optimizer, "bytes"),
            ("kept for the backward pass", step.kept, "bytes"),
            ("gradients of the parameters", step.gradients, "bytes"),
            *((("MACs that run a second time", step.recomputed, "count"),) if checkpoint else ()),
            (peak, step.peak, "bytes"),
            ("  which is", _where(graph, top), "text"),
        ),
        notes=(
            f"kept: what an operator keeps for its backward{', were nothing checkpointed' if checkpoint else ''}, each piece of "
            f"memory at the first that keeps it. {OPTIMIZERS[optimizer].says}. Not the first step: the optimizer has its state, "
            "the gradients are made anew. Live tensors; scratch space inside kernels, and the loss, come on top. Attention runs "
            "as one fused operator and an LSTM layer by oneDNN, as on the CPU; other recurrent layers run step by step.",
            *unruled(graph, plan),
            *warnings(graph),
        ),
        head={**head(graph), "optimizer": optimizer, "checkpointed": checkpoint},
    )


def _where(graph: Graph, moment: Moment | None) -> str:
    if moment is None:
        return "nothing runs"
    if moment.node is None:
        return "in the optimizer's step"
    return f"{naming.word(graph, moment.node)} in {graph.path(moment.node) or graph.name}, {moment.phase}"


def _curve(graph: Graph, step: Footprint) -> Table:
    """The step in equal stretches, each by its highest moment."""
    count = len(step.curve)
    bounds = sorted({round(at * count / _POINTS) for at in range(_POINTS + 1)})
    rows = []
    for begin, end in pairwise(bounds):
        at = max(range(begin, end), key=lambda i: step.curve[i].bytes)
        moment = step.curve[at]
        bytes = step.state + step.optimizer + moment.bytes
        path = graph.path(moment.node) if moment.node is not None else ""
        rows.append(Row({
            "moment": at + 1, "phase": moment.phase, "where": path or None, "bytes": bytes, "share": share(bytes, step.peak),
        }))  # fmt: skip
    return Table(
        name=graph.name,
        title=f"{graph.name}: memory over the step, {count:,} moments",
        columns=_CURVE,
        rows=tuple(rows),
        notes=("Each line is the highest moment of its stretch. Parameters, buffers and the optimizer's state are in it.",),
    )
