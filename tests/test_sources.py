"""Words -> Model: every source, its options, and what it says of a name that leads nowhere."""

import sys

import pytest
import torch
from torch import nn

import archscope
from archscope.cli.app import run
from archscope.errors import ArchscopeError, UsageError
from archscope.graph.input_spec import InputSpec
from archscope.models.loading import SOURCES, load

FILE = """
from dataclasses import dataclass

import neighbour
from torch import nn


@dataclass
class Sizes:
    width: int = neighbour.WIDTH


class Net(nn.Module):
    def __init__(self, width: int = Sizes().width, *, bias: bool = True):
        super().__init__()
        self.linear = nn.Linear(width, 2, bias=bias)

    def forward(self, x):
        return self.linear(x)


class WithInput(Net):
    example_input_shape = (4,)


class Silent(nn.Module):
    def forward(self, x):
        return x


def make(**options):
    return Net(**options)


net = Net()
constant = 3
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(FILE)
    (tmp_path / "neighbour.py").write_text("WIDTH = 4\n")
    yield
    for name in ("own", "neighbour", "broken"):
        sys.modules.pop(name, None)


def test_a_network_of_archscopes_own():
    model = load("v4")
    assert (model.name, model.source, model.shapes) == ("inception_v4", "inception_v4", ((3, 299, 299),))
    assert model.variant
    assert all(p.is_meta for p in model.module.parameters())


def test_on_a_real_device_it_has_weights():
    model = load("lenet5_dense", device="cpu")
    assert all(p.device.type == "cpu" for p in model.module.parameters())
    (x,) = model.inputs(batch=2, device="cpu")
    assert model.module.eval()(x).shape == (2, 10)


def test_another_input_and_number_of_channels():
    assert load("inception_v4", input=(3, 200, 200)).shapes == ((3, 200, 200),)
    assert load("inception_v4", input=[(3, 200, 200)]).usual == ((3, 299, 299),)
    assert load("inception_v4", in_channels=1).shapes == ((1, 299, 299),)


def test_timm():
    model = load("timm:resnet18", num_classes=7, in_chans=1)
    assert (model.name, model.source, model.shapes) == ("resnet18", "timm:resnet18", ((1, 224, 224),))
    assert model.module.fc.out_features == 7
    assert "num_classes=7, in_chans=1" in model.variant


def test_torchvision():
    model = load("torchvision:resnet18", num_classes=7)
    assert (model.source, model.shapes, model.module.fc.out_features) == ("torchvision:resnet18", ((3, 224, 224),), 7)
    assert load("torchvision:r3d_18").shapes == ((3, 16, 112, 112),)
    assert load("torchvision:raft_small").shapes == ((3, 224, 224),) * 2


@pytest.mark.parametrize("name", ["own.py:Net", "own.py:make", "own.py:net", "./own.py:Net", "own:Net", "own:net"])
def test_a_persons_own_file(name):
    graph = load(name, input=(4,)).trace()
    assert graph.cost.macs == 4 * 2


def test_a_file_elsewhere_imports_its_neighbours(tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    before = list(sys.path)
    assert load(f"{tmp_path}/own.py:WithInput").shapes == ((4,),)
    assert sys.path == before


def test_options_of_a_persons_own():
    assert load("own.py:Net", input=(5,), width=5, bias=False).trace().cost.macs == 5 * 2
    assert load("own.py:make", input=(5,), width=5).trace().cost.macs == 5 * 2
    with pytest.raises(UsageError, match="Net has no argument 'depth'") as caught:
        load("own.py:Net", input=(5,), depth=3)
    assert caught.value.hint == "it takes: width, bias"


def test_a_module_of_a_package():
    assert load("torch.nn:Linear", input=(4,), in_features=4, out_features=3).trace().cost.macs == 4 * 3


def test_every_trace_of_one_model_is_its_own():
    model = load("lenet5_dense")
    half, single, double = (model.trace(dtype=dtype) for dtype in ("bfloat16", "float32", "float64"))
    sizes = [archscope.metrics.param_bytes(graph) for graph in (half, single, double)]
    assert sizes == [61706 * 2, 61706 * 4, 61706 * 8]
    assert {p.dtype for p in model.module.parameters()} == {torch.float32}
    assert model.trace() == single


def test_integer_inputs_are_token_ids():
    model = archscope.Model("words", nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 3)), (InputSpec((6,), "int64"),))
    assert model.trace(batch=2).cost.macs == 2 * 6 * 4 * 3
    (ids,) = model.inputs(2, device="cpu")
    assert ids.shape == (2, 6)
    assert ids.dtype == torch.int64


def test_a_constructor_that_reads_values_builds_without_weights():
    model = load("torchvision:regnet_y_128gf")
    assert all(p.is_meta for p in model.module.parameters())


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("inceptoin_v4", UsageError, "unknown model 'inceptoin_v4'"),
        ("timm:resnet19", UsageError, "unknown timm model 'resnet19'"),
        ("torchvision:resnet19", UsageError, "unknown torchvision model 'resnet19'"),
        ("nosuch.py:Net", ArchscopeError, "there is no file nosuch.py"),
        ("own.py:Nett", UsageError, "unknown name in own.py: 'Nett'"),
        ("own.py:constant", UsageError, "own.py:constant is int, not a torch.nn.Module"),
        ("own.py:", UsageError, "'own.py:' names no class or function"),
        (":Net", UsageError, "':Net' names no class or function"),
        ("nosuch:Net", UsageError, "'nosuch:Net': there is no module 'nosuch'"),
        ("own.py:Silent", UsageError, "the input of Silent is not known"),
        ("torch.nn:Linear", ArchscopeError, "torch.nn:Linear cannot be built without in_features"),
    ],
)
def test_names_that_lead_nowhere(name, kind, words):
    with pytest.raises(kind) as caught:
        load(name)
    assert caught.value.message.startswith(words)
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("import nosuch_package", "ModuleNotFoundError: No module named 'nosuch_package'"),
        ("raise ValueError('first\\nsecond')", "ValueError: first"),
        ("def net(:", "SyntaxError: "),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("\x00", ""),
    ],
)
def test_a_file_that_does_not_run(tmp_path, content, words):
    (tmp_path / "broken.py").write_text(content)
    with pytest.raises(ArchscopeError) as caught:
        load("broken.py:net")
    assert caught.value.message.startswith(f"broken.py cannot be built: {words}")
    assert "\n" not in caught.value.message


def test_an_import_that_fails_inside_a_module_that_exists(tmp_path):
    (tmp_path / "broken.py").write_text("import nosuch_package\n")
    with pytest.raises(ArchscopeError, match="broken cannot be imported: No module named 'nosuch_package'"):
        load("broken:net")


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ArchscopeError, match="timm is not installed") as caught:
        load("timm:resnet18")
    assert "timm" in caught.value.hint


def test_inputs_beyond_any_machine_are_refused():
    with pytest.raises(UsageError, match="no machine can address an input of 1x1x9999999999x9999999999"):
        load("lenet5", input=(1, 9999999999, 9999999999)).trace()


def test_sources_are_named_once():
    assert {"timm", "torchvision"} <= set(SOURCES)


def test_a_file_with_the_name_of_a_module_of_pythons(tmp_path):
    import random

    (tmp_path / "random.py").write_text("from torch import nn\nnet = nn.Linear(4, 2)\n")
    assert load("random.py:net", input=(4,)).trace().cost.macs == 4 * 2
    assert sys.modules["random"] is random


def test_a_device_that_does_not_exist():
    with pytest.raises(UsageError, match="unknown device 'gpu9'"):
        load("lenet5", device="gpu9")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("name", ["lenet5", "torchvision:resnet18"])
def test_a_device_that_is_not_here(name):
    with pytest.raises(ArchscopeError, match="cannot be built: "):
        load(name, device="cuda")


NAMED = """
from torch import nn

class Net(nn.Module):
    example_input_shape = (4,)

    def __init__(self, name="a", input=1, device="x"):
        super().__init__()
        self.layers = nn.Linear(4, 8 if name == "b" else 2)

    def forward(self, x):
        return self.layers(x)
"""


@pytest.mark.parametrize("command", ["params", "check", "signal", "bench", "flops"])
def test_constructor_arguments_may_be_called_as_ours_are(command, tmp_path, capsys):
    (tmp_path / "named.py").write_text(NAMED)
    more = {"check": ["--max-params", "40", "--max-latency", "9s"], "signal": ["--samples", "1"], "bench": ["--runs", "1"]}
    words = [command, "named.py:Net", "--set", "name=b", "--set", "input=3", "--set", "device=y"]
    assert run([*words, *more.get(command, [])]) == 0, capsys.readouterr().err
    assert archscope.metrics.params(archscope.look("named.py:Net", options={"name": "b"})) == 40


def test_a_built_in_network_says_that_it_has_no_such_argument(capsys):
    assert run(["params", "lenet5", "--set", "name=b"]) == 2
    assert capsys.readouterr().err.startswith("error: lenet5 has no argument 'name'\n")


NEEDY = """
from torch import nn

class Needy(nn.Module):
    def __init__(self, n, *, width, depth=1):
        super().__init__()
        self.linear = nn.Linear(n, width)

    def forward(self, x):
        return self.linear(x)

class Open(Needy):
    def __init__(self, n, **more):
        super().__init__(n, width=3)
"""


def test_what_is_missing_is_named_with_the_option_that_says_it(tmp_path, capsys):
    (tmp_path / "needy.py").write_text(NEEDY)
    assert run(["params", "needy.py:Needy", "-i", "3", "--set", "depth=2"]) == 1
    said = "error: needy.py:Needy cannot be built without n and width\nhint: say them: --set n=VALUE --set width=VALUE\n"
    assert capsys.readouterr().err == said
    assert run(["params", "needy.py:Open", "-i", "3"]) == 1
    assert "hint: say it: --set n=VALUE\n" in capsys.readouterr().err
    assert run(["params", "needy.py:Open", "-i", "3", "--set", "n=3", "--set", "more=1"]) == 0
