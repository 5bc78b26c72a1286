"""model.onnx: what torch's exporter writes, against a trace of the module; hand-made graphs, against arithmetic; and what is damaged."""

import json
import subprocess
import sys
from contextlib import suppress
from math import prod

import pytest
from exported_networks import NETWORKS, build, drawn_without_torch, to_onnx
from torch import nn

import archscope
from archscope import metrics
from archscope.cli.app import run
from archscope.counts.audit import audit
from archscope.errors import ArchscopeError, UsageError

onnx = pytest.importorskip("onnx")
np = pytest.importorskip("numpy")
helper = onnx.helper


@pytest.mark.parametrize("name", NETWORKS)
def test_a_model_is_what_a_trace_of_its_module_is(name, tmp_path):
    net, x = build(name)
    traced = archscope.trace(net, x)
    to_onnx(net, x, tmp_path / "net.onnx")
    graph = archscope.look(str(tmp_path / "net.onnx"))
    # Some versions of the exporter fold batch norms, and say so.
    norms = [m for m in net.modules() if isinstance(m, nn.BatchNorm2d)] if "the exporter folded" in graph.meta.variant else []
    # A folded batch norm's weights and biases are gone; a convolution without a bias has one now, of as many channels.
    bare = [m for m in net.modules() if isinstance(m, nn.Conv2d) and m.bias is None and norms]
    gone, new = sum(2 * m.num_features for m in norms), sum(m.out_channels for m in bare)
    assert graph.cost.macs == traced.cost.macs
    assert not graph.uncounted
    assert metrics.params(graph) == metrics.params(traced) - gone + new
    assert not norms or f"folded {len(norms)} batch norms" in graph.meta.variant
    by_module = {call.path: traced.within(call.path).cost.macs for call in traced.calls if traced.inside(call.id)}
    for call in graph.calls:
        assert graph.within(call.path).cost.macs == by_module[call.path], call.path
    audit(graph, "net.onnx")


def model(nodes, inputs, outputs=("y",), state=(), opset=20, path=None, **more):
    """A model of these nodes; shapes by name, `None` for outputs whose shape is not told."""
    ins = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in inputs]
    outs = [helper.make_tensor_value_info(name, 1, None) for name in outputs]
    tensors = [onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in state]
    graph = helper.make_graph(nodes, "made by hand", ins, outs, tensors, **more)
    opsets = opset if isinstance(opset, list) else [helper.make_opsetid("", opset)]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    if path is not None:
        onnx.save(made, path)
    return made


def graph_of(tmp_path, nodes, inputs, *, look=None, **more):
    model(nodes, inputs, path=tmp_path / "made.onnx", **more)
    return archscope.look(str(tmp_path / "made.onnx"), **(look or {}))


def ones(*shape):
    return np.ones(shape, np.float32)


X = ("x", 1, [1, 4, 8, 8])


@pytest.mark.parametrize(("node", "state", "out", "cost"), [
    (("Conv", ["x", "w", "b"], {"strides": [2, 2], "pads": [1, 1, 1, 1]}), {"w": ones(6, 4, 3, 3), "b": ones(6)}, (1, 6, 4, 4),
     {"macs": 6 * 16 * 36, "adds": 96}),
    (("Conv", ["x", "w"], {"auto_pad": "SAME_UPPER", "group": 4}), {"w": ones(4, 1, 3, 3)}, (1, 4, 8, 8), {"macs": 256 * 9}),
    (("ConvTranspose", ["x", "w"], {"strides": [2, 2]}), {"w": ones(4, 3, 2, 2)}, (1, 3, 16, 16), {"macs": 256 * 3 * 4}),
    (("BatchNormalization", ["x", "s", "b", "m", "v"], {}), {k: ones(4) for k in "sbmv"}, (1, 4, 8, 8), {"muls": 256, "adds": 256}),
    (("MaxPool", ["x"], {"kernel_shape": [2, 2], "strides": [2, 2]}), {}, (1, 4, 4, 4), {"comparisons": 64 * 3}),
    (("AveragePool", ["x"], {"kernel_shape": [2, 2], "strides": [2, 2]}), {}, (1, 4, 4, 4), {"adds": 64 * 3, "divs": 64}),
    (("GlobalAveragePool", ["x"], {}), {}, (1, 4, 1, 1), {"adds": 4 * 63, "divs": 4}),
    (("Relu", ["x"], {}), {}, (1, 4, 8, 8), {"comparisons": 256}),
    (("Clip", ["x", "lo", "hi"], {}), {"lo": np.float32(0), "hi": np.float32(6)}, (1, 4, 8, 8), {"comparisons": 512}),
    (("Softmax", ["x"], {"axis": -1}), {}, (1, 4, 8, 8), {"comparisons": 32 * 7, "adds": 32 * 15, "exponentials": 256, "divs": 256}),
    (("LayerNormalization", ["x", "s"], {"axis": -1}), {"s": ones(8)}, (1, 4, 8, 8),
     {"adds": 3 * 256 - 32, "muls": 3 * 256, "divs": 64, "exponentials": 32}),
    (("ReduceMean", ["x", "a"], {"keepdims": 0}), {"a": np.array([2, 3])}, (1, 4), {"adds": 252, "divs": 4}),
    (("Resize", ["x", "", "s"], {"mode": "linear"}), {"s": np.array([1, 1, 2, 2], np.float32)}, (1, 4, 16, 16), {"muls": 6144, "adds": 3072}),
    (("MatMul", ["x", "w"], {}), {"w": ones(8, 3)}, (1, 4, 8, 3), {"macs": 32 * 8 * 3}),
    (("Einsum", ["x", "w"], {"equation": "bchw,wk->bchk"}), {"w": ones(8, 3)}, (1, 4, 8, 3), {"macs": 32 * 8 * 3}),
    (("LRN", ["x"], {"size": 5}), {}, (1, 4, 8, 8), {"muls": 512, "adds": 5 * 256, "divs": 512, "exponentials": 256}),
    (("Transpose", ["x"], {"perm": [0, 2, 3, 1]}), {}, (1, 8, 8, 4), {}),
    (("Slice", ["x", "b", "e", "a"], {}), {"b": np.array([1, 0]), "e": np.array([3, 4]), "a": np.array([1, 2])}, (1, 2, 4, 8), {}),
    (("Pad", ["x", "p"], {}), {"p": np.array([0, 0, 1, 1, 0, 0, 1, 1])}, (1, 4, 10, 10), {}),
], ids=lambda value: value[0] if isinstance(value, tuple) and value and isinstance(value[0], str) else "")  # fmt: skip
def test_what_an_operator_costs(node, state, out, cost, tmp_path):
    kind, inputs, attrs = node
    graph = graph_of(tmp_path, [helper.make_node(kind, inputs, ["y"], **attrs)], [X], state=state.items())
    assert graph.shapes(graph.outputs) == (out,)
    assert {name: n for name in graph.cost.__struct_fields__ if (n := getattr(graph.cost, name))} == cost
    assert all(node.free for node in graph.nodes) or cost


def test_an_lstm_is_its_matrices_at_every_step(tmp_path):
    steps, batch, width, hidden = 5, 2, 6, 8
    state = {"w": ones(2, 4 * hidden, width), "r": ones(2, 4 * hidden, hidden), "b": ones(2, 8 * hidden)}
    node = helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=hidden, direction="bidirectional")
    graph = graph_of(tmp_path, [node], [("x", 1, [steps, batch, width])], state=state.items())
    assert graph.cost.macs == 2 * steps * batch * 4 * hidden * (width + hidden)
    assert metrics.params(graph) == 2 * 4 * hidden * (width + hidden + 2)
    assert graph.shapes(graph.outputs) == ((steps, 2, batch, hidden),)


def test_attention_is_its_scores_and_its_sum(tmp_path):
    inputs = [(name, 1, [2, 4, length, 8]) for name, length in (("q", 5), ("k", 7), ("v", 7))]
    node = helper.make_node("Attention", ["q", "k", "v"], ["y"])
    graph = graph_of(tmp_path, [node], inputs, opset=23)
    assert graph.cost.macs == 2 * 4 * 5 * 7 * (8 + 8)


def test_onnxruntimes_own_operators(tmp_path):
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    own = {"domain": "com.microsoft"}
    nodes = [
        helper.make_node("SkipLayerNormalization", ["x", "x", "g", "b"], ["n"], **own),
        helper.make_node("FusedMatMul", ["n", "w"], ["m"], alpha=0.5, **own),
        helper.make_node("Spell", ["m"], ["y"], **own),
    ]
    info = [
        helper.make_tensor_value_info(name, 1, shape) for name, shape in (("n", [1, 3, 4]), ("m", [1, 3, 5]), ("y", [1, 3, 5]))
    ]
    state = {"g": ones(4), "b": ones(4), "w": ones(4, 5)}
    graph = graph_of(tmp_path, nodes, [("x", 1, [1, 3, 4])], opset=opset, state=state.items(), value_info=info)
    assert graph.cost.macs == 3 * 4 * 5
    assert [node.op for node in graph.uncounted] == ["com.microsoft.Spell"]
    assert metrics.params(graph) == 4 + 4 + 20


def test_shape_arithmetic_is_worked_out_and_costs_nothing(tmp_path):
    nodes = [
        helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Gather", ["s", "zero"], ["n"]),
        helper.make_node("Concat", ["n", "rest"], ["to"], axis=0), helper.make_node("Reshape", ["x", "to"], ["y"]),
    ]  # fmt: skip
    graph = graph_of(
        tmp_path,
        nodes,
        [("x", 1, ["batch", 4, 8, 8])],
        state=[("zero", np.array([0])), ("rest", np.array([-1]))],
        look={"batch": 3},
    )
    assert graph.shapes(graph.outputs) == ((3, 256),)
    assert [node.op for node in graph.nodes] == ["aten.view"]
    assert metrics.params(graph) == 0
    assert "batch = 3 (the batch)" in graph.meta.variant


def test_open_sizes_are_asked_for(tmp_path):
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"])]
    model(nodes, [("x", 1, ["N", 3, "H", "W"])], state=[("w", ones(2, 3, 3, 3))], path=tmp_path / "m.onnx")
    with pytest.raises(UsageError, match="leaves H of its input x") as error:
        archscope.look(str(tmp_path / "m.onnx"))
    assert error.value.hint == "say it, as in --input 3x224x224"
    assert archscope.look(str(tmp_path / "m.onnx"), input=[(3, 10, 12)], batch=2).cost.macs == 2 * 2 * 8 * 10 * 27
    with pytest.raises(UsageError, match="takes"):
        archscope.look(str(tmp_path / "m.onnx"), input=[(4, 10, 12)])


def test_versions_of_long_ago(tmp_path):
    """Attributes where there are inputs now; initializers that stand among the inputs; a softmax over all behind its axis."""
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Unsqueeze", ["c"], ["u"], axes=[0]),
        helper.make_node("Squeeze", ["u"], ["q"], axes=[0]), helper.make_node("Softmax", ["q"], ["s"]),
        helper.make_node("Clip", ["s"], ["k"], min=0.0, max=6.0), helper.make_node("Dropout", ["k"], ["y"]),
    ]  # fmt: skip
    inputs = [X, ("w", 1, [2, 4, 3, 3])]
    graph = graph_of(tmp_path, nodes, inputs, state=[("w", ones(2, 4, 3, 3))], opset=9)
    n = 2 * 6 * 6
    assert graph.cost.macs == n * 36
    assert graph.cost.comparisons == (n - 1) + 2 * n
    assert len(graph.inputs) == 1


def branch(name, factor):
    return helper.make_graph(
        [helper.make_node("Conv", ["x", f"w{factor}"], [f"c{factor}"])],
        name,
        [],
        [helper.make_tensor_value_info(f"c{factor}", 1, None)],
    )


def test_a_branch_that_is_known_is_taken_one_that_is_not_is_unknown_unless_both_cost_the_same(tmp_path):
    state = {"w2": ones(2, 4, 3, 3), "w3": ones(3, 4, 3, 3)}
    choice = {"then_branch": branch("a", 2), "else_branch": branch("b", 3)}
    node = helper.make_node("If", ["c"], ["y"], **choice)
    known = graph_of(tmp_path, [node], [X], state=[*state.items(), ("c", np.array(True))])
    assert known.cost.macs == 2 * 36 * 36
    open_ = graph_of(tmp_path, [node], [X, ("c", 9, [])], state=state.items())
    assert [n.op for n in open_.uncounted] == ["onnx.If"]
    same = helper.make_node("If", ["c"], ["y"], then_branch=branch("a", 2), else_branch=branch("b", 2))
    assert graph_of(tmp_path, [same], [X, ("c", 9, [])], state=state.items()).cost.macs == 2 * 36 * 36


def test_a_branch_that_cannot_run_on_these_sizes_is_not_taken(tmp_path):
    """Rows of 8 do not fit a matrix of 9."""
    misfit = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w9"], ["m"])], "b", [], [helper.make_tensor_value_info("m", 1, None)]
    )
    node = helper.make_node("If", ["c"], ["y"], then_branch=branch("a", 2), else_branch=misfit)
    graph = graph_of(tmp_path, [node], [X, ("c", 9, [])], state=[("w2", ones(2, 4, 3, 3)), ("w9", ones(9, 3))])
    assert (graph.cost.macs, metrics.params(graph)) == (2 * 36 * 36, 72)


def test_an_operator_that_cannot_run_is_said(tmp_path):
    model([helper.make_node("MatMul", ["x", "w"], ["y"], name="head")], [X], state=[("w", ones(9, 3))], path=tmp_path / "m.onnx")
    with pytest.raises(ArchscopeError, match="MatMul head cannot run on 1x4x8x8 and 9x3"):
        archscope.look(str(tmp_path / "m.onnx"))
    model([helper.make_node("Conv", ["x", "w"], ["y"])], [X], state=[("w", ones(2, 3, 3, 3))], path=tmp_path / "m.onnx")
    assert [node.op for node in archscope.look(str(tmp_path / "m.onnx")).uncounted] == ["onnx.Conv"]


def test_a_scan_is_its_body_at_every_step(tmp_path):
    body = helper.make_graph(
        [helper.make_node("Gemm", ["part", "w"], ["z"]), helper.make_node("Add", ["h", "z"], ["next"])], "body",
        [helper.make_tensor_value_info("h", 1, [1, 4]), helper.make_tensor_value_info("part", 1, [1, 3])],
        [helper.make_tensor_value_info("next", 1, [1, 4]), helper.make_tensor_value_info("z", 1, [1, 4])],
    )  # fmt: skip
    node = helper.make_node("Scan", ["h0", "x"], ["last", "y"], body=body, num_scan_inputs=1)
    graph = graph_of(tmp_path, [node], [("h0", 1, [1, 4]), ("x", 1, [6, 1, 3])], state=[("w", ones(3, 4))])
    assert (graph.cost.macs, graph.cost.adds) == (6 * 12, 6 * 4)
    assert metrics.params(graph) == 12


def test_sizes_that_the_data_decide_are_said_and_never_nothing(tmp_path, capsys):
    nodes = [
        helper.make_node("NonZero", ["x"], ["where"]), helper.make_node("Transpose", ["where"], ["t"]),
        helper.make_node("GatherND", ["x", "t"], ["some"]), helper.make_node("Exp", ["some"], ["y"]),
    ]  # fmt: skip
    graph = graph_of(tmp_path, nodes, [X])
    assert [node.op for node in graph.uncounted] == ["aten.nonzero", "aten.exp"]
    assert "depend on the data" in graph.meta.variant
    assert run(["flops", str(tmp_path / "made.onnx")]) == 0
    assert "≥" in capsys.readouterr().out


def test_modules_by_the_names_of_nodes(tmp_path):
    nodes = [
        helper.make_node("Conv", ["x", "onnx::Conv_7"], ["c"], name="/layer1/layer1.0/conv1/Conv"),
        helper.make_node("Relu", ["c"], ["r"], name="/layer1/layer1.0/relu/Relu"),
        helper.make_node("GlobalAveragePool", ["r"], ["y"], name="/pool/GlobalAveragePool"),
    ]
    graph = graph_of(tmp_path, nodes, [X], state=[("onnx::Conv_7", ones(2, 4, 3, 3))])
    assert [call.path for call in graph.calls] == ["", "layer1", "layer1.0", "layer1.0.conv1", "layer1.0.relu", "pool"]
    assert [param.name for param in graph.params] == ["layer1.0.conv1.weight"]


def test_without_modules_every_layer_goes_by_its_node(tmp_path):
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], name="first_conv"), helper.make_node("Relu", ["c"], ["y"])]
    graph = graph_of(tmp_path, nodes, [X], state=[("w", ones(2, 4, 3, 3))])
    assert [call.path for call in graph.calls] == ["", "first_conv"]


def test_a_classical_models_learned_numbers_are_parameters(tmp_path):
    opset = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    node = helper.make_node(
        "LinearRegressor", ["x"], ["y"], domain="ai.onnx.ml", coefficients=[1.0] * 12, intercepts=[0.0] * 3, targets=3
    )
    graph = graph_of(tmp_path, [node], [("x", 1, [5, 4])], opset=opset)
    assert (graph.cost.macs, metrics.params(graph)) == (5 * 12, 15)
    trees = {"nodes_values": [0.5] * 3, "nodes_hitrates": [1.0] * 3, "target_weights": [1.0, 2.0], "n_targets": 1}
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **trees)
    graph = graph_of(tmp_path, [node], [("x", 1, [5, 4])], opset=opset)
    assert (metrics.params(graph), [n.op for n in graph.uncounted]) == (5, ["ai.onnx.ml.TreeEnsembleRegressor"])


def test_weights_beside_the_file_are_not_looked_for(tmp_path):
    made = model([helper.make_node("Gemm", ["x", "w"], ["y"])], [("x", 1, [1, 4])], state=[("w", ones(4, 3))])
    tensor = made.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/shadow")
    onnx.save(made, tmp_path / "far.onnx")
    graph = archscope.look(str(tmp_path / "far.onnx"))
    assert (graph.cost.macs, metrics.params(graph)) == (12, 12)


# -- every command, damaged and hostile files -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    nodes = [
        helper.make_node("Conv", ["x", "c.weight"], ["a"], name="/c/Conv"), helper.make_node("Relu", ["a"], ["b"], name="/r/Relu"),
        helper.make_node("GlobalAveragePool", ["b"], ["p"], name="/p/P"), helper.make_node("Flatten", ["p"], ["f"], name="/f/F"),
        helper.make_node("Gemm", ["f", "l.weight"], ["y"], name="/l/Gemm"),
    ]  # fmt: skip
    model(nodes, [X], state=[("c.weight", ones(2, 4, 3, 3)), ("l.weight", ones(2, 5))], path=path)
    return path


def test_every_command_takes_it_and_none_imports_torch(small):
    assert "conv + relu" in drawn_without_torch(small)


def test_compare_and_diff_take_it(small, capsys):
    assert run(["compare", str(small), "lenet5_dense", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert run(["compare", str(small)]) == 0
    assert "traced" not in capsys.readouterr().out
    assert run(["diff", str(small), "lenet5_dense"]) == 0


def test_without_the_library_it_says_which_to_install(small):
    code = f"import sys; sys.modules['onnx'] = None; from archscope.cli.app import run; sys.exit(run(['params', {str(small)!r}]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "pip install archscope[onnx]" in done.stderr) == (1, True)


def said(path):
    with pytest.raises(ArchscopeError) as error:
        archscope.look(str(path))
    assert "\n" not in error.value.message
    assert len(error.value.message) < 500
    assert error.value.hint


@pytest.mark.parametrize(
    "content", [b"", b"onnx", b"\x08\x08", b"\xff" * 100, b"\x0a" * 5000, b"{}", "\u00fc".encode() * 99], ids=repr
)
def test_what_is_no_model_is_said_in_a_line(content, tmp_path):
    (tmp_path / "bad.onnx").write_bytes(content)
    said(tmp_path / "bad.onnx")


def hostile(kind):
    relu = helper.make_node("Relu", ["x"], ["y"])
    if kind == "cycle":
        return model([helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])], [X], outputs=("b",))
    if kind == "nobody":
        return model([helper.make_node("Relu", ["nobody"], ["y"])], [X])
    if kind == "huge":
        return model([relu], [("x", 1, [2**40, 2**40])])
    if kind == "expanded":
        return model([helper.make_node("Expand", ["x", "s"], ["y"])], [("x", 1, [1])], state=[("s", np.array([2**40, 2**30]))])
    if kind == "shapeless":
        return model([relu], [("x", 1, None)])
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["z"])], "deepest", [], [helper.make_tensor_value_info("z", 1, None)]
    )
    for at in range(14):  # 2^14 ways down
        node = helper.make_node("If", ["c"], [f"z{at}"], then_branch=graph, else_branch=graph if at < 8 else branch("other", 2))
        graph = helper.make_graph([node], "deep", [], [helper.make_tensor_value_info(f"z{at}", 1, None)])
    return model(list(graph.node), [X, ("c", 9, [])], outputs=("z13",), state=[("w2", ones(2, 4, 3, 3))])


@pytest.mark.parametrize("kind", ["cycle", "nobody", "huge", "expanded", "shapeless", "nested"])
def test_a_graph_that_cannot_be_is_said_in_a_line(kind, tmp_path):
    onnx.save(hostile(kind), tmp_path / "bad.onnx")
    said(tmp_path / "bad.onnx")


def test_names_cannot_speak_to_the_terminal(tmp_path, capsys):
    nodes = [helper.make_node("Conv", ["x", "\x1b[2J"], ["y"], name="/\x1b]0;owned\x07/\u202e/Conv", domain="")]
    model(nodes, [X], state=[("\x1b[2J", ones(2, 4, 3, 3))], path=tmp_path / "m.onnx")
    for command in ("params", "flops", "shapes", "tree"):
        assert run([command, str(tmp_path / "m.onnx")]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_bytes_that_were_changed_give_a_graph_or_a_line(small, tmp_path):
    whole, random = bytearray(small.read_bytes()), np.random.default_rng(0)
    for _ in range(150):
        damaged = bytearray(whole)
        for at in random.integers(0, len(whole), 3):
            damaged[at] = random.integers(0, 256)
        (tmp_path / "bad.onnx").write_bytes(damaged[: random.integers(len(whole) // 2, len(whole) + 1)])
        with suppress(ArchscopeError):  # anything else would be a traceback
            assert all(prod(tensor.shape) >= 0 for tensor in archscope.look(str(tmp_path / "bad.onnx")).tensors)
