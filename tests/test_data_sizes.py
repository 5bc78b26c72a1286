"""Sizes that data decide: marked, bounded, and told by --keep. Expected numbers are arithmetic on the toy networks below."""

import csv
import json
import re

import pytest
import torch
from torch import nn

import archscope
from archscope.cli.app import run
from archscope.comparison.budgets import check
from archscope.errors import UsageError
from archscope.metrics import METRICS, Varies, measure

PIXELS = 6 * 6
CONVOLUTION = PIXELS * 4 * 1 * 9
PER_ROW = 4 * 10


class Chooser(nn.Module):
    """Hands on the places of a map that pass a threshold."""

    def forward(self, x):
        places = x.flatten(2)[0].t()
        return places[torch.where(places.sum(1) > 0.5)[0]]


class Finder(nn.Module):
    """A convolution over every pixel, a linear layer on the pixels that pass."""

    def __init__(self):
        super().__init__()
        self.backbone = nn.Conv2d(1, 4, 3, padding=1)
        self.chooser = Chooser()
        self.head = nn.Linear(4, 10)

    def forward(self, x):
        return self.head(self.chooser(self.backbone(x)))


class Sorter(nn.Module):
    """Every row goes to one of three experts: how many go to which decides nothing about the sum."""

    def __init__(self):
        super().__init__()
        self.experts = nn.ModuleList(nn.Linear(8, 8, bias=False) for _ in range(3))

    def forward(self, x):
        choice, out = x[:, :3].argmax(1), torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            rows = torch.where(choice == number)[0]
            out[rows] = expert(x[rows])
        return out


class Looking(nn.Module):
    """A linear layer that runs as the `look` says."""

    def __init__(self, look):
        super().__init__()
        self.look, self.linear = look, nn.Linear(8, 8)

    def forward(self, x):
        return self.linear(self.look(x))


def found(look, *shape):
    return archscope.trace(Looking(look), torch.randn(*shape)).meta.decided


@pytest.fixture(scope="module")
def finder():
    torch.manual_seed(0)
    return archscope.trace(Finder(), torch.randn(1, 1, 6, 6))


def test_what_data_decide_lies_between_nothing_and_everything(finder):
    macs = METRICS["macs"](finder)
    assert isinstance(macs, Varies)
    assert (macs.least, macs.most) == (CONVOLUTION, CONVOLUTION + PIXELS * PER_ROW)
    passed, least, most = finder.meta.decided.rows["chooser"]
    assert (least, most) == (0, PIXELS)
    assert macs == CONVOLUTION + passed * PER_ROW


def test_what_data_do_not_decide_is_not_marked(finder):
    numbers = measure(finder)
    assert not any(isinstance(numbers[name], Varies) for name in ("params", "state_bytes", "convolutions", "weighted_depth"))
    assert not isinstance(METRICS["macs"](finder.within("backbone")), Varies)
    assert isinstance(METRICS["macs"](finder.within("head")), Varies)


@pytest.mark.parametrize(("keep", "rows"), [(0, 0), (5, 5), (10**9, PIXELS), ({"chooser": 7}, 7), ({"": 1, "chooser": 7}, 7)])
def test_a_number_that_is_told_passes_as_far_as_there_is_as_much(keep, rows):
    graph = archscope.trace(Finder(), torch.randn(1, 1, 6, 6), keep=keep)
    assert graph.cost.macs == CONVOLUTION + rows * PER_ROW
    assert not isinstance(METRICS["macs"](graph), Varies)
    assert graph.tensors[graph.outputs[0]].shape == (rows, 10)


def test_a_number_for_another_module_is_said_to_be_idle():
    graph = archscope.trace(Finder(), torch.randn(1, 1, 6, 6), keep={"backbone": 3})
    assert graph.meta.decided.idle == ("backbone",)
    assert isinstance(METRICS["macs"](graph), Varies)
    plain = archscope.trace(nn.Linear(3, 3), torch.randn(1, 3), keep=5)
    assert plain.meta.decided.idle == ("",)
    assert not plain.meta.decided.varies


def test_fewer_than_no_rows_are_refused():
    with pytest.raises(UsageError):
        archscope.trace(Finder(), torch.randn(1, 1, 6, 6), keep=-1)


def test_the_module_is_untouched():
    module = Finder()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    archscope.trace(module, torch.randn(1, 1, 6, 6))
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert module.training


def test_boxes_after_suppression():
    ops = pytest.importorskip("torchvision.ops")

    class Boxes(nn.Module):
        def forward(self, x):
            corner = x[:, :2]
            return ops.nms(torch.cat([corner, corner + 1], 1), x[:, 2], 0.5)

    # Three boxes lie on one another, a fourth apart: two are left.
    x = torch.tensor([[0.0, 0.0, 0.9], [0.0, 0.0, 0.8], [0.0, 0.0, 0.7], [5.0, 5.0, 0.6]])
    assert archscope.trace(Boxes(), x).meta.decided.rows == {"": (2, 0, 4)}
    graph = archscope.trace(Boxes(), x, keep=3)
    assert graph.tensors[graph.outputs[0]].shape == (3,)


def test_sorting_into_groups_decides_nothing():
    graph = archscope.trace(Sorter(), torch.randn(20, 8))
    assert graph.meta.device == "cpu"
    assert graph.cost.macs == 20 * 8 * 8
    assert not isinstance(METRICS["macs"](graph), Varies)


class Mixture(nn.Module):
    """Two of four experts for each row, their rows found in a one-hot mask."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(8, 4, bias=False)
        self.experts = nn.ModuleList(nn.Linear(8, 8, bias=False) for _ in range(4))

    def forward(self, x):
        weights, choice = torch.topk(self.gate(x).softmax(-1), 2)
        mask, out = nn.functional.one_hot(choice, 4).permute(2, 1, 0), torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            slot, row = torch.where(mask[number])
            out.index_add_(0, row, expert(x[row]) * weights[row, slot, None])
        return out


@pytest.mark.parametrize("keep", [None, 3])
def test_a_mixture_of_experts_costs_the_same_whatever_the_data(keep):
    graph = archscope.trace(Mixture(), torch.randn(16, 8), keep=keep)
    assert graph.cost.macs == 16 * 8 * 4 + 16 * 2 * 8 * 8
    assert not isinstance(METRICS["macs"](graph), Varies)


def test_a_comparison_with_one_value_is_a_choice():
    decided = found(lambda x: x[torch.where(x[:, 0].round() == 0)[0]], 20, 8)
    assert decided.rows[""][1:] == (0, 20)
    assert decided.totals["macs"] == (0, 20 * 64)


@pytest.mark.parametrize(
    "look",
    [
        lambda x: x[x[:, 0] > 0],
        lambda x: x.masked_select(x[:, :1] > 0).reshape(-1, 8),
        lambda x: torch.stack([x[i] for i in (x[:, 0] > 0).nonzero().unbind(0)]).reshape(-1, 8),
    ],
    ids=["mask", "masked_select", "nonzero"],
)
def test_every_way_to_choose_is_seen(look):
    decided = found(look, 20, 8)
    assert decided.varies
    if decided.known:
        least, most = decided.totals["macs"]
        assert least <= 64  # torch.stack wants one
        assert most == 20 * 64


@pytest.mark.parametrize(
    "look",
    [
        lambda x: x[: int((x[:, 0] > 0).sum())],
        lambda x: x[: (x > 0).sum().item() // 9],
        lambda x: x[: (x > 0).sum().item()],  # 80 of 20 rows: only fewer would change anything
        lambda x: x[: (x[:, 0] > 0).sum().reshape(1).tolist()[0]],
    ],
    ids=["int", "divided", "bounded", "tolist"],
)
def test_a_whole_number_that_sizes_depend_on(look):
    torch.manual_seed(0)
    decided = found(look, 20, 8)
    assert decided.totals["macs"] == ()
    assert decided.varies
    assert sum(decided.reads.values()) == 1


def test_looking_at_values_alone_marks_nothing():
    decided = found(lambda x: x if bool((x > 100).any()) else x + 1, 20, 8)
    assert not decided.varies
    assert list(decided.reads) == ["aten._local_scalar_dense in the network"] or list(decided.reads) == [
        "aten.is_nonzero in the network"
    ]
    decided = found(lambda x: x * float(x.sum()), 20, 8)
    assert decided.reads
    assert not decided.varies


def test_a_number_with_a_value_needs_no_values():
    graph = archscope.trace(Looking(lambda x: x * float(2 ** torch.tensor(3.0).log2().round())), torch.randn(2, 8))
    assert graph.meta.device == "meta"
    assert graph.meta.decided is None


def test_budgets(finder):
    most = CONVOLUTION + PIXELS * PER_ROW
    verdicts = [check(finder, {"macs": limit})[0].verdict for limit in (most, most - 1, CONVOLUTION, CONVOLUTION - 1)]
    assert verdicts == ["within", "undecided", "undecided", "exceeded"] or finder.cost.macs in (CONVOLUTION, most)
    [found] = check(finder, {"macs": most - 1})
    assert "--keep" in found.reason


FILE = """
import torch
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(8, 8, bias=False)
    def forward(self, x):
        return self.linear(x[x[:, 0] > 0.5])
"""


@pytest.fixture
def words(tmp_path):
    (tmp_path / "choosing_net.py").write_text(FILE)
    return [f"{tmp_path / 'choosing_net.py'}:Net", "--input", "8", "--batch", "10"]


@pytest.fixture
def ran(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words):
        code = run(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_tables_mark_it_and_json_carries_it(ran, words):
    _, said, _ = ran("flops", *words)
    assert re.search(r"^~ MACs", said, re.M)
    assert "of at most 10" in said
    assert "--keep" in said
    made = json.loads(ran("flops", *words, "--format", "json")[1])
    assert made["decided_by_data"]["totals"]["macs"] == [0, 640]
    assert made["rows"][0]["reasons"]["macs"].startswith("depends on the data")


def test_a_told_number_is_said_and_unmarks(ran, words):
    _, said, _ = ran("flops", *words, "--keep", "4")
    assert "rows kept: where data decide 4" in said
    assert re.search(r"^MACs +256\b", said, re.M)
    made = json.loads(ran("check", *words, "--keep", "4", "--max-macs", "256", "--format", "json")[1])
    assert made["rows"][0]["verdict"] == "within"


def test_compare_marks_it(ran, words):
    _, said, _ = ran("compare", *words)
    assert re.search(r"~ \d+", said)
    lines = ran("compare", *words, "--format", "csv")[1].splitlines()
    assert "macs" in next(csv.DictReader(lines))["decided_by_data"]


def test_what_is_no_number_of_rows(ran, words):
    code, _, error = ran("flops", *words, "--keep", "rpn=many")
    assert code == 2
    assert "rpn=many" in error


# What torchvision publishes with its weights, in 10^9 multiply-accumulates, is of an image of noise: this one proposes nothing
# there that scores 0.05.
@pytest.mark.parametrize("name", ["fasterrcnn_mobilenet_v3_large_320_fpn", "ssdlite320_mobilenet_v3_large"])
def test_detectors_as_published(name):
    models = pytest.importorskip("torchvision.models")
    published = next(iter(models.get_model_weights(name))).meta["_ops"]
    graph = archscope.load(f"torchvision:{name}", input=(3, 320, 320)).trace(keep={"rpn": 0, "roi_heads": 0})
    assert round(graph.cost.macs / 1e9, 3) == published
    assert not isinstance(METRICS["macs"](graph), Varies)


def test_what_is_looked_at_behind_the_last_product_decides_no_products():
    class Pasting(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 8, bias=False)

        def forward(self, x):
            x = self.linear(x)
            size = int(x.argmax()) % 3 + 1
            return x.new_zeros(3)[:size] + x.flatten()[: min(size, 3)]  # fails for a size of more than 3

    graph = archscope.trace(Pasting(), torch.randn(4, 8))
    numbers = measure(graph, ["macs", "activations", "flops"])
    assert numbers["macs"] == 4 * 64
    assert not isinstance(numbers["macs"], Varies)
    assert isinstance(numbers["activations"], Varies)
    assert isinstance(numbers["flops"], Varies)
