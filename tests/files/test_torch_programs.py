"""model.pt2: what torch.export saves, against a trace of the module itself; and files that are damaged or mean harm."""

import json
import pickle
import zipfile

import pytest
import torch
from exported_networks import NETWORKS, UNet, build, drawn_without_torch, to_onnx, to_pt2
from torch import nn

import archscope
from archscope import metrics
from archscope.cli.app import run
from archscope.counts.audit import audit
from archscope.errors import ArchscopeError, UsageError
from archscope.views.layers import layers

FIELDS = ("macs", "adds", "divs", "comparisons", "exponentials", "unknown")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A program whose batch and size are open."""
    path = tmp_path_factory.mktemp("pt2") / "small.pt2"
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    )
    sizes = {0: torch.export.Dim("batch"), 2: torch.export.Dim("height", min=8, max=512)}
    to_pt2(net.eval(), torch.randn(2, 3, 16, 16), path, dynamic_shapes=(sizes,) if len(sizes) == 1 else {"input": sizes})
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_a_program_is_what_a_trace_of_its_module_is(name, tmp_path):
    net, x = build(name)
    traced = archscope.trace(net, x)
    to_pt2(net, x, tmp_path / "net.pt2")
    graph = archscope.look(str(tmp_path / "net.pt2"))
    assert {(p.name, p.shape, p.dtype, p.buffer) for p in graph.params} == {
        (p.name, p.shape, p.dtype, p.buffer) for p in traced.params
    }
    assert [getattr(graph.cost, field) for field in FIELDS] == [getattr(traced.cost, field) for field in FIELDS]
    assert graph.shapes(graph.inputs) == traced.shapes(traced.inputs)
    assert graph.shapes(graph.outputs) == traced.shapes(traced.outputs)
    by_module = {call.path: traced.within(call.path).cost.macs for call in traced.calls if traced.inside(call.id)}
    for call in graph.calls:
        assert graph.within(call.path).cost.macs == by_module[call.path], call.path
    audit(graph, "net.pt2")


def test_the_receptive_field_is_that_of_the_trace(tmp_path):
    to_pt2(UNet().eval(), torch.randn(1, 3, 32, 32), tmp_path / "net.pt2")
    graph = archscope.look(str(tmp_path / "net.pt2"))
    traced = archscope.trace(UNet(), torch.randn(1, 3, 32, 32))
    for name in ("receptive_field", "weighted_depth", "activations", "peak_activation_bytes"):
        assert metrics.measure(graph, [name]) == metrics.measure(traced, [name])


def normed():
    """Ulyanov, Vedaldi and Lempitsky, arXiv 1607.08022: statistics of each map of each example."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.InstanceNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1)).eval()


@pytest.mark.parametrize("write", [to_pt2, to_onnx], ids=["pt2", "onnx"])
def test_an_instance_norm_is_one_in_a_file_too(write, tmp_path):
    path = tmp_path / ("net.pt2" if write is to_pt2 else "net.onnx")
    write(normed(), torch.randn(2, 3, 16, 16), path)
    graph = archscope.look(str(path))
    assert [word for layer in layers(graph) for word in layer.words] == ["conv", "in", "relu", "conv"]
    if write is to_pt2:
        assert metrics.measure(graph, ["receptive_field"]) == metrics.measure(
            archscope.trace(normed(), torch.randn(2, 3, 16, 16)), ["receptive_field"]
        )


def test_open_sizes_are_asked_for_or_those_of_the_example(small):
    # 3x3 convolution: 27 multiply-accumulates for each of 8 channels; the linear layer has 8 x 4.
    assert archscope.look(str(small)).cost.macs == 14 * 14 * 8 * 27 + 32
    assert "(the batch)" in archscope.look(str(small)).meta.variant
    assert archscope.look(str(small), batch=3).cost.macs == 3 * (14 * 14 * 8 * 27 + 32)
    assert archscope.look(str(small), input=[(3, 32, 16)]).cost.macs == 30 * 14 * 8 * 27 + 32
    for asked, words in (({"input": [(3, 32, 32)]}, "takes"), ({"input": [(4, 32, 16)]}, "takes"), ({"mode": "train"}, "fixed")):
        with pytest.raises(UsageError, match=words):
            archscope.look(str(small), **asked)


def test_every_command_takes_it_and_none_imports_torch(small):
    assert "conv + bn + relu" in drawn_without_torch(small)


def test_compare_diff_and_report_take_it(small, tmp_path, capsys):
    assert run(["compare", str(small), "lenet5_dense", "--format", "csv"]) == 0
    assert "small" in capsys.readouterr().out
    assert run(["diff", str(small), str(small)]) == 0
    assert run(["report", str(small), "--out", str(tmp_path / "page.html")]) == 0
    assert run(["bench", str(small)]) == 2


# -- damaged, hostile ---------------------------------------------------------------------------------------------------------


def archived(path, program, name="net/models/model.json", **options):
    """An archive with this program in it."""
    with zipfile.ZipFile(path, "w", **options) as file:
        file.writestr(name, program if isinstance(program, (bytes, str)) else json.dumps(program))
    return str(path)


def program_of(path):
    with zipfile.ZipFile(path) as file:
        name = next(name for name in file.namelist() if name.endswith(("models/model.json", "exported_program.json")))
        return json.loads(file.read(name))


class Boom:
    def __reduce__(self):
        return pytest.fail, ("a pickle was read",)


def test_nothing_is_unpickled(small, tmp_path):
    with zipfile.ZipFile(tmp_path / "evil.pt2", "w") as file:
        file.writestr("net/models/model.json", json.dumps(program_of(small)))
        for name in ("net/data/sample_inputs/model.pt", "net/data/weights/weight_0", "net/data/constants/custom_obj_0"):
            file.writestr(name, pickle.dumps(Boom()))
    assert archscope.look(str(tmp_path / "evil.pt2")).cost.macs == 14 * 14 * 8 * 27 + 32


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"{" * 100_000, pickle.dumps(Boom()), b"\x80" * 500], ids=str)
def test_what_is_no_archive_is_said_in_a_line(content, tmp_path):
    (tmp_path / "bad.pt2").write_bytes(content)
    said(tmp_path / "bad.pt2")


def said(path):
    with pytest.raises(ArchscopeError) as error:
        archscope.look(str(path))
    assert "\n" not in error.value.message
    assert len(error.value.message) < 500
    assert error.value.hint


@pytest.mark.parametrize(
    "content", [b"{}", b"[]", b"[" * 50_000, b"\xff", b'{"graph_module": 1}', "{}" + " " * 50_000_000], ids=lambda c: repr(c[:12])
)
def test_what_is_no_program_is_said_in_a_line(content, tmp_path):
    said(archived(tmp_path / "bad.pt2", content, compression=zipfile.ZIP_DEFLATED))


CHANGES = [
    lambda p: p["graph_module"]["graph"]["nodes"].reverse(),
    lambda p: p["graph_module"]["graph"]["tensor_values"].popitem(),
    lambda p: p["graph_module"]["graph"]["tensor_values"]["relu"].update(sizes=[{"as_int": 2**40}] * 4),
    lambda p: p["graph_module"]["graph"]["tensor_values"]["relu"].update(sizes=[{"as_int": -1}]),
    lambda p: p["graph_module"]["graph"]["tensor_values"]["relu"].update(sizes=[{"as_expr": {"expr_str": "__import__('os').abort()"}}]),
    lambda p: p["graph_module"]["graph"]["tensor_values"]["relu"].update(sizes=[{"as_expr": {"expr_str": "9**9**9**9"}}]),
    lambda p: p["graph_module"]["graph"]["tensor_values"]["relu"].update(dtype=99),
    lambda p: p["graph_module"]["graph"]["nodes"][0].update(outputs=[{}]),
    lambda p: p["graph_module"]["graph"]["nodes"][0]["inputs"][0].update(arg={"as_tensor": {"name": "nobody"}}),
    lambda p: p["graph_module"]["signature"].update(input_specs=[]),
    lambda p: p["graph_module"]["signature"]["output_specs"].append({"user_output": {"arg": {"as_tensor": {"name": "nobody"}}}}),
    lambda p: p["schema_version"].update(major=99),
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_a_program_that_contradicts_itself_is_said_in_a_line(change, small, tmp_path):
    program = program_of(small)
    change(program)
    said(archived(tmp_path / "bad.pt2", program))


def test_an_operator_that_nobody_knows_is_named(small, tmp_path, capsys):
    program = program_of(small)
    next(node for node in program["graph_module"]["graph"]["nodes"] if "relu" in node["target"])["target"] = (
        "torch.ops.mylab.glow.default"
    )
    path = archived(tmp_path / "odd.pt2", program)
    assert [node.op for node in archscope.look(path).uncounted] == ["mylab.glow"]
    assert run(["flops", path]) == 0
    assert "1 x mylab.glow" in (out := capsys.readouterr().out)
    assert "≥ " in out


def test_names_cannot_speak_to_the_terminal(small, tmp_path, capsys):
    program = program_of(small)
    for node in program["graph_module"]["graph"]["nodes"]:
        node["metadata"]["nn_module_stack"] = "L,,a.\x1b[2JNet;K,\x1b]0;owned\x07.x,b.\u202eConv2d"
    assert run(["flops", archived(tmp_path / "odd.pt2", program)]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_cut_anywhere_it_is_said_in_a_line(small, tmp_path):
    whole = small.read_bytes()
    for at in range(1, 40):
        (tmp_path / "cut.pt2").write_bytes(whole[: len(whole) * at // 40])
        said(tmp_path / "cut.pt2")
