"""What sets two networks apart."""

import json

import pytest
import torch
from networks import traced
from torch import nn

from archscope import diff, metrics
from archscope.cli.app import run
from archscope.comparison.diff_table import diff_table, sentence, where
from archscope.graph import Graph
from archscope.tracing.forward_pass import trace


def told(first: Graph, second: Graph) -> list[tuple[str, str, str, str]]:
    return [(change.kind, where(change.paths), change.before, change.after) for change in diff(first, second).changes]


def net(*layers: nn.Module, size: int = 16) -> Graph:
    with torch.device("meta"):
        return trace(nn.Sequential(*layers), torch.empty(1, 3, size, size, device="meta"))


def conv(before: int, after: int, kernel: int = 3, **how) -> nn.Conv2d:
    return nn.Conv2d(before, after, kernel, **{"padding": kernel // 2, **how})


# -- whole networks --------------------------------------------------------------------------------------------------------------


def test_resnet50_and_101_differ_in_the_number_of_blocks_of_stage_3_and_nothing_else():
    difference = diff(traced("resnet50"), traced("resnet101"))
    (change,) = difference.changes
    assert (change.kind, change.paths, change.before, change.after) == (
        "repeated",
        ("conv4_x",),
        "6 x Bottleneck",
        "23 x Bottleneck",
    )
    assert change.stage == "stage 3, 14x14"
    assert sentence(change) == "stage 3 (conv4_x, 14x14) has 6 x Bottleneck here and 23 x Bottleneck there"
    assert change.params == 44_549_160 - 25_557_032
    assert change.macs == 7_570_194_432 - 3_857_973_248
    assert not difference.equal


def test_the_two_inception_resnet_v2():
    found = told(traced("inception_resnet_v2_paper"), traced("inception_resnet_v2"))
    # The differences that the released code has from the paper's figures, in order.
    assert [(kind, place) for kind, place, _, _ in found] == [
        ("replaced", "stem"),
        ("repeated", "inception_resnet_a"), ("changed", "inception_resnet_a.0-4.linear"),
        ("repeated", "inception_resnet_b"), ("changed", "inception_resnet_b.0-9.linear"),
        ("repeated", "inception_resnet_c"), ("changed", "inception_resnet_c.0-4.linear"),
        ("changed", "inception_resnet_c.9.linear"), ("changed", "inception_resnet_c.9"),
        ("added", "conv"),
        ("follows", ""),
    ]  # fmt: skip
    words = {place: (before, after) for _, place, before, after in found}
    assert words["inception_resnet_b"] == ("10 x InceptionResNetB", "20 x InceptionResNetB")
    assert words["inception_resnet_b.0-9.linear"] == ("width 1152", "width 1088")
    assert words["inception_resnet_c.0-4.linear"] == ("width 2144", "width 2080")
    assert words["inception_resnet_c.9.linear"] == ("width 2144, scale 0.2", "width 2080, scale 1")
    assert words["inception_resnet_c.9"] == ("relu", "nothing behind")
    assert words["conv"] == ("", "conv 1x1, 1536 wide, bn, relu")


def test_the_stride_of_v1_and_v1_5():
    assert told(traced("resnet50"), traced("resnet50_v1_5"))[:2] == [
        ("changed", "conv3_x.0.conv1, conv4_x.0.conv1, conv5_x.0.conv1", "stride 2", "stride 1"),
        ("changed", "conv3_x.0.conv2, conv4_x.0.conv2, conv5_x.0.conv2", "stride 1", "stride 2"),
    ]


def test_shortcuts_and_normalisations_that_one_lacks():
    plain = told(traced("plain18"), traced("resnet18"))
    assert ("added", "conv3_x.0.shortcut", "", "conv 1x1/2, 128 wide, bn") in plain
    assert any(kind == "added" and after == "add, relu" and "conv2_x.0-1" in place for kind, place, _, after in plain)
    normed = told(traced("vgg11"), traced("vgg11_bn"))
    assert [(kind, before, after) for kind, _, before, after in normed] == [("changed", "no normalisation", "bn, eps 1e-05")]


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("resnet50_v1_5", "torchvision:resnet50"), ("resnet18", "torchvision:resnet18"), ("inception_v4", "timm:inception_v4"),
        ("inception_resnet_v2", "timm:inception_resnet_v2"), ("alexnet_owt", "torchvision:alexnet"), ("vgg16", "torchvision:vgg16"),
    ],
)  # fmt: skip
def test_other_libraries_builds_of_the_same_networks_do_not_differ(ours, theirs):
    pytest.importorskip(theirs.partition(":")[0])
    difference = diff(traced(ours), traced(theirs))
    assert difference.changes == ()
    assert difference.equal


def test_a_network_is_equal_to_itself_at_another_size():
    small = diff(traced("resnet18"), trace_at("resnet18", 64))
    assert [change.kind for change in small.changes] == ["input", "follows"]
    assert diff(traced("lenet5"), traced("lenet5")).changes == ()


def trace_at(name: str, size: int) -> Graph:
    from archscope.models.loading import load

    return load(name, input=(3, size, size)).trace()


def test_auxiliary_heads_that_do_not_run_are_a_difference():
    found = told(traced("inception_v3"), traced("inception_v3", aux_heads=True))
    assert [(kind, after.partition(",")[2]) for kind, _, _, after in found] == [("added", " not run in this forward")]
    assert diff(traced("inception_v3"), traced("inception_v3", aux_heads=True)).changes[0].params == 27_161_264 - 23_834_568


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("resnet18", "resnet50"), ("inception_v3", "inception_v4"), ("inception_resnet_v2", "inception_resnet_v2_paper"),
        ("lenet5", "alexnet"), ("resnet20_cifar", "plain32_cifar"), ("googlenet", "bn_inception"), ("resnet101", "resnet50"),
    ],
)  # fmt: skip
def test_the_changes_add_up_to_the_difference_of_the_totals(first, second):
    a, b = traced(first), traced(second)
    changes = diff(a, b).changes
    assert sum(change.params for change in changes) == metrics.params(b) - metrics.params(a)
    assert sum(change.macs for change in changes) == metrics.macs(b) - metrics.macs(a)


def test_deeper_networks_of_one_family_leave_nothing_over():
    for pair in (("resnet18", "resnet34"), ("resnet50", "resnet152"), ("resnet20_cifar", "resnet110_cifar"), ("vgg16", "vgg19")):
        changes = diff(*map(traced, pair)).changes
        assert {change.kind for change in changes} == {"repeated"}, pair


# -- layers ----------------------------------------------------------------------------------------------------------------------


def test_each_trait_of_a_layer():
    base = net(conv(3, 8), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8))
    for other, before, after in (
        (net(conv(3, 8, 5), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8)), "kernel 3x3, padding 1", "kernel 5x5, padding 2"),
        (net(conv(3, 8, stride=2), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8)), "stride 1", "stride 2"),
        (net(conv(3, 8, bias=False), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8)), "bias yes", "bias no"),
        (net(conv(3, 8), nn.BatchNorm2d(8, eps=1e-3), nn.ReLU(), conv(8, 8)), "bn, eps 1e-05", "bn, eps 0.001"),
        (net(conv(3, 8), nn.GroupNorm(2, 8), nn.ReLU(), conv(8, 8)), "bn, eps 1e-05", "gn, eps 1e-05"),
        (net(conv(3, 8), nn.BatchNorm2d(8), nn.GELU(), conv(8, 8)), "relu", "gelu"),
        (
            net(conv(3, 8, padding=2, dilation=2), nn.BatchNorm2d(8), nn.ReLU(), conv(8, 8)),
            "padding 1, dilation none",
            "padding 2, dilation 2",
        ),
    ):
        assert [(b, a) for kind, _, b, a in told(base, other) if kind == "changed"] == [(before, after)]


def test_a_wider_layer_is_told_once_and_what_reads_it_follows():
    found = diff(net(conv(3, 8), conv(8, 4)), net(conv(3, 16), conv(16, 4)))
    assert next((change.kind, change.before, change.after) for change in found.changes) == ("changed", "width 8", "width 16")
    assert [change.kind for change in found.changes] == ["changed", "follows"]
    assert [change.params for change in found.changes] == [8 * (3 * 9 + 1), 8 * 4 * 9]


def test_one_layer_more():
    assert told(net(conv(3, 8), nn.ReLU(), conv(8, 8)), net(conv(3, 8), nn.ReLU(), nn.MaxPool2d(2), conv(8, 8))) == [
        ("added", "2", "", "max pool 2x2/2"), ("follows", "", "", "layers that only read other widths, or work at other resolutions"),
    ]  # fmt: skip
    assert told(net(conv(3, 8), conv(8, 8), conv(8, 8)), net(conv(3, 8), conv(8, 8))) == [
        ("repeated", "1", "2 x conv 3x3, 8 wide", "1 x conv 3x3, 8 wide"),
    ]  # fmt: skip


class Branches(nn.Module):
    """Two branches, joined in one order or the other, run in one order or the other."""

    def __init__(self, turned: bool, late: bool):
        super().__init__()
        self.a, self.b, self.turned, self.late = conv(3, 4), conv(3, 6, 1), turned, late

    def forward(self, x):
        if self.late:
            b = self.b(x)
            a = self.a(x)
        else:
            a = self.a(x)
            b = self.b(x)
        return torch.cat([b, a] if self.turned else [a, b], 1)


def test_another_order_of_a_concatenation_is_another_wiring_and_another_order_of_running_is_none():
    one, turned, late = (
        trace(Branches(*how), torch.empty(1, 3, 8, 8, device="meta")) for how in ((False, False), (True, False), (False, True))
    )
    assert [(kind, after) for kind, _, _, after in told(one, turned)] == [("rewired", "the same layers, wired in another way")]
    assert not diff(one, turned).equal
    assert diff(one, late).changes == ()


# -- words and the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "short"),
    [
        ([], ""), (["conv1"], "conv1"), (["a.0.b", "a.1.b", "a.2.b"], "a.0-2.b"), (["a.0", "a.2", "a.3"], "a.0,2-3"),
        (["a.0.x", "b.0.x"], "a.0.x, b.0.x"), (["a.x", "b.x", "c.x", "d.x"], "a.x, b.x and 2 more"),
    ],
)  # fmt: skip
def test_paths_in_short(paths, short):
    assert where(paths) == short


@pytest.fixture
def saved(tmp_path):
    def save(name: str) -> str:
        path = tmp_path / f"{name}.json"
        path.write_bytes(traced(name).to_json())
        return str(path)

    return save


def test_exit_codes(saved, capsys):
    assert run(["diff", saved("resnet18"), saved("resnet18"), "--exit-code"]) == 0
    assert "no structural difference" in capsys.readouterr().out
    assert run(["diff", saved("resnet18"), saved("resnet34")]) == 0
    assert run(["diff", saved("resnet18"), saved("resnet34"), "--exit-code"]) == 1
    assert run(["diff", saved("resnet18"), "nonsense_v7"]) == 2


def test_json_and_csv_carry_plain_numbers(saved, capsys):
    assert run(["diff", saved("resnet50"), saved("resnet101"), "--format", "json"]) == 0
    read = json.loads(capsys.readouterr().out)
    assert read["totals"]["params_change"] == 44_549_160 - 25_557_032
    assert read["totals"]["equal"] is False
    assert read["rows"][0]["paths"] == "conv4_x"
    assert run(["diff", saved("resnet50"), saved("resnet101"), "--format", "csv"]) == 0
    assert "18992128" in capsys.readouterr().out


def test_the_picture_marks_what_differs(saved, tmp_path, capsys):
    path = tmp_path / "both.svg"
    assert run(["diff", saved("resnet50"), saved("resnet101"), "--out", str(path)]) == 0
    drawn = path.read_text()
    # the two boxes of conv4_x in each network: number 1 in a badge
    assert drawn.count(">1<") == 4 + 1
    assert "23 x Bottleneck" in drawn
    assert run(["diff", saved("resnet18"), saved("resnet18"), "--out", str(path)]) == 0
    assert "No structural difference" in path.read_text()
    assert run(["diff", saved("resnet18"), saved("resnet18"), "--out", "both.gif"]) == 2


def test_the_table_names_both_and_says_the_sentence():
    table = diff_table(diff(traced("resnet50"), traced("resnet101")))
    assert [column.title for column in table.columns][3:5] == ["resnet50", "resnet101"]
    assert table.rows[0].values["says"] == "stage 3 (conv4_x, 14x14) has 6 x Bottleneck here and 23 x Bottleneck there"
