"""The command line: what it prints, where it writes, and what it says when the words or the network are wrong."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from archscope.cli.app import run

COMMANDS = ["params", "flops", "shapes"]
NET = """
import torch
from torch import nn

class Net(nn.Module):
    example_input_shape = (3, 16, 16)

    def __init__(self, width: int = 4):
        super().__init__()
        self.first = nn.Conv2d(3, width, 3)
        self.second = nn.Conv2d(5, width, 3)

    def forward(self, x):
        return self.second(self.first(x))

class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 4)

    def forward(self, x):
        return self.linear(x) if x.sum() > -1e9 else x

class Silent(nn.Module):
    def forward(self, x):
        return x

class Unknown(nn.Module):
    def forward(self, x):
        return torch.linalg.matrix_exp(x)

class Chatty(nn.Module):
    def forward(self, x):
        print("noise")
        return x * 2

def number():
    return 3

def raises():
    raise RuntimeError("no luck\\nat all")

ready = nn.Linear(4, 2)
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "net.py").write_text(NET)


@pytest.fixture
def cli(capsys):
    def call(*words: str) -> tuple[int, str, str]:
        code = run(list(words))
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return code, said.out, said.err

    return call


def files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file() and not {"store", "__pycache__"} & set(path.parts)}


@pytest.fixture(scope="session")
def process(tmp_path_factory):
    """Runs the command line in a process of its own; all of them share a trace store, so that torch is imported only twice."""
    store = tmp_path_factory.mktemp("traces")

    def call(*words: str, pipe: str = "", stdout=subprocess.PIPE, **environment: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "archscope", *words]
        if pipe:
            command = ["bash", "-c", f"{shlex.join(command)} | {pipe}"]
        environment = {**os.environ, "ARCHSCOPE_STORE": str(store), **environment}
        return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, env=environment)

    return call


# -- what is right ------------------------------------------------------------------------------------------------------------


def test_the_figures_of_inception_v4(cli):
    code, out, err = cli("params", "inception_v4", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)["totals"]["params"] == 42679816
    code, out, err = cli("flops", "v4", "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["totals"]["macs"] == 12253974624
    assert found["model"] == "inception_v4"
    assert found["inputs"] == [[1, 3, 299, 299]]


@pytest.mark.parametrize("command", COMMANDS)
def test_json_has_the_promised_keys(cli, command):
    found = json.loads(cli(command, "lenet5_dense", "--format", "json")[1])
    assert found["schema_version"] == 1
    assert (found["mode"], found["dtype"], found["device"], found["complete"]) == ("eval", "float32", "meta", True)
    assert {"variant", "convention", "notes", "rows", "totals"} <= found.keys()
    totals = found["totals"]
    for key in ("params", "trainable_params", "buffers", "unused_params", "macs", "flops", "activations"):
        assert type(totals[key]) is int
    assert totals["params"] == 61706
    assert totals["macs"] == 416520
    assert totals["uncounted"] == []


def test_shapes_of_lenet_go_down_the_column(cli):
    frame = pd.read_csv(io.StringIO(cli("shapes", "lenet5", "--format", "csv")[1]))
    sides = [shape.split("x")[-1] for shape in frame["output"] if shape.count("x") == 3]
    assert [side for at, side in enumerate(sides) if not at or side != sides[at - 1]] == ["32", "28", "14", "10", "5", "1"]


@pytest.mark.parametrize("by", ["stage", "layer", "operator"])
def test_every_grouping_adds_up(cli, by):
    frame = pd.read_csv(io.StringIO(cli("flops", "lenet5_dense", "--by", by, "--format", "csv")[1]))
    assert frame["macs"].sum() == 416520


def test_several_models_in_one_file(cli):
    frame = pd.read_csv(io.StringIO(cli("flops", "lenet5", "lenet5_dense", "--format", "csv")[1]))
    assert set(frame["model"]) == {"lenet5", "lenet5_dense"}
    assert [found["model"] for found in json.loads(cli("params", "lenet5", "lenet5_dense", "-f", "json")[1])] == [
        "lenet5",
        "lenet5_dense",
    ]


def test_the_ten_dearest(cli):
    frame = pd.read_csv(io.StringIO(cli("flops", "inception_v4", "--top", "10", "--format", "csv")[1]))
    assert len(frame) == 10
    assert frame["macs"].is_monotonic_decreasing


def test_batch_scales_cost_and_not_parameters(cli):
    one, four = (json.loads(cli("flops", "lenet5_dense", "--batch", n, "-f", "json")[1])["totals"] for n in ("1", "4"))
    assert four["macs"] == 4 * one["macs"]
    assert four["params"] == one["params"]


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2), ("float64", 8)])
def test_dtype_decides_the_bytes(cli, dtype, size):
    assert json.loads(cli("params", "lenet5_dense", "--dtype", dtype, "-f", "json")[1])["totals"]["param_bytes"] == 61706 * size


def test_settings_reach_the_constructor(cli):
    found = json.loads(cli("params", "lenet5_dense", "--set", "num_classes=20", "-f", "json")[1])
    assert found["totals"]["params"] == 61706 + 10 * (84 + 1)
    assert "num_classes=20" in found["variant"]


def test_a_class_in_a_file(cli):
    code, out, _ = cli("params", "net.py:ready", "--input", "4", "-f", "json")
    assert code == 0
    assert json.loads(out)["totals"]["params"] == 4 * 2 + 2


def test_a_model_that_runs_on_the_cpu_says_so(cli):
    _, out, _ = cli("flops", "net.py:Odd", "--input", "4")
    assert "run on the CPU with random values" in out
    assert json.loads(cli("flops", "net.py:Odd", "--input", "4", "-f", "json")[1])["device"] == "cpu"


def test_an_operator_without_a_formula_is_named_and_the_total_is_a_lower_bound(cli):
    code, out, _ = cli("flops", "net.py:Unknown", "--input", "4x4")
    assert code == 0
    assert "≥ MACs" in out
    assert "1 x aten.linalg_matrix_exp in the network on 1x4x4" in out
    totals = json.loads(cli("flops", "net.py:Unknown", "--input", "4x4", "-f", "json")[1])["totals"]
    assert totals["uncounted"] == [{"op": "aten.linalg_matrix_exp", "module": "", "shapes": [[1, 4, 4]], "count": 1}]


def test_what_a_network_prints_is_not_among_the_results(cli):
    code, out, err = cli("flops", "net.py:Chatty", "--input", "4", "-f", "json")
    assert (code, err) == (0, "noise\n")
    assert json.loads(out)["totals"]["muls"] == 4


def test_a_saved_trace_takes_the_place_of_the_model(cli):
    assert cli("trace", "lenet5_dense", "--out", "l.json")[:2] == (0, "l.json\n")
    assert cli("flops", "l.json", "-f", "json")[1] == cli("flops", "lenet5_dense", "-f", "json")[1]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_table_says_its_circumstances(cli, command):
    out = cli(command, "inception_v3")[1]
    for words in ("1x3x299x299", "eval mode", "float32", "traced on the meta device"):
        assert words in out
    assert json.loads(cli(command, "inception_v3", "-f", "json")[1])["variant"] in " ".join(out.split())


def test_help_names_every_option(process):
    for command in COMMANDS:
        out = process(command, "--help", COLUMNS="200").stdout
        for option in ("--input", "--batch", "--dtype", "--mode", "--set", "--format", "--out", "--exact"):
            assert option in out


# -- where it writes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".json", ".md", ".tex", ".txt", ".html"])
def test_a_suffix_picks_the_format(cli, suffix):
    code, out, err = cli("flops", "lenet5", "--out", f"sub/folder/costs{suffix}")
    assert (code, out, err) == (0, f"sub/folder/costs{suffix}\n", "")
    assert Path(f"sub/folder/costs{suffix}").read_text().strip()
    assert files() == {"net.py", f"sub/folder/costs{suffix}"}


def test_a_bare_format_names_the_file(cli):
    assert cli("flops", "lenet5", "--out", "csv")[1] == "reports/lenet5-flops.csv\n"
    assert cli("params", "lenet5", "lenet5_dense", "--out", "md")[1] == "reports/lenet5-lenet5_dense-params.md\n"
    assert files() == {"net.py", "reports/lenet5-flops.csv", "reports/lenet5-lenet5_dense-params.md"}


def test_a_dash_is_stdout(cli):
    assert cli("params", "lenet5", "--out", "-")[1] == cli("params", "lenet5")[1]


def test_a_file_is_replaced_whole(cli):
    Path("costs.csv").write_text("old " * 10_000)
    assert cli("flops", "lenet5", "--out", "costs.csv")[0] == 0
    assert Path("costs.csv").read_text() == cli("flops", "lenet5", "--format", "csv")[1]
    umask = os.umask(0)
    os.umask(umask)
    assert Path("costs.csv").stat().st_mode & 0o777 == 0o666 & ~umask


@pytest.mark.parametrize("out", ["net.py/x.csv", "folder.csv", "x.docx", "nosuffix", "folder.csv/", "/proc/nothing/x.csv"])
def test_what_cannot_be_written_leaves_nothing_behind(cli, out):
    Path("folder.csv").mkdir()
    code, said, err = cli("params", "lenet5", "--out", out)
    assert code in (1, 2)
    assert said == ""
    assert err.startswith(("error: cannot write ", "error: --out "))
    assert "\nhint: " in err
    assert files() == {"net.py"}


def test_a_failing_run_keeps_the_old_file(cli):
    Path("costs.csv").write_text("precious")
    assert cli("params", "inception_v4", "--input", "3x20x20", "--out", "costs.csv")[0] == 1
    assert cli("params", "nosuch", "--out", "costs.csv")[0] == 2
    assert Path("costs.csv").read_text() == "precious"
    assert files() == {"net.py", "costs.csv"}


# -- what is wrong ------------------------------------------------------------------------------------------------------------

WRONG = [
    (["params", "inceptoin_v4"], 2, "unknown model 'inceptoin_v4'", "did you mean inception_v4, "),
    (["params", "timm:inceptoin_v4"], 2, "unknown timm model 'inceptoin_v4'", "did you mean inception_v4, "),
    (["params", "torchvision:resnet5"], 2, "unknown torchvision model 'resnet5'", "did you mean resnet50, "),
    (["info", "timm:resnet18"], 2, "info has cards of the built-in networks only, none of timm:resnet18", "archscope params timm:resnet18"),
    (["info", "net.py:Net"], 2, "info has cards of the built-in networks only, none of net.py:Net", "archscope compare net.py:Net "),
    (["info", "nosuch.json"], 2, "info has cards of the built-in networks only, none of nosuch.json", "archscope params nosuch.json"),
    (["info", "inceptoin_v4"], 2, "unknown model 'inceptoin_v4'", "did you mean inception_v4, "),
    (["parms", "inception_v4"], 2, "unknown command 'parms'", "did you mean params"),
    (["params"], 2, "Missing argument 'MODEL...'", "archscope params --help"),
    (["params", "lenet5", "--nosuch"], 2, "No such option", "archscope params --help"),
    (["params", "lenet5", "--batch", "0"], 2, "Invalid value for '--batch'", "archscope params --help"),
    (["params", "lenet5", "--batch", "many"], 2, "Invalid value for '--batch'", "archscope params --help"),
    (["params", "lenet5", "--depth", "0"], 2, "Invalid value for '--depth'", "archscope params --help"),
    (["params", "lenet5", "--input", "32"], 1, "lenet5 failed in C1 (Conv2d), given 1x32", "it takes 3 sizes without the batch, as in --input 1x32x32; 32 has 1"),
    (["params", "lenet5", "--input", "1x32"], 1, "lenet5 failed in C1 (Conv2d), given 1x1x32", "it takes 3 sizes without the batch"),
    (["params", "lenet5", "--input", "1,32,32"], 2, "'1,32,32' is not a shape", "write the sizes with an x between them"),
    (["params", "lenet5", "--input", "1x0x32"], 2, "'1x0x32' has a size of 0", "every size is 1 or more"),
    (["params", "inception_v4", "--input", "1x299x299"], 1, "inception_v4 failed in stem.conv1.conv (Conv2d), given 1x1x299x299", "it takes 3 channels, given 1; try --input 3x299x299"),
    (["params", "inception_v4", "--input", "3x20x20"], 1, "inception_v4 failed in stem.mixed3", "too small: the smallest square input that works is --input 3x75x75"),
    (["params", "lenet5", "--input", "1x32x32", "--input", "1x32x32"], 1, "lenet5 failed in LeNet5", "its inputs are 1x32x32"),
    (["params", "lenet5", "--batch", "9" * 20], 2, "no machine can address an input of", "give a smaller --input or --batch"),
    (["params", "lenet5", "--input", "3x" + "9" * 20], 2, "no machine can address an input of", "give a smaller --input or --batch"),
    (["params", "inception_v4", "--set", "classes=3"], 2, "inception_v4 has no argument 'classes'", "num_classes"),
    (["params", "inception_v4", "--set", "num_classes=many"], 2, "inception_v4: num_classes='many' is not possible", "num_classes is a whole number, 1 or more"),
    (["params", "inception_v4", "--set", "num_classes=0"], 2, "inception_v4: num_classes=0 is not possible", "num_classes is a whole number, 1 or more"),
    (["params", "inception_v4", "--set", "num_classes"], 2, "'num_classes' is not NAME=VALUE", "write --set num_classes=10"),
    (["params", "torchvision:resnet18", "--set", "classes=3"], 1, "resnet18 cannot be built: TypeError", ""),
    (["params", "net.py:Net", "--set", "depth=3"], 2, "Net has no argument 'depth'", "it takes: width"),
    (["params", "lenet5", "--dtype", "float31"], 2, "unknown dtype 'float31'", "choose from bfloat16, float16, float32"),
    (["params", "lenet5", "--mode", "test"], 2, "unknown mode 'test'", "choose from eval, train"),
    (["params", "lenet5", "--format", "docx"], 2, "unknown format 'docx'", "choose from csv, html, json, latex, md, table"),
    (["params", "lenet5", "--out", "x.docx"], 2, "--out x.docx: no suffix that names a format", "use one of .csv, .html, .json, .tex, .md, .txt"),
    (["trace", "lenet5", "--out", "x.csv"], 2, "--out x.csv: no suffix that names a format", "use one of .json"),
    (["flops", "lenet5", "--by", "stages"], 2, "unknown grouping 'stages'", "choose from kind, layer, operator, stage"),
    (["flops", "lenet5", "--convention", "thopp"], 2, "unknown convention 'thopp'", "thop"),
    (["flops", "lenet5", "--cross-check", "thob"], 2, "unknown counter to cross-check with 'thob'", "thop"),
    (["flops", "lenet5", "--convention", "all", "--top", "3"], 2, "--convention all is a table of its own", "leave out --by"),
    (["params", "nosuch.json"], 1, "there is no file nosuch.json", "archscope trace MODEL --out graph.json"),
    (["params", "x" * 300 + ".json"], 1, "there is no file xxx", "archscope trace MODEL --out graph.json"),
    (["params", "nosuch.py:Net"], 1, "there is no file nosuch.py", "looked in "),
    (["params", "x" * 300 + ".py:Net"], 1, "there is no file xxx", "looked in "),
    (["params", "net.py:Nett"], 2, "unknown name in net.py: 'Nett'", "Net"),
    (["params", "net.py:number"], 2, "net.py:number returned int, not a torch.nn.Module", ""),
    (["params", "net.py:raises"], 1, "net.py:raises cannot be built: RuntimeError: no luck", ""),
    (["params", "net.py:Silent"], 2, "the input of Silent is not known", "say what it takes, without the batch, as in --input 3x224x224"),
    (["params", "net.py:"], 2, "'net.py:' names no class or function", "write FILE.py:NAME or package.module:NAME"),
    (["params", "nosuch:Net"], 2, "'nosuch:Net': there is no module 'nosuch'", "sources are hf:, timm:, torchvision:, FILE.py: and package.module:"),
    (["params", "os.path:sep"], 2, "os.path:sep is str, not a torch.nn.Module", ""),
    (["params", "net.py:Net"], 1, "Net failed in second (Conv2d), given 1x4x14x14", "check the input size (--input), or the module's forward"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "code", "error", "hint"), WRONG, ids=[" ".join(case[0])[:40] for case in WRONG])
def test_what_a_user_can_get_wrong(cli, words, code, error, hint):
    found, _, err = cli(*words)
    lines = err.splitlines()
    assert found == code
    assert lines[0].startswith(f"error: {error}")
    assert len(lines) <= 2
    assert not hint or (lines[1].startswith("hint: ") and hint in lines[1])
    assert files() == {"net.py"}


def test_what_ran_before_a_failure_is_shown(cli):
    code, out, err = cli("flops", "net.py:Net", "--format", "json")
    found = json.loads(out)
    assert code == 1
    assert found["complete"] is False
    assert found["totals"]["macs"] == 14 * 14 * 4 * 3 * 3 * 3
    assert err.startswith("error: Net failed in second (Conv2d)")
    assert "Incomplete: the forward stopped in second" in cli("flops", "net.py:Net")[1]


def test_one_wrong_model_does_not_keep_the_others_from_being_shown(cli):
    code, out, err = cli("params", "inceptoin_v4", "lenet5_dense", "-f", "csv")
    assert code == 2
    assert set(pd.read_csv(io.StringIO(out))["model"]) == {"lenet5_dense"}
    assert err.startswith("error: unknown model 'inceptoin_v4'")


@pytest.mark.parametrize("content", ["", "{}", "not json", '{"schema_version": 1}', "\x00\xff"])
def test_a_file_that_is_no_graph(cli, content):
    Path("graph.json").write_text(content)
    code, out, err = cli("params", "graph.json")
    assert (code, out) == (1, "")
    assert err.startswith("error: graph.json is not a saved graph: ")
    assert err.count("\n") == 2


def test_a_saved_graph_takes_no_other_input(cli):
    cli("trace", "lenet5", "--out", "l.json")
    code, _, err = cli("params", "l.json", "--batch", "2")
    assert (code, err.splitlines()[1]) == (2, "hint: name the model instead of the file")


# -- the process --------------------------------------------------------------------------------------------------------------


def test_a_closed_pipe_is_quiet(process):
    for form in ("table", "json"):
        found = process("flops", "inception_v4", "--by", "layer", "--format", form, pipe="head -n 1")
        assert found.stderr == ""
        assert found.stdout.count("\n") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_is_one_line(process):
    with Path("/dev/full").open("w") as full:
        found = process("params", "lenet5", stdout=full)
    assert found.returncode == 1
    assert found.stderr == "error: output: no space left on device\n"


def test_a_narrow_encoding_is_no_error(process):
    found = process("flops", "lenet5", PYTHONIOENCODING="ascii")
    assert (found.returncode, found.stderr) == (0, "")
    assert "Squash" in found.stdout


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_a_terminal_of_any_width(process, columns):
    found = process("flops", "inception_v4", "--by", "layer", COLUMNS=columns, FORCE_COLOR="1")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", found.stdout)
    assert found.returncode == 0
    assert max(map(len, plain.splitlines())) <= int(columns)
    assert "12,253,974,624" in plain


def test_colour_only_where_it_is_asked_for(process):
    assert "\x1b[" not in process("params", "lenet5").stdout
    assert "\x1b[" in process("params", "lenet5", FORCE_COLOR="1").stdout
    assert "\x1b[3" not in process("params", "lenet5", FORCE_COLOR="1", NO_COLOR="1").stdout
