"""Inputs of every kind: what may be said of them, and what is assumed where nothing is said."""

import pytest
import torch
from torch import nn

import archscope
from archscope.cli.app import run
from archscope.errors import UsageError
from archscope.graph import Graph
from archscope.graph.input_spec import InputSpec, parse_input
from archscope.models import assumed_input
from archscope.models.picture_of import diagram
from archscope.tables.flops import flops_table

NETS = '''
import torch
from torch import nn


class Gpt(nn.Module):
    """Ids to logits."""

    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(100, 8)
        self.h = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
        self.head = nn.Linear(8, 100, bias=False)

    def forward(self, ids):
        x = self.wte(ids)
        for layer in self.h:
            x = layer(x)
        return self.head(x)


class Two(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.conv, self.fc = nn.Embedding(50, 4), nn.Conv2d(3, 4, 3), nn.Linear(8, 2)

    def forward(self, image, ids, mask=None):
        words = self.embed(ids)
        if mask is not None:
            words = words * mask.unsqueeze(-1)
        return self.fc(torch.cat([self.conv(image).mean((2, 3)), words.mean(1)], 1))


class Dialogue(nn.Module):
    """Nothing in the names says that both are ids."""

    def __init__(self):
        super().__init__()
        self.said, self.gru, self.out = nn.Embedding(50, 8), nn.GRU(8, 8, batch_first=True), nn.Linear(8, 50)

    def forward(self, source, target):
        print("running")
        _, state = self.gru(self.said(source))
        return self.out(self.gru(self.said(target), state)[0])


class Odd(nn.Module):
    def forward(self, x):
        return x + 1
'''


@pytest.fixture(autouse=True)
def nets(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("text", "shape", "dtype", "name"), [
    ("3x224x224", (3, 224, 224), "", ""), ("int64:128", (128,), "int64", ""), ("ids:int64:128", (128,), "int64", "ids"),
    ("mask:bool:7x7", (7, 7), "bool", "mask"), ("image:3x8x8", (3, 8, 8), "", "image"), ("int:5", (5,), "int32", ""),
])  # fmt: skip
def test_what_may_be_said_of_an_input(text, shape, dtype, name):
    spec = parse_input(text.replace("int:5", "int32:5"))
    assert (tuple(spec), spec.dtype, spec.name) == (shape, dtype, name)
    assert parse_input(str(spec)) == spec


@pytest.mark.parametrize("text", ["", "x", "3x", "a:b:c:3", "a:int65:3", "1st:int64:3", "ids:int64:0"])
def test_what_is_no_input(text):
    with pytest.raises(UsageError):
        parse_input(text)


def test_several_inputs_of_different_dtypes_by_place_and_by_name():
    image, ids, mask = (3, 8, 8), InputSpec((5,), "int64"), InputSpec((5,), "float32", "mask")
    graph = archscope.load("nets.py:Two", input=[image, ids, mask]).trace(batch=2)
    assert [(graph.tensors[t].shape, graph.tensors[t].dtype) for t in graph.inputs] == [
        ((2, 3, 8, 8), "float32"), ((2, 5), "int64"), ((2, 5), "float32"),
    ]  # fmt: skip
    conv, fc = 6 * 6 * 4 * 3 * 9, 8 * 2
    assert graph.cost.macs == 2 * (conv + fc)
    assert graph.meta.dtype == "float32"


def test_an_embedding_takes_ids_and_the_header_says_so(capsys):
    assert run(["params", "nets.py:Gpt"]) == 0
    shown = capsys.readouterr().out
    assert "input assumed from wte (Embedding of 100): --input int64:128" in shown
    assert "input 1x128 int64 · eval mode · float32" in shown
    assert "h.0-2" in shown


@pytest.mark.parametrize(("module", "spec"), [
    (nn.Conv1d(2, 4, 3), "2x1024"), (nn.Conv2d(4, 4, 3), "4x224x224"), (nn.Conv3d(3, 4, 3), "3x16x112x112"),
    (nn.Sequential(nn.Linear(12, 3)), "12"), (nn.LSTM(7, 3, batch_first=True), "128x7"), (nn.Embedding(9, 3), "int64:128"),
])  # fmt: skip
def test_the_first_layer_tells_what_is_taken_and_it_runs(module, spec):
    found = assumed_input.assumed(module)
    assert found is not None
    assert str(found[0]) == spec
    with torch.device("meta"):
        x = torch.empty(1, *found[0], dtype=getattr(torch, found[0].dtype or "float32"))
    assert archscope.trace(module, x).nodes


def test_where_nothing_tells_the_hint_is_an_example_that_fits(capsys):
    assert run(["params", "nets.py:Odd"]) == 2
    assert "--input 3x224x224" in capsys.readouterr().err
    for name in ("Two", "Dialogue"):
        assert run(["flops", f"nets.py:{name}"]) == 2
        said, hint = capsys.readouterr()
        assert (said, f"the 2 inputs of {name} are not known" in hint) == ("", True)
        words = hint.split("as in ")[1].split()
        assert run(["flops", f"nets.py:{name}", *words]) == 0
        capsys.readouterr()


def test_whole_numbers_are_no_dtype_of_weights(capsys):
    assert run(["flops", "nets.py:Gpt", "--dtype", "int64", "--input", "16"]) == 2
    assert capsys.readouterr().err == (
        "error: --dtype int64: weights are no whole numbers\nhint: say it of the input: --input int64:16\n"
    )


def test_another_dtype_of_the_weights_leaves_ids_alone():
    graph = archscope.load("nets.py:Gpt").trace(dtype="bfloat16")
    assert graph.meta.dtype == "bfloat16"
    assert {p.dtype for p in graph.params} == {"bfloat16"}
    assert graph.tensors[graph.inputs[0]].dtype == "int64"


def test_a_length_is_enough_where_the_first_layer_takes_ids(capsys):
    assert run(["flops", "nets.py:Gpt", "--input", "64"]) == 0
    out = capsys.readouterr().out
    assert "int64 assumed from wte (Embedding of 100)" in out
    assert "input 1x64 int64" in out
    # what is said holds, whatever the layer takes
    assert run(["flops", "nets.py:Gpt", "--input", "float32:64"]) == 1


def test_a_length_is_enough_where_the_library_tells_the_dtype():
    model = archscope.load("hf:bert", input=(64,), num_hidden_layers=1)
    assert [(tuple(spec), spec.dtype, spec.name) for spec in model.specs] == [((64,), "int64", "input_ids")]
    model = archscope.load("hf:clip", input=[(9,), (3, 224, 224)], text_config={"num_hidden_layers": 1})
    assert [(spec.dtype, spec.name) for spec in model.specs] == [("int64", "input_ids"), ("", "pixel_values")]


@pytest.mark.parametrize(("words", "hint"), [
    (["nets.py:Gpt", "--input", "idx:int64:64"], "its forward has no input 'idx'; did you mean ids?"),
    (["nets.py:Odd", "--input", "picture:3"], "its forward has no input 'picture'; it takes x"),
])  # fmt: skip
def test_a_name_that_forward_does_not_have(words, hint, capsys):
    assert run(["flops", *words]) == 1
    assert capsys.readouterr().err.splitlines()[1] == f"hint: {hint}"


# -- inputs that do not stack their examples --------------------------------------------------------------------------------------

MESSAGES = """
import torch
from torch import nn


class Messages(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift, self.pass_on = nn.Linear(16, 8), nn.Linear(8, 8)

    def forward(self, nodes, edges):
        h = self.lift(nodes)
        return h.index_add(0, edges[1], self.pass_on(h[edges[0]]))


class Rows(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(16, 8)

    def forward(self, patches):
        return self.lift(patches)


class Pictures(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)

    def forward(self, pictures, scale):
        return [self.conv(picture) * scale for picture in pictures]
"""


@pytest.fixture
def traced_with(tmp_path):
    (tmp_path / "messages.py").write_text(MESSAGES)

    def trace(name: str, *inputs: str, batch: int = 1) -> Graph:
        return archscope.load(f"{tmp_path}/messages.py:{name}", input=[*map(parse_input, inputs)]).trace(batch=batch)

    return trace


def _facts(graph: Graph) -> tuple[object, ...]:
    """How many examples it says that it has, everywhere where it says so, and what one of them is."""
    (row,) = archscope.compare([graph]).to_dict("records")
    (note,) = [note for note in flops_table(graph).notes if note.startswith("MACs:")]
    return graph.batch, graph.examples, row["batch"], row["input"], note.rpartition("batch ")[2]


def test_a_graph_of_nodes_and_edges_is_one_example(traced_with):
    graph = traced_with("Messages", "nodes:shared:100x16", "edges:int64:shared:2x400")
    assert _facts(graph) == (1, ((100, 16), (2, 400)), 1, "100x16 and 2x400", "1.")
    drawn = diagram(graph).pictures[0]
    assert drawn.overview.boxes[0].given == ("nodes: 100x16", "edges: 2x400")
    assert drawn.overview.boxes[1].shape == "100x8"
    again = Graph.from_json(graph.to_json())
    assert (again.batch, again.examples) == (graph.batch, graph.examples)


def test_patches_in_a_row_are_as_many_examples_as_were_asked_for(traced_with):
    graph = traced_with("Rows", "patches:packed:256x16", batch=3)
    assert graph.shapes(graph.inputs) == ((768, 16),)
    assert _facts(graph) == (3, ((768, 16),), 3, "768x16", "3.")


def test_a_list_with_an_entry_for_each_example(traced_with):
    graph = traced_with("Pictures", "pictures[]:3x32x32", "scale:shared:1", batch=2)
    assert _facts(graph) == (2, ((3, 32, 32), (3, 32, 32), (1,)), 2, "3x32x32 and 3x32x32 and 1", "2.")


def test_a_part_knows_which_of_its_inputs_are_whole(traced_with):
    graph = traced_with("Messages", "nodes:shared:100x16", "edges:int64:shared:2x400")
    assert graph.within("lift").examples == ((100, 16),)
    assert graph.within("lift").batch == 1


def test_stacked_inputs_tell_their_number_themselves(traced_with):
    graph = traced_with("Rows", "256x16", batch=3)
    assert graph.meta.batching is None
    assert _facts(graph) == (3, ((256, 16),), 3, "256x16", "3.")
