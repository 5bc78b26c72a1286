"""`archscope signal`, and what other commands make of it, as a person uses them."""

import csv
import json
from io import StringIO

import pytest

from archscope.cli.app import run
from archscope.errors import ArchscopeError
from archscope.signal import files

NETS = """
import torch
from torch import nn

class Ids(nn.Module):
    def __init__(self):
        super().__init__()
        self.e, self.l = nn.Embedding(50, 16), nn.Linear(16, 7)
    def forward(self, ids):
        return self.l(torch.tanh(self.e(ids)))

class Boom(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 3)
        nn.init.constant_(self.b.weight, 1e38)
    def forward(self, x):
        return self.c(self.b(torch.relu(self.a(x)) * 1e30 + 1e30))

class Argmax(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(8, 8)
    def forward(self, x):
        return self.a(x).argmax(1)

def deep(gain=1.0, depth=40):
    layers = []
    for _ in range(depth):
        linear = nn.Linear(64, 64, bias=False)
        nn.init.normal_(linear.weight, std=(gain / 64) ** 0.5)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, 10))

def doomed(channels=8):
    dead = nn.Conv2d(3, channels, 3)
    nn.init.constant_(dead.bias, -100.0)
    return nn.Sequential(dead, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    return tmp_path


def said(capsys, *words: str) -> str:
    assert run(["signal", *words]) == 0
    return capsys.readouterr().out


def test_saved_shown_again_and_drawn(place, capsys):
    words = ["signal", "resnet20_cifar", "plain20_cifar", "--samples", "2", "--batch", "2", "--input", "3x16x16"]
    assert run([*words, "--out", "s.json"]) == 0
    found = files.load(["s.json"])
    assert [(one.label, one.batch, one.seeds, len(one.places)) for one in found] == [
        ("resnet20_cifar", 2, [0, 1], 11), ("plain20_cifar", 2, [0, 1], 11),
    ]  # fmt: skip
    assert files.from_json(files.to_json(found)) == found
    capsys.readouterr()
    shown = said(capsys, "--load", "s.json", "--format", "csv")
    rows = list(csv.DictReader(StringIO(shown)))
    assert len(rows) == 22
    first = next(row for row in rows if row["path"] == "stage1.0")
    assert float(first["variance_min"]) <= float(first["variance"]) <= float(first["variance_max"])
    assert first["branch_variance"]
    assert not next(row for row in rows if row["path"] == "conv1")["branch_variance"]
    assert run(["chart", "--kind", "signal", "--signal", "s.json", "--out", "s.svg"]) == 0
    drawn = (place / "s.svg").read_text()
    assert "Signal propagation" in drawn
    assert "plain20_cifar" in drawn
    assert run(["chart", "--kind", "signal", "--signal", "s.json", "--out", "s.html"]) == 0
    assert run(["diagram", "resnet20_cifar", "--color-by", "signal:gradient_norm", "--signal", "s.json", "--out", "d.svg"]) == 0
    assert "gradient_norm" in (place / "d.svg").read_text()


def test_a_diagram_and_a_chart_are_measured_where_no_file_is_given(place):
    assert run(["diagram", "lenet5_dense", "--color-by", "signal", "--out", "d.svg"]) == 0
    assert run(["chart", "--kind", "signal", "lenet5_dense", "--batch", "2", "--out", "c.svg"]) == 0
    assert "variance" in (place / "d.svg").read_text()


def test_settings_side_by_side_and_every_weight(place, capsys):
    shown = said(capsys, "nets.py:deep", "--input", "64", "--vary", "gain=1.0,2.0", "--samples", "2", "--weights")
    verdicts = [line for line in shown.splitlines() if line.startswith("Variance")]
    assert "vanishes" in verdicts[0]
    assert "exponentially" in verdicts[0]
    assert "steady" in verdicts[1]
    assert "gain=1.0: weights" in shown
    assert "80.weight" in shown


def test_steps_of_training_give_a_second_table(place, capsys):
    shown = said(capsys, "lenet5_dense", "--steps", "3", "--lr", "0.1", "--samples", "1", "--format", "json")
    before, after = json.loads(shown)["signals"]
    assert before["training"] is None
    assert len(after["training"]["losses"][0]) == 3
    assert after["training"]["losses"][0][2] < after["training"]["losses"][0][0]  # one batch, again and again
    assert before["places"][0]["values"] != after["places"][0]["values"]


def test_steps_on_the_digits(place, capsys):
    pytest.importorskip("sklearn")
    words = "lenet5_dense --steps 2 --data digits --optimizer rmsprop --samples 1 --set activation=relu".split()
    assert "2 steps of rmsprop, learning rate 0.045, on digits" in said(capsys, *words)


def test_images_instead_of_random_numbers(place, capsys):
    image = pytest.importorskip("PIL.Image")
    (place / "images").mkdir()
    for n in range(3):
        image.new("RGB", (20, 10), (80 * n, 10, 200)).save(place / "images" / f"{n}.png")
    assert "images of images" in said(capsys, "resnet20_cifar", "--images", "images", "--samples", "1", "--batch", "2")
    (place / "images" / "broken.png").write_text("no image")
    assert run(["signal", "resnet20_cifar", "--images", "images", "--samples", "4"]) == 1
    assert "broken.png cannot be read" in capsys.readouterr().err


def test_integers_and_no_spatial_maps(place, capsys):
    shown = said(capsys, "nets.py:Ids", "--input", "int64:12", "--samples", "1")
    assert "embedding + tanh" in shown
    assert "Dead units: none can be told" in shown


def test_the_first_value_that_is_no_number_is_named(place, capsys):
    assert "Not finite: the first value that is no finite number is in b (Linear, aten.addmm)" in said(
        capsys, "nets.py:Boom", "--input", "8", "--samples", "1"
    )


def test_nothing_but_zeros_is_said(place, capsys):
    shown = said(capsys, "nets.py:doomed", "--input", "3x8x8", "--samples", "1")
    assert "no variance is left" in shown
    assert "Dead units: 100.0% at most" in shown
    assert "only zeros" in shown


def test_without_a_loss_there_are_no_gradients(place, capsys):
    assert "there are no gradients" in said(capsys, "nets.py:Argmax", "--input", "8", "--samples", "1")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ("resnet152 --batch 64", 1, "more than --max-memory 4.0 GiB"),
        ("resnet18 --max-time 0", 1, "more than --max-time 0 s"),
        ("resnet18 --init foo", 2, "unknown initialisation 'foo'"),
        ("timm:resnet18 --init paper", 2, "--init paper is for the built-in networks"),
        ("x.json", 2, "it has no weights"),
        ("resnet18 --by foo", 2, "unknown --by 'foo'"),
        ("resnet18 --mode foo", 2, "unknown mode 'foo'"),
        ("resnet18 --vary foo", 2, "is not NAME=VALUE,VALUE"),
        ("resnet18 --images nowhere", 1, "there are no images in nowhere"),
        ("resnet18 --dtype int64", 2, "weights are no whole numbers"),
        ("resnet18 --input 3x8", 1, "given 8x3x8"),
        ("resnet18 --steps 1 --optimizer adam", 2, "unknown optimizer 'adam'"),
        ("--load nets.py", 1, "is not a saved signal"),
        ("--load nowhere.json", 1, "cannot be read"),
    ],
)
def test_bad_requests_are_one_line_and_a_hint(place, capsys, words, code, message):
    assert run(["signal", *words.split()]) == code
    found = capsys.readouterr()
    assert message in found.err
    assert found.err.count("\n") == 2
    assert "hint: " in found.err
    assert found.out == ""


def test_memory_is_predicted_from_the_graph():
    # One linear layer of 10 x 10 at batch 4: weights, a copy and gradients, 110 numbers each; an output of 40, and twice that.
    from torch import Size, nn

    import archscope
    from archscope.signal.bounds import memory

    assert memory(archscope.trace(nn.Linear(10, 10), Size((4, 10)))) == 4 * (3 * 110 + 40 + 80)


def test_files_of_something_else_are_refused():
    with pytest.raises(ArchscopeError, match="schema version 9"):
        files.from_json('{"kind": "archscope signal", "schema_version": 9}')
    with pytest.raises(ArchscopeError, match="holds nothing"):
        files.from_json('{"kind": "archscope signal", "schema_version": 1, "signals": []}')
