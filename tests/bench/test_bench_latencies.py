"""A diagram coloured by measured time: the benchmark's layer times find their modules, or one line says why not."""

import json

import pytest
from bench_records import session, timing

from archscope.bench.results import files
from archscope.bench.results.records import Bench, CallTime, LayerTimes
from archscope.cli.app import run
from archscope.errors import ArchscopeError

LAYERS = LayerTimes(
    calls=(
        CallTime(0, None, "", "LeNet5", 0.010, 0.006, 0.0, 0, 0, 0),
        CallTime(1, 0, "C1", "Conv2d", 0.004, 0.004, 0.0, 0, 0, 0),
    ),
    plain=0.009,
    instrumented=0.010,
    runs=3,
)


@pytest.fixture
def saved(tmp_path):
    def save(layers: LayerTimes | None) -> str:
        path = tmp_path / "bench.json"
        path.write_text(files.to_json(Bench((session(timing("lenet5", layers=layers)),))))
        return str(path)

    return save


def test_seconds_by_module_path(saved):
    assert files.latencies(files.load([saved(LAYERS)]), "lenet5") == {"": 0.01, "C1": 0.004}


def test_a_benchmark_without_layers_says_how_to_get_them(saved):
    with pytest.raises(ArchscopeError, match="no times of the layers of lenet5") as error:
        files.latencies(files.load([saved(None)]), "lenet5")
    assert error.value.hint == "measure it with: archscope bench --layers"


def test_a_model_that_was_not_measured_names_those_that_were(saved):
    with pytest.raises(ArchscopeError, match="no times of alexnet") as error:
        files.latencies(files.load([saved(LAYERS)]), "alexnet")
    assert error.value.hint == "it has those of lenet5"


def test_the_slow_module_is_the_dark_one(saved, tmp_path, capsys):
    out = tmp_path / "picture.json"
    assert run(["diagram", "lenet5", "--color-by", "latency", "--bench", saved(LAYERS), "--out", str(out)]) == 0
    assert json.loads(out.read_text())
    svg = tmp_path / "picture.svg"
    assert run(["diagram", "lenet5", "--color-by", "latency", "--bench", saved(LAYERS), "--out", str(svg)]) == 0
    assert "latency, s" in svg.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lenet5", "--color-by", "latency"], "error: --color-by latency needs measured times"),
        (["lenet5", "alexnet", "--color-by", "latency", "--bench", "x.json"], "error: --color-by latency colours one model"),
        (["lenet5", "--color-by", "latency", "--bench", "absent.json"], "absent.json"),
    ],
)
def test_what_cannot_be_coloured(words, message, capsys):
    assert run(["diagram", *words]) in (1, 2)
    assert message in capsys.readouterr().err
