"""torch's own table of its operators, with its own sample inputs, through the tracer: no error of ours, nothing that computes is
free, every unknown is named. Once with all tensors as inputs, once with all but one as constants on the CPU.
"""

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_flatten, tree_unflatten

import archscope
from archscope import TraceError
from archscope.graph import ZERO, Graph, Node

op_db = pytest.importorskip("torch.testing._internal.common_methods_invocations").op_db
SAMPLES = 4  # of each operator are drawn: the first has all tensors as inputs, the last has constants
PARTS = 8

# What has no formula: iterations that end when they have converged, searches that depend on the values, sparse tensors.
UNKNOWN = {
    "aten._linalg_svd", "aten.linalg_pinv", "aten._linalg_eigh", "aten.linalg_eig", "aten._linalg_eigvals", "aten.linalg_ldl_factor_ex",
    "aten.linalg_ldl_solve", "aten.linalg_lstsq", "aten.linalg_matrix_sqrth", "aten.linalg_polar", "aten.linalg_matrix_exp",
    "aten.sparse_sampled_addmm", "aten._sparse_mm_reduce_impl", "aten._to_sparse", "aten.multilabel_margin_loss_forward",
    "aten._softmax_backward_data", "aten._histogramdd_bin_edges", "aten._histogramdd_from_bin_cts",
    "aten._histogramdd_from_bin_tensors", "torch_nn._linear_cross_entropy_batch_chunked",
    "torch_nn._linear_cross_entropy_batch_chunked_no_reduction",
}  # fmt: skip
POLYNOMIALS = "_polynomial_"  # of a degree that is a value


class Runs(nn.Module):
    """One operator. What is not among the inputs is held here, in a list, where the tracer does not look for it."""

    def __init__(self, function: Any, leaves: list[Any], spec: Any, given: list[int]):
        super().__init__()
        self.function, self.held, self.spec, self.given = function, [leaves], spec, given

    def forward(self, *inputs: torch.Tensor) -> Any:
        leaves = list(self.held[0])
        for at, value in zip(self.given, inputs, strict=True):
            leaves[at] = value
        args, kwargs = tree_unflatten(leaves, self.spec)
        return self.function(*args, **kwargs)


def works(function: Any, leaves: list[Any], spec: Any) -> bool:
    """Whether torch itself runs it on these inputs, in this build."""
    copies = [leaf.clone() if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
    args, kwargs = tree_unflatten(copies, spec)
    try:
        with torch.no_grad():
            function(*args, **kwargs)
    except Exception:
        return False
    return True


def samples(part: int) -> Iterator[tuple[str, Runs, list[torch.Tensor]]]:
    """(name, module, its inputs) of an eighth of the table."""
    for operator in op_db[part::PARTS]:
        dtype = next((d for d in (torch.float32, torch.complex64, torch.int64) if d in operator.dtypes), torch.bool)
        torch.manual_seed(0)
        found = list(itertools.islice(operator.sample_inputs("cpu", dtype, requires_grad=False), SAMPLES))
        for sample, constants in zip(found[:1] + found[1:][-1:], (False, True), strict=False):
            leaves, spec = tree_flatten(((sample.input, *sample.args), sample.kwargs))
            tensors = [at for at, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]
            if tensors and works(operator.op, leaves, spec):
                given = tensors[:1] if constants else tensors
                yield operator.name, Runs(operator.op, leaves, spec, given), [leaves[at] for at in given]


def wrong(graph: Graph, node: Node) -> str:
    """What is not as it should be with a node's cost; "" if nothing is."""
    if node.cost == ZERO:
        return "" if node.free else "costs nothing without a reason"
    if not node.cost.unknown:
        return "" if node.cost.flops > 0 else "costs less than nothing"
    named = node.op in UNKNOWN or POLYNOMIALS in node.op or "sparse" in graph.meta.reason
    return "" if named else "is not known"


@pytest.mark.parametrize("part", range(PARTS))
def test_every_operator_of_torch(part):
    problems, traced = [], 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, module, inputs in samples(part):
            try:
                graph = archscope.trace(module, *inputs)
            except TraceError as error:
                problems.append(f"{name}: {error}")
                continue
            traced += 1
            problems += [f"{name}: {node.op} {found}" for node in graph.nodes if (found := wrong(graph, node))]
    assert not problems
    assert traced > 100
    assert sum(1 for _ in op_db) > 500


CONSTANT = torch.arange(3.0)
TOGETHER = {
    "cartesian_prod": (lambda x: torch.cartesian_prod(x, CONSTANT), (12, 2)),
    "meshgrid": (lambda x: torch.stack(torch.meshgrid(x, CONSTANT, indexing="ij")), (2, 4, 3)),
    "block_diag": (lambda x: torch.block_diag(x, CONSTANT), (2, 7)),
    "combinations": (lambda x: torch.combinations(torch.cat([x, CONSTANT])), (21, 2)),
    "cat": (lambda x: torch.cat([CONSTANT, x]), (7,)),
    "stack": (lambda x: torch.stack([x, torch.ones(4)]), (2, 4)),
    "hstack": (lambda x: torch.hstack([CONSTANT, x]), (7,)),
    "inner": (lambda x: torch.inner(x, torch.ones(4)), ()),
    "multi_dot": (lambda x: torch.linalg.multi_dot([x[None], torch.ones(4, 3), CONSTANT]), (1,)),
    "take_along_dim": (lambda x: torch.take_along_dim(x, torch.tensor([0, 2]), 0), (2,)),
    "einsum": (lambda x: torch.einsum("i,j->ij", x, CONSTANT), (4, 3)),
    "where": (lambda x: torch.where(torch.tensor([True, False, True, True]), x, CONSTANT[0]), (4,)),
    "isin": (lambda x: torch.isin(x, CONSTANT), (4,)),
    "bucketize": (lambda x: torch.bucketize(x, CONSTANT), (4,)),
    "index": (lambda x: x[torch.tensor([0, 1])], (2,)),
    "inside a loss": (lambda x: torch.nn.functional.cross_entropy(x[None], torch.tensor([1])), ()),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_constants_meet_inputs_on_the_meta_device(name):
    function, shape = TOGETHER[name]
    graph = archscope.trace(Runs(function, [None], tree_flatten(((None,), {}))[1], [0]), torch.arange(4.0))
    assert graph.meta.device == "meta" or "no kernel of" in graph.meta.reason  # of masked_select, in an older torch
    assert graph.shapes(graph.outputs) == (shape,)
    assert function(torch.arange(4.0)).shape == shape
    assert not graph.cost.unknown


def test_a_function_that_means_two_devices_says_so():
    """Where moving does not help, the forward runs on the CPU, and the Graph says why."""
    graph = archscope.trace(
        Runs(lambda x: torch.tensor_split(x, torch.tensor([2])), [None], tree_flatten(((None,), {}))[1], [0]), torch.arange(4.0)
    )
    assert graph.shapes(graph.outputs) == ((2,), (2,))
