"""Operators that few networks run, each against arithmetic: solvers with factors at hand, histograms, sets, losses, backward passes."""

import pytest
import torch
import torch.nn.functional as F
from counting_mode import counted

from archscope.graph import Cost

aten = torch.ops.aten


def x(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def spd(n: int) -> torch.Tensor:
    """A matrix that has every factorisation."""
    return x(n, n) @ x(n, n).T + n * torch.eye(n)


FACTORS = torch.linalg.cholesky(spd(4))
LU = torch.linalg.lu_factor(spd(4))
SIDE = 4 * 3 // 2  # multiply-accumulates of one right-hand side of a triangular system of 4

SOLVERS = {
    # two triangular systems of 4 for each of 4 columns
    "cholesky_inverse": (lambda: torch.cholesky_inverse(FACTORS), Cost(macs=2 * SIDE * 4, divs=2 * 4 * 4)),
    "cholesky_solve": (lambda: torch.cholesky_solve(x(4, 5), FACTORS), Cost(macs=2 * SIDE * 5, divs=2 * 4 * 5)),
    "triangular_solve": (lambda: aten.triangular_solve(x(4, 5), FACTORS, False), Cost(macs=SIDE * 5, divs=4 * 5)),
    "triangular_solve, ones": (lambda: aten.triangular_solve(x(4, 5), FACTORS, False, False, True), Cost(macs=SIDE * 5)),
    # L has ones on its diagonal: only U divides
    "lu_solve": (lambda: torch.linalg.lu_solve(*LU, x(4, 5)), Cost(macs=2 * SIDE * 5, divs=4 * 5)),
    # [3, 2]: reflections of length 3 and 2 with 1 and 0 columns to their right; norms 3 + 2
    "geqrf": (lambda: torch.geqrf(x(3, 2)), Cost(macs=(3 + 2 * 3 * 1) + 2, muls=1, divs=3 + 2, exponentials=2)),
    # on the 2 columns that the first reaches, on the 1 that the second does
    "householder_product": (lambda: torch.linalg.householder_product(x(3, 2), x(2)), Cost(macs=2 * 3 * 2 + 2 * 2 * 1, muls=2 + 1)),
    "ormqr": (lambda: torch.ormqr(x(3, 2), x(2), x(3, 5)), Cost(macs=2 * 3 * 5 + 2 * 2 * 5, muls=5 + 5)),
    "ormqr, from the right": (lambda: torch.ormqr(x(3, 2), x(2), x(5, 3), left=False), Cost(macs=2 * 3 * 5 + 2 * 2 * 5, muls=5 + 5)),
}  # fmt: skip

SETS = {
    # merge sort of 20: 20 * ceil(log2 20) comparisons, then 19 with the neighbour
    "unique": (lambda: torch.unique(x(20)), Cost(comparisons=20 * 5 + 19)),
    "unique_consecutive": (lambda: torch.unique_consecutive(x(20)), Cost(comparisons=19)),
    "isin, few": (lambda: torch.isin(x(20), x(3)), Cost(comparisons=20 * 3)),
    "isin, many": (lambda: torch.isin(x(20), x(30)), Cost(comparisons=50 * 6)),  # 50 * ceil(log2 50) < 20 * 30
    "isin, one": (lambda: torch.isin(x(20), 0.5), Cost(comparisons=20)),
    "histc": (lambda: torch.histc(x(20), 5, 0, 1), Cost(comparisons=40, adds=40, divs=20, muls=20)),
    "histc, bounds of the values": (lambda: torch.histc(x(20), 5), Cost(comparisons=40 + 2 * 19, adds=40, divs=20, muls=20)),
    "histogram": (lambda: torch.histogram(x(20), 5, range=(0.0, 1.0)), Cost(comparisons=40, adds=40, divs=20, muls=20)),
    # 4 edges: ceil(log2 4) = 2 comparisons a value
    "histogram, edges": (lambda: torch.histogram(x(20), torch.tensor([0.0, 0.3, 0.6, 1.0])), Cost(comparisons=20 * 2, adds=20)),
    "histogram, density": (
        lambda: torch.histogram(x(20), 5, range=(0.0, 1.0), density=True), Cost(comparisons=40, adds=40 + 9, divs=20 + 10, muls=20),
    ),
    "bincount": (lambda: torch.bincount(torch.arange(6), x(6)), Cost(adds=6)),
    "nonzero_static": (lambda: torch.nonzero_static(x(4, 5), size=3), Cost(comparisons=20)),
    "segment_reduce, sum": (lambda: torch.segment_reduce(x(6, 2), "sum", lengths=torch.tensor([4, 2])), Cost(adds=12 - 4)),
    "segment_reduce, mean": (
        lambda: torch.segment_reduce(x(6, 2), "mean", lengths=torch.tensor([4, 2])), Cost(adds=12 - 4, divs=4),
    ),
    "segment_reduce, max": (lambda: torch.segment_reduce(x(6, 2), "max", lengths=torch.tensor([4, 2])), Cost(comparisons=12 - 4)),
    "allclose": (lambda: torch.allclose(x(4), x(4)), Cost(adds=2 * 4, muls=4, comparisons=3 * 4 + 4)),
}  # fmt: skip

LOSSES = {
    # 4 other classes: margin - x_t once, then for each an addition, a maximum, and the sum; / 5; the mean of 3 samples
    "multi_margin": (
        lambda: F.multi_margin_loss(x(3, 5), torch.tensor([0, 1, 2])),
        Cost(adds=3 * (1 + 4 + 3) + 2, comparisons=3 * 4, divs=3 + 1),
    ),
    "multi_margin, squared": (
        lambda: F.multi_margin_loss(x(3, 5), torch.tensor([0, 1, 2]), p=2, reduction="none"),
        Cost(adds=3 * (1 + 4 + 3), comparisons=3 * 4, muls=3 * 4, divs=3),
    ),
    # 2 samples, 6 steps, targets of 3: 7 places
    "ctc": (
        lambda: aten._ctc_loss(x(6, 2, 5).log_softmax(2), torch.tensor([[1, 2, 3], [1, 2, 4]]), [6, 6], [3, 3]),
        Cost(comparisons=2 * (5 * 7 * 2 + 1), adds=2 * (5 * 7 * 7 + 4), exponentials=2 * (5 * 7 * 4 + 3)),
    ),
}  # fmt: skip

ELEMENTS = {
    "angle": (lambda: torch.angle(x(3, 4)), Cost(comparisons=12)),
    "nextafter": (lambda: torch.nextafter(x(3, 4), x(3, 4)), Cost(comparisons=12, adds=12)),
    "log_ndtr": (lambda: torch.special.log_ndtr(x(3, 4)), Cost(exponentials=12)),
    "modified_bessel_k0": (lambda: torch.special.modified_bessel_k0(x(3, 4)), Cost(exponentials=12)),
    "native_dropout_backward": (lambda: aten.native_dropout_backward(x(3, 4), x(3, 4) > 0.5, 2.0), Cost(muls=24)),
    # 4 windows of 3 fold back into 6 places
    "unfold_backward": (lambda: aten.unfold_backward(x(4, 3), [6], 0, 3, 1), Cost(adds=12)),
}  # fmt: skip


@pytest.mark.parametrize("case", [*SOLVERS, *SETS, *LOSSES, *ELEMENTS])
def test_rarer_operators(case):
    function, expected = {**SOLVERS, **SETS, **LOSSES, **ELEMENTS}[case]
    made = counted(function)
    # The inputs are made inside; what making them costs is known.
    inputs = [cost for op, cost, _ in made.runs if op in ("aten._log_softmax", "aten.gt")]
    cost = made.cost
    for one in inputs:
        cost = cost + one * -1
    assert cost == expected


def test_rows_that_are_looked_up_are_scaled():
    # 3 rows of 4: squares and their sum, a root, a comparison, a division, a product with the scale
    runs = counted(lambda: F.embedding(torch.tensor([0, 1, 5]), x(9, 4), max_norm=1.0)).runs
    (cost,) = (cost for op, cost, _ in runs if op == "aten.embedding_renorm_")
    assert cost == Cost(muls=12 + 12, adds=3 * (4 - 1), exponentials=3, comparisons=3, divs=3)


@pytest.mark.parametrize(
    "function", [lambda: x(0, 3).var(0), lambda: x(0, 3).sum(0), lambda: torch.linalg.det(x(0, 0)), lambda: x(2, 0).logsumexp(1)],
    ids=["var", "sum", "det", "logsumexp"],
)  # fmt: skip
def test_of_nothing_no_column_is_below_zero(function):
    for op, cost, _ in counted(function).runs:
        assert min(cost.macs, cost.adds, cost.muls, cost.divs, cost.comparisons, cost.exponentials) >= 0, op


def test_a_complex_silu():
    z = torch.complex(x(3), x(3))
    # exp: 3 exponentials and 2 products; + 1; a complex division: 6 products, 3 sums, 2 divisions
    assert counted(F.silu, z).cost == Cost(exponentials=3, muls=2 + 6, adds=1 + 3, divs=2) * 3


@pytest.mark.parametrize(
    "function",
    [
        lambda: torch.unique(torch.arange(5)), lambda: torch.isin(torch.arange(5), torch.arange(2)),
        lambda: torch.bincount(torch.arange(5)), lambda: aten._is_all_true(torch.ones(5, dtype=torch.bool)),
        lambda: aten._is_any_true(torch.ones(5, dtype=torch.bool)),
        pytest.param(
            lambda: torch.hash_tensor(torch.arange(5)),
            marks=pytest.mark.skipif(not hasattr(torch, "hash_tensor"), reason="an older torch has fewer operators"),
        ),
    ],
    ids=["unique", "isin", "bincount", "all true", "any true", "hash"],
)  # fmt: skip
def test_of_integers_they_are_bookkeeping(function):
    runs = counted(function).runs
    assert all(cost == Cost() and reason for _, cost, reason in runs)
    assert runs[-1][2] == "integer or boolean bookkeeping"


def test_one_reduction_is_that_of_its_slices():
    """A histogram over more values costs in proportion: nothing is counted once by mistake."""
    one, ten = (counted(torch.histc, x(n), 5, 0, 1).cost for n in (20, 200))
    assert ten == one * 10
