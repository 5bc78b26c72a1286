"""`archscope diagram` and `archscope tree`: what they write, where, and what they answer to wrong words."""

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from reading import drawn, traced

from archscope.cli.app import run

BROKEN = """
from torch import nn
class Broken(nn.Module):
    example_input_shape = (3, 16, 16)
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3), nn.Linear(5, 5)
    def forward(self, x):
        return self.two(self.one(x))
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def saved():
    path = Path("v4.json")
    path.write_bytes(traced("inception_v4").to_json())
    return str(path)


def test_a_bare_format_names_the_file_after_the_model(capsys):
    assert run(["diagram", "lenet5"]) == 0
    assert capsys.readouterr().out.strip() == str(Path("reports/lenet5.svg"))
    assert "LeNet-5" in drawn(Path("reports/lenet5.svg").read_text()).texts
    for form, head in (("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"digraph"), ("json", b"{")):
        assert run(["diagram", "lenet5", "--level", "block", "--out", form]) == 0
        assert Path(f"reports/lenet5-block.{form}").read_bytes().startswith(head)


def test_stdout_gets_svg(capsysbinary, saved):
    assert run(["diagram", saved, "--out", "-"]) == 0
    assert ElementTree.fromstring(capsysbinary.readouterr().out).tag.endswith("svg")


def test_options_reach_the_picture(saved):
    words = ["--level", "op", "--theme", "dark", "--color-by", "params", "--direction", "LR", "--out", "x.svg"]
    assert run(["diagram", saved, *words]) == 0
    svg = Path("x.svg").read_text()
    assert "642 operators" in svg
    assert "#14181d" in svg


def test_a_file_of_numbers_decides_the_colour(saved):
    Path("latency.json").write_text('{"stem": 0.5, "inception_b": 0.2}')
    assert run(["diagram", saved, "--color-by", "latency.json", "--out", "x.svg"]) == 0
    assert "latency" in drawn(Path("x.svg").read_text()).texts
    Path("latency.json").write_text("[1]")
    assert run(["diagram", saved, "--color-by", "latency.json"]) == 1


def test_one_block_alone(saved):
    assert run(["diagram", saved, "--block", "reduction-a", "--out", "r.svg"]) == 0
    assert "3x3 conv, 384 /2 V" in drawn(Path("r.svg").read_text()).labels.values()


def test_several_networks(saved, capsys):
    assert run(["diagram", saved, "lenet5", "--out", "both.svg"]) == 0
    texts = drawn(Path("both.svg").read_text()).texts
    assert {"LeNet-5", "Inception-v4"} <= set(texts)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["diagram", "v4.json", "--level", "stages"], 2, "error: unknown level 'stages'\nhint: choose from stage, block, op\n"),
        (["diagram", "v4.json", "--out", "x.gif"], 2, "error: --out x.gif: no suffix that names a format\nhint: use one of .svg"),
        (["diagram", "v4.json", "--theme", "blue"], 2, "error: unknown theme 'blue'\nhint: choose from light, dark, paper\n"),
        (["diagram", "v4.json", "--color-by", "cost"], 2, "error: unknown colouring 'cost'\nhint: choose from kind, params"),
        (["diagram", "v4.json", "--direction", "up"], 2, "error: unknown direction 'up'\nhint: choose from TB, LR\n"),
        (["diagram", "v4.json", "--block", "stam"], 2, "error: unknown block 'stam'\nhint: did you mean "),
        (["diagram", "v4.json", "--out", "v4.json/x.svg"], 1, "error: cannot write v4.json/x.svg: "),
        (["diagram", "inceptoin_v4"], 2, "error: unknown model 'inceptoin_v4'\nhint: did you mean inception_v4"),
        (["diagram", "v4.json", "v4.json", "--out", "x.dot"], 2, "error: a dot file holds one network\n"),
        (["diagram", "v4.json", "v4.json", "--level", "op"], 2, "error: several networks are drawn side by side at the level of"),
        (["diagram", "v4.json", "--color-by", "none.json"], 1, "error: none.json cannot be read"),
    ],
)
def test_wrong_words(saved, capsys, words, code, said):
    assert run(words) == code
    shown = capsys.readouterr()
    assert shown.err.startswith(said)
    assert shown.out == ""


def test_wrong_words_are_answered_before_anything_is_traced(capsys):
    assert run(["diagram", "resnet1202_cifar", "--theme", "blue"]) == 2
    assert run(["diagram", "resnet1202_cifar", "--out", "x.gif"]) == 2


def test_what_was_traced_before_an_error_is_drawn(capsys):
    Path("net.py").write_text(BROKEN)
    assert run(["diagram", "net.py:Broken", "--out", "broken.svg"]) == 1
    assert "Broken failed in two (Linear)" in capsys.readouterr().err
    assert any(text.startswith("Incomplete: the forward stopped in two") for text in drawn(Path("broken.svg").read_text()).texts)
    assert run(["tree", "net.py:Broken"]) == 1
    assert "Incomplete: the forward stopped in two" in capsys.readouterr().out


def test_an_engine_that_is_not_there_is_named(saved, monkeypatch, capsys):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(["diagram", saved, "--out", "x.svg"]) == 0
    assert run(["diagram", saved, "--out", "x.pdf"]) == 0
    capsys.readouterr()
    assert run(["diagram", saved, "--out", "x.png"]) == 1
    assert capsys.readouterr().err.endswith("hint: pip install graphviz-pure\n")


def test_the_tree_in_a_terminal_and_in_a_pipe(saved, capsys):
    assert run(["tree", saved, "--closed"]) == 0
    closed = capsys.readouterr().out
    assert "4 x Inception-A" in closed
    assert "1x1 conv" not in closed
    assert run(["tree", saved]) == 0
    assert "1x1 conv, 64 → 3x3 conv, 96 → 3x3 conv, 96" in capsys.readouterr().out
