"""The tables of params, flops and shapes: rows that make the total, shares that make one, and what is said beside them."""

import pytest
import torch
from torch import Size, nn

import archscope
from archscope.errors import UsageError
from archscope.graph import Graph
from archscope.tables.flops import flops_table
from archscope.tables.params import params_table
from archscope.tables.shapes import shapes_table


@pytest.fixture(scope="module")
def networks() -> dict[str, Graph]:
    names = ("inception_v4", "lenet5", "torchvision:googlenet", "torchvision:vit_b_16")
    return {name: archscope.load(name).trace() for name in names}


NAMES = ["inception_v4", "lenet5", "torchvision:googlenet", "torchvision:vit_b_16"]


@pytest.mark.parametrize("by", ["stage", "layer", "operator"])
@pytest.mark.parametrize("name", NAMES)
def test_the_rows_of_a_cost_table_make_its_total(networks, name, by):
    report = flops_table(networks[name], by, depth=1)
    for key in ("macs", "flops", "adds", "muls", "divs", "comparisons", "exponentials"):
        assert sum(row.values[key] for row in report.rows if not row.depth) == report.totals[key]
    assert sum(row.values["share"] for row in report.rows) == pytest.approx(1)


@pytest.mark.parametrize("name", NAMES)
def test_the_rows_of_a_parameter_table_make_its_total(networks, name):
    report = params_table(networks[name], depth=1)
    assert sum(row.values["params"] for row in report.rows) == report.totals["params"]
    assert sum(row.values["share"] for row in report.rows) == pytest.approx(1)
    assert sum(row.values["param_bytes"] for row in report.rows) == report.totals["param_bytes"]


@pytest.mark.parametrize("name", NAMES)
def test_the_rows_of_a_shape_table_make_its_total(networks, name):
    report = shapes_table(networks[name])
    assert sum(row.values.get("macs") or 0 for row in report.rows) == report.totals["macs"]
    assert sum(row.values.get("params") or 0 for row in report.rows) == report.totals["params"] - report.totals["unused_params"]
    assert report.rows[0].values["output"] == networks[name].tensors[networks[name].inputs[0]].shape


class Decoder(nn.Module):
    """A cell and a head that run once for every step; the head has two layers."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps, self.cell = steps, nn.GRUCell(8, 8)
        self.head = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 8))
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        state = x
        for _ in range(self.steps):
            state = self.cell(x, state)
            x = self.head(state)
        return self.last(x)


@pytest.mark.parametrize("steps", [1, 2, 3, 30])
def test_a_loop_shows_its_first_round_and_how_many_follow(steps):
    graph = archscope.trace(Decoder(steps), Size((1, 8)))
    report = shapes_table(graph)
    again = [row.values for row in report.rows if row.values["path"].startswith("(")]
    one = (
        2 * 3 * 8 * 8 + 8 * 16 + 16 * 8
    )  # multiply-accumulates of a round: two products of the cell with three gates, the head's two
    assert [values["path"] for values in again] == ([f"({steps - 1} more rounds of these 3 layers)"] if steps > 2 else [])
    assert [values["macs"] for values in again] == ([(steps - 1) * one] if steps > 2 else [])
    assert sum(row.values.get("macs") or 0 for row in report.rows) == graph.cost.macs == steps * one + 8 * 3
    assert {label: value for label, value, _ in report.summary}["layers"] == 3 * steps + 1
    assert any("A loop shows its first round" in note for note in report.notes) == (steps > 2)
    every = shapes_table(graph, fuse=False)
    assert len(every.rows) == 1 + sum(bool(node.outputs) for node in graph.nodes)


def test_a_loop_of_one_layer_and_a_loop_in_a_loop():
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = nn.Linear(8, 8), nn.Linear(8, 8)

        def forward(self, x):
            for _ in range(4):
                for _ in range(5):
                    x = self.inner(x)
                x = self.outer(x)
            return x

    report = shapes_table(archscope.trace(Shared(), Size((1, 8))))
    assert [row.values["path"] for row in report.rows[1:]] == [
        "inner",
        "(4 more runs of this layer)",
        "outer",
        "(3 more rounds of these 6 layers)",
    ]
    assert [row.values["macs"] for row in report.rows[1:]] == [64, 4 * 64, 64, 3 * 6 * 64]
    whole = shapes_table(archscope.trace(nn.Sequential(*[nn.Linear(8, 8)] * 4), Size((1, 8))))
    assert [row.values["path"] for row in whole.rows[1:]] == ["0", "(3 more runs of this layer)"]


def test_layers_that_are_alike_and_no_loop_stay():
    """Different modules are different layers, and what has no parameters may stand twice without a loop."""
    same = nn.Sequential(*[nn.Linear(8, 8) for _ in range(6)])
    assert len(shapes_table(archscope.trace(same, Size((1, 8)))).rows) == 7
    pooled = nn.Sequential(nn.Conv2d(3, 3, 3), *[nn.MaxPool2d(2)] * 4)
    assert len(shapes_table(archscope.trace(pooled, Size((1, 3, 64, 64)))).rows) == 6


def test_unused_parameters_are_named(networks):
    report = params_table(networks["torchvision:googlenet"])
    assert [row.values["module"] for row in report.rows if row.quiet] == ["aux1 (not run)", "aux2 (not run)"]
    assert any(label == "unused in this forward (aux1, aux2)" for label, *_ in report.summary)


def test_shared_parameters_are_counted_once_and_said():
    net = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10, bias=False))
    net[1].weight = net[0].weight
    report = params_table(archscope.trace(net, torch.zeros(1, 3, dtype=torch.int64)))
    assert report.totals["params"] == report.totals["shared_params"] == 10 * 4
    assert any("Rows that share parameters" in note for note in report.notes)


def test_frozen_parameters_are_counted_apart():
    net = nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 6))
    net[0].requires_grad_(False)
    totals = params_table(archscope.trace(net, Size((1, 4)))).totals
    assert (totals["trainable_params"], totals["frozen_params"]) == (5 * 6 + 6, 4 * 5 + 5)


def test_the_dearest_rows_come_first(networks):
    report = flops_table(networks["inception_v4"], "layer", top=10)
    costs = [row.values["macs"] for row in report.rows]
    assert len(costs) == 10
    assert costs == sorted(costs, reverse=True)
    assert costs[0] == max(row.values["macs"] for row in flops_table(networks["inception_v4"], "layer").rows)


def test_a_network_without_macs_has_shares_all_the_same():
    report = flops_table(archscope.trace(nn.Sequential(nn.ReLU(), nn.Tanh()), Size((1, 8))))
    assert sum(row.values["share"] for row in report.rows) == pytest.approx(1)


def test_nothing_at_all_is_a_table_too():
    graph = archscope.trace(nn.Identity(), Size((1, 8)))
    for report in (params_table(graph), flops_table(graph), flops_table(graph, "layer"), shapes_table(graph)):
        assert report.totals["macs"] == report.totals["params"] == 0


class Mystery(nn.Module):
    def forward(self, x):
        return torch.linalg.matrix_exp(x) @ x


def test_an_unknown_operator_makes_the_total_a_lower_bound():
    report = flops_table(archscope.trace(nn.Sequential(Mystery(), Mystery()), Size((3, 3))))
    assert [label for label, *_ in report.summary][:2] == ["≥ MACs", "≥ FLOPs = 2 x MACs + the rest"]
    assert report.totals["macs"] == 2 * 3 * 3 * 3
    assert report.totals["uncounted"] == [
        {"op": "aten.linalg_matrix_exp", "module": path, "shapes": [[3, 3]], "count": 1} for path in ("0", "1")
    ]
    assert any("1 x aten.linalg_matrix_exp in 0 on 3x3; 1 x aten.linalg_matrix_exp in 1 on 3x3" in note for note in report.notes)


def test_a_forward_that_stopped_says_so():
    with pytest.raises(archscope.TraceError) as caught:
        archscope.trace(nn.Sequential(nn.Linear(4, 5), nn.Linear(6, 7)), Size((1, 4)))
    report = flops_table(caught.value.graph)
    assert report.head["complete"] is False
    assert "Incomplete: the forward stopped in 1; the numbers are of what ran before." in report.notes
    assert report.summary[0][0] == "≥ MACs"


def test_the_convention_is_one_sentence_with_the_batch():
    report = flops_table(archscope.trace(nn.Linear(4, 5), Size((7, 4))))
    assert "FLOPs: 2 per MAC and 1 per addition" in report.notes[0]
    assert report.notes[0].endswith("batch 7.")


def test_wrong_words(tiny):
    with pytest.raises(UsageError, match="unknown grouping 'stages'"):
        flops_table(tiny, "stages")
    with pytest.raises(UsageError, match="--top 0 shows nothing"):
        flops_table(tiny, top=0)
    with pytest.raises(UsageError, match="unknown convention 'mine'"):
        flops_table(tiny, convention="mine")


def test_the_groups_of_a_grouping_add_up_to_the_whole():
    graph = archscope.load("inception_v4").trace()
    table = flops_table(graph, by="kind")
    assert sum(row.values["macs"] for row in table.rows) == graph.cost.macs
    assert sum(row.values["runs"] for row in table.rows) == len(graph.nodes)
    assert table.rows[0].values["kind"] == "convolution"
