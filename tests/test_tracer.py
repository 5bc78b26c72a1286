"""Module and inputs -> Graph: what the tracer sees, what it makes of odd modules, and what it says when a forward fails."""

import dataclasses
import subprocess
import sys
from collections import OrderedDict

import pytest
import torch
import torch.nn.functional as F
from torch import Size, nn
from torch.utils.checkpoint import checkpoint

import archscope
from archscope import TraceError, metrics
from archscope.errors import UsageError
from archscope.graph import Graph, Node
from archscope.tables.common import facts
from archscope.tables.params import params_table
from archscope.tracing import dispatch_mode as recorder
from archscope.tracing.shape_rules import RULES


class Does(nn.Module):
    """A module whose forward is a function of itself and the inputs."""

    def __init__(self, function, **parts):
        super().__init__()
        self.function = function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *args, **kwargs):
        return self.function(self, *args, **kwargs)


def ancestors(graph: Graph, tensor: int) -> set[int]:
    """Ids of all nodes that a tensor depends on."""
    found: set[int] = set()
    todo = [tensor]
    while todo:
        node = graph.producer.get(todo.pop())
        if node is not None and node.id not in found:
            found.add(node.id)
            todo.extend(node.inputs)
    return found


def nodes(graph: Graph, op: str) -> list[Node]:
    return [node for node in graph.nodes if node.name == op]


def depends(graph: Graph, on: str) -> bool:
    """Whether the output depends on every run of operator `on`."""
    reached = set().union(*(ancestors(graph, t) for t in graph.outputs))
    return {node.id for node in nodes(graph, on)} <= reached and bool(nodes(graph, on))


# -- one forward, written down ------------------------------------------------------------------------------------------------


def test_a_convolution_is_one_node_with_its_attributes():
    graph = archscope.trace(nn.Conv2d(4, 6, (3, 5), stride=2, padding=(1, 2), dilation=(1, 2), groups=2), Size((2, 4, 16, 20)))
    (node,) = graph.nodes
    assert node.op == "aten.convolution"
    assert node.attrs == {
        "kernel": [3, 5], "stride": [2, 2], "padding": [1, 2], "dilation": [1, 2], "groups": 2, "transposed": False,
    }  # fmt: skip
    assert node.params == ("weight", "bias")
    assert graph.shapes(graph.outputs) == ((2, 6, 8, 8),)
    assert graph.cost.macs == 2 * 6 * 8 * 8 * (4 // 2) * 3 * 5
    assert graph.meta.device == "meta"
    assert (graph.meta.mode, graph.meta.dtype) == ("eval", "float32")


def test_two_traces_give_the_same_bytes():
    module = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2)
    first, second = (archscope.trace(module, Size((2, 5, 8))) for _ in range(2))
    assert first == second
    assert first.to_json() == second.to_json()
    assert Graph.from_json(first.to_json()) == first


TWICE = """
import torch
from torch import nn
import archscope
net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), nn.ReLU()).half()
first, second = [archscope.trace(net, torch.ones(1, 3, 16, 16, dtype=torch.float16)) for _ in range(2)]
assert [t.until for t in first.tensors] == [t.until for t in second.tensors], (first.tensors, second.tensors)
assert first == second
"""


def test_the_first_trace_of_a_process_is_like_the_next():
    """The kernel of a batch norm of half precision imports torch's compiler, which holds the frames above it."""
    done = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_calls_are_a_tree_in_the_order_in_which_they_began():
    net = nn.Sequential(OrderedDict(stem=nn.Linear(4, 4), body=nn.Sequential(nn.ReLU(), nn.Linear(4, 2))))
    graph = archscope.trace(net, Size((1, 4)))
    assert [(c.parent, c.path, c.type) for c in graph.calls] == [
        (None, "", "Sequential"), (0, "stem", "Linear"),
        (0, "body", "Sequential"), (2, "body.0", "ReLU"), (2, "body.1", "Linear"),
    ]  # fmt: skip


def test_a_module_called_twice_is_two_calls_and_one_set_of_params():
    graph = archscope.trace(Does(lambda m, x: m.a(m.a(x)), a=nn.Linear(4, 4)), Size((2, 4)))
    assert [call.path for call in graph.calls] == ["", "a", "a"]
    assert metrics.params(graph) == 4 * 4 + 4
    assert graph.cost.macs == 2 * (2 * 4 * 4)
    assert graph.within("a").cost.macs == 2 * (2 * 4 * 4)
    assert metrics.params(graph.within("a")) == 4 * 4 + 4


def test_tied_weights_count_once_under_both_names():
    net = nn.Sequential(nn.Embedding(10, 4), nn.Linear(4, 10, bias=False))
    net[1].weight = net[0].weight
    graph = archscope.trace(net, torch.zeros(2, 3, dtype=torch.int64))
    assert metrics.params(graph) == metrics.shared_params(graph) == 10 * 4
    assert [(p.name, p.aliases) for p in graph.params] == [("0.weight", ("1.weight",))]
    assert all("0.weight" in graph.within(path).param for path in ("0", "1"))


def test_a_module_under_two_names_has_both():
    net = Does(lambda m, x: m.second(m.first(x)), first=nn.Linear(4, 4))
    net.second = net.first
    graph = archscope.trace(net, Size((1, 4)))
    assert metrics.params(graph) == 4 * 4 + 4
    assert graph.param["first.weight"].aliases == ("second.weight",)
    assert [call.path for call in graph.calls] == ["", "first", "first"]


def test_a_module_that_contains_itself_does_not_hang():
    net = Does(lambda m, x: m.a(x), a=nn.Linear(4, 4))
    net.a.parent = net  # torch's own train() and apply() would not come back from this
    assert metrics.params(archscope.trace(net, Size((1, 4)))) == 4 * 4 + 4


def test_names_that_double_at_every_level_do_not_hang():
    inside = nn.Linear(4, 4)
    part = inside
    for _ in range(40):
        part = nn.ModuleList([part, part])
    graph = archscope.trace(Does(lambda m, x: inside(x), part=part), Size((1, 4)))
    assert metrics.params(graph) == 4 * 4 + 4
    assert graph.cost.macs == 4 * 4


def test_a_module_made_in_forward_has_a_call():
    graph = archscope.trace(Does(lambda m, x: nn.Linear(4, 7)(x)), Size((2, 4)))
    assert [(c.path, c.type) for c in graph.calls] == [("", "Does"), ("Linear", "Linear")]
    assert graph.cost.macs == 2 * 4 * 7


def test_a_network_without_modules_is_traced_too():
    graph = archscope.trace(Does(lambda m, x: F.relu(F.conv2d(x, torch.ones(4, 3, 3, 3)))), Size((1, 3, 8, 8)))
    assert graph.cost.macs == 4 * 6 * 6 * 3 * 3 * 3
    assert metrics.params(graph) == 0


def test_unused_params_are_those_of_what_did_not_run():
    graph = archscope.trace(Does(lambda m, x: m.a(x), a=nn.Linear(4, 4), aux=nn.Sequential(nn.Linear(5, 7))), Size((1, 4)))
    assert metrics.unused_params(graph) == 5 * 7 + 7
    assert graph.meta.idle == {"aux": "Sequential", "aux.0": "Linear"}


@dataclasses.dataclass
class Out:
    logits: object
    rest: object = None


class Cyclic:
    def __init__(self, x):
        self.x, self.me = x, [self]


OUTPUTS = {
    "tensor": (lambda y: y, 1),
    "tuple": (lambda y: (y, None, 3, "s", y + 1), 2),
    "list of lists": (lambda y: [[y], [y + 1, [y + 2]]], 3),
    "dict": (lambda y: {"a": y, "b": {"c": y * 2}}, 2),
    "dataclass": (lambda y: Out(y, Out(y + 1)), 2),
    "object with a cycle": (Cyclic, 1),
    "ordered dict": (lambda y: OrderedDict(logits=y, rest=None), 1),
    "none": (lambda y: None, 0),
    "words": (lambda y: "words", 0),
    "number": (lambda y: 3, 0),
    "function": (lambda y: lambda: y, 0),
    "the same twice": (lambda y: (y, y), 1),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_outputs_of_any_form(name):
    wrap, count = OUTPUTS[name]
    graph = archscope.trace(Does(lambda m, x: wrap(m.a(x)), a=nn.Linear(4, 4)), Size((2, 4)))
    assert len(graph.outputs) == count
    assert graph.cost.macs == 2 * 4 * 4


def test_inputs_of_any_form():
    def forward(m, xs, *, mask=None, scale=1.0):
        return m.a(torch.cat([xs["left"], *xs["right"]])) * scale + mask

    graph = archscope.trace(
        Does(forward, a=nn.Linear(4, 4)), {"left": Size((2, 4)), "right": [torch.ones(3, 4)]}, mask=Size((5, 4)), scale=0.5
    )
    assert graph.shapes(graph.inputs) == ((2, 4), (3, 4), (5, 4))
    assert graph.cost.macs == 5 * 4 * 4


def test_an_input_that_is_an_output():
    graph = archscope.trace(nn.Identity(), Size((2, 4)))
    assert graph.inputs == graph.outputs


def test_no_input_at_all():
    assert archscope.trace(Does(lambda m: m.a(torch.ones(2, 4)), a=nn.Linear(4, 4))).cost.macs == 2 * 4 * 4


def test_train_mode_is_said_and_used():
    net = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(4)).eval()
    assert archscope.trace(net, Size((2, 4)), mode="train").meta.mode == "train"
    assert nodes(archscope.trace(net, Size((2, 4)), mode="train"), "bernoulli")
    assert not nodes(archscope.trace(net, Size((2, 4))), "bernoulli")


class Forgetful(dict):
    def __setitem__(self, key, value):
        pass


def without_memory(monkeypatch):
    """Every operator is asked and costed anew."""
    begin = recorder.Recorder.__init__

    def forget(self, *given, **named):
        begin(self, *given, **named)
        self._known = Forgetful()

    monkeypatch.setattr(recorder.Recorder, "__init__", forget)


def test_a_view_that_was_met_before_is_shown_where_its_own_tensor_lies():
    seen = []

    def forward(m, x):
        a, b = m.a(x).split(4, dim=1)
        seen.append([view.storage_offset() for view in (b.t(), a.t(), torch.as_strided(b, (2, 2), (1, 1), 3))])

    for _ in range(2):  # the second finds what the first has met
        archscope.trace(Does(forward, a=nn.Linear(4, 8)), Size((4, 4)))
    assert seen == [[4, 0, 3], [4, 0, 3]]


def test_a_view_of_a_parameter_is_the_parameter_though_the_same_was_done_to_an_activation():
    def forward(m, x):
        return m.a(x.t())

    for _ in range(2):
        graph = archscope.trace(Does(forward, a=nn.Linear(4, 4)), Size((4, 4)))
        assert [(node.name, node.params) for node in graph.nodes] == [("t", ()), ("addmm", ("a.bias", "a.weight"))]


NETWORKS = ["torchvision:swin_t", "torchvision:mobilenet_v3_small", "torchvision:convnext_tiny", "lenet5"]


@pytest.mark.parametrize("mode", ["eval", "train"])
@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_remembered_of_an_operator_is_what_it_would_say_again(name, mode, monkeypatch):
    model = archscope.load(name)
    graph = model.trace(mode=mode)
    without_memory(monkeypatch)
    assert model.trace(mode=mode) == graph


@pytest.mark.parametrize("name", NETWORKS)
def test_the_shape_rules_change_nothing(name, monkeypatch):
    model = archscope.load(name)
    graph = model.trace()
    without_memory(monkeypatch)
    for rule in list(RULES):
        monkeypatch.delitem(RULES, rule)
    slow = model.trace()
    assert [(n.op, n.cost, n.inputs, n.outputs, n.params, n.attrs) for n in slow.nodes] == [
        (n.op, n.cost, n.inputs, n.outputs, n.params, n.attrs) for n in graph.nodes
    ]
    # All but the statistics that a batch norm hands out beside its result, which nobody reads in eval mode.
    read = {t for node in graph.nodes for t in node.inputs} | set(graph.outputs)
    assert all(slow.tensors[t] == graph.tensors[t] for t in read)


# -- edges --------------------------------------------------------------------------------------------------------------------


def test_autocast_on_the_inputs_own_device_runs_on_meta():
    def forward(m, x):
        with torch.autocast(x.device.type, enabled=False):
            y = m.a(x)
        with torch.autocast(device_type=x.device.type, dtype=torch.bfloat16):
            return y + 1

    kept = torch.autocast.__init__
    graph = archscope.trace(Does(forward, a=nn.Linear(4, 5)), torch.zeros(2, 4))
    assert (graph.meta.device, graph.cost.macs) == ("meta", 2 * 4 * 5)
    assert torch.autocast.__init__ is kept


def test_an_operator_in_place_is_on_the_path():
    def forward(m, x):
        y = m.a(x)
        y.relu_()
        y.mul_(2)
        return y + 1

    graph = archscope.trace(Does(forward, a=nn.Linear(4, 4)), Size((2, 4)))
    assert all(depends(graph, op) for op in ("addmm", "relu", "mul", "add"))
    assert len({graph.tensors[t].storage for node in graph.nodes for t in node.outputs}) == 2


def test_a_write_through_a_view_reaches_the_base():
    def forward(m, x):
        y = x.clone()
        y[:, 0] = m.a(x)[:, 1]
        return y * 2

    graph = archscope.trace(Does(forward, a=nn.Linear(4, 4)), Size((2, 4)))
    assert depends(graph, "addmm")
    assert depends(graph, "copy")


def test_a_write_to_the_base_reaches_an_older_view():
    def forward(m, x):
        y = x.clone()
        view = y[0]
        y.copy_(m.a(x))
        return view * 2

    assert depends(archscope.trace(Does(forward, a=nn.Linear(4, 4)), Size((2, 4))), "addmm")


def test_two_views_written_one_after_the_other():
    def forward(m, x):
        y = torch.zeros(2, 4)
        first, second = y[0], y[1]
        first.copy_(m.a(x)[0])
        second.copy_(m.a(x)[1])
        return y.sum()

    graph = archscope.trace(Does(forward, a=nn.Linear(4, 4)), Size((2, 4)))
    assert len(nodes(graph, "addmm")) == 2
    assert depends(graph, "addmm")


def test_a_result_written_to_out():
    def forward(m, x):
        result = torch.empty(2, 4)
        torch.add(x, m.a(x), out=result)
        return result * 2

    assert depends(archscope.trace(Does(forward, a=nn.Linear(4, 4)), Size((2, 4))), "addmm")


def test_views_share_their_storage():
    graph = archscope.trace(Does(lambda m, x: x.reshape(4, 2).t()[1:]), Size((2, 4)))
    assert {graph.tensors[t].storage for t in (*graph.inputs, *graph.outputs)} == {0}
    assert all(node.bytes == 0 for node in graph.nodes)


def test_nodes_stand_in_order_and_read_only_what_was_written_before():
    graph = archscope.trace(nn.LSTM(4, 8, 2, bidirectional=True), Size((5, 2, 4)))
    known = set(graph.inputs)
    for at, node in enumerate(graph.nodes):
        assert node.id == at
        made = {t for n in graph.nodes for t in n.outputs}
        assert all(t in known or t not in made for t in node.inputs)
        known.update(node.outputs)


# -- modules of every kind ----------------------------------------------------------------------------------------------------


def buffers(module: nn.Module, **tensors: torch.Tensor) -> nn.Module:
    for name, tensor in tensors.items():
        module.register_buffer(name, tensor, persistent=False)
    return module


def with_attribute(module: nn.Module, **values) -> nn.Module:
    for name, value in values.items():
        setattr(module, name, value)
    return module


def autocast(m, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return m.a(x)


def profiled(m, x):
    with torch.profiler.record_function("part"):
        return m.a(x)


def spread_over_gpus() -> nn.Module:
    """What `nn.DataParallel` is where there are GPUs: its forward refuses tensors anywhere else."""
    part = nn.DataParallel(nn.Linear(4, 4))
    part.device_ids, part.src_device_obj = [0, 1], torch.device("cuda:0")
    return nn.Sequential(part)


LINEAR = 2 * 4 * 4  # MACs of `a` on a 2x4 input
PARAMS = 4 * 4 + 4


def a(function) -> nn.Module:
    return Does(function, a=nn.Linear(4, 4))


def doubled_by_a_hook() -> nn.Module:
    module = a(lambda m, x: m.a(x))
    module.a.register_forward_hook(lambda m, args, out: out * 2)
    return module


ODD = {
    "tensor attribute": (lambda: with_attribute(a(lambda m, x: m.a(x) * m.c), c=torch.ones(4)), LINEAR, PARAMS),
    "constant": (lambda: a(lambda m, x: m.a(x) + torch.tensor([1.0, 2, 3, 4])), LINEAR, PARAMS),
    "factory with a device": (lambda: a(lambda m, x: m.a(x) + torch.zeros(4, device="cpu")), LINEAR, PARAMS),
    "moves": (lambda: a(lambda m, x: m.a(x.cpu()).to("cpu", torch.float32)), LINEAR, PARAMS),
    "device of the input": (lambda: a(lambda m, x: m.a(x) + torch.arange(4, device=x.device)), LINEAR, PARAMS),
    "non-persistent buffer": (lambda: buffers(a(lambda m, x: m.a(x) * m.c), c=torch.ones(4)), LINEAR, PARAMS),
    "parameter list": (
        lambda: Does(lambda m, x: sum(x @ p for p in m.ps), ps=nn.ParameterList([torch.ones(4, 4)] * 1 + [torch.ones(4, 4)])),
        2 * LINEAR, 2 * 4 * 4,
    ),
    "parameter dict": (lambda: Does(lambda m, x: x @ m.ps["w"], ps=nn.ParameterDict({"w": torch.ones(4, 4)})), LINEAR, 4 * 4),
    "module dict": (lambda: Does(lambda m, x: m.ms["l"](x), ms=nn.ModuleDict({"l": nn.Linear(4, 4)})), LINEAR, PARAMS),
    "scripted": (lambda: torch.jit.script(nn.Sequential(nn.Linear(4, 4), nn.ReLU())), LINEAR, PARAMS),
    "a scripted part": (lambda: nn.Sequential(torch.jit.script(nn.Linear(4, 4)), nn.ReLU()), LINEAR, PARAMS),
    "jit-traced": (lambda: torch.jit.trace(nn.Linear(4, 4), torch.ones(2, 4)), LINEAR, PARAMS),
    "compiled": (lambda: torch.compile(nn.Linear(4, 4)), LINEAR, PARAMS),
    "a compiled part": (lambda: nn.Sequential(torch.compile(nn.Linear(4, 4)), nn.ReLU()), LINEAR, PARAMS),
    "checkpoint": (lambda: a(lambda m, x: checkpoint(m.a, x, use_reentrant=False)), LINEAR, PARAMS),
    "reentrant checkpoint": (lambda: a(lambda m, x: checkpoint(m.a, x, use_reentrant=True)), LINEAR, PARAMS),
    "data parallel": (lambda: nn.DataParallel(nn.Linear(4, 4)), LINEAR, PARAMS),
    "data parallel on GPUs": (spread_over_gpus, LINEAR, PARAMS),
    "profiler's mark": (lambda: a(profiled), LINEAR, PARAMS),
    "autocast": (lambda: a(autocast), LINEAR, PARAMS),
    "inference mode": (lambda: a(torch.inference_mode()(lambda m, x: m.a(x))), LINEAR, PARAMS),
    "a user's hook": (doubled_by_a_hook, LINEAR, PARAMS),
    "on meta already": (lambda: nn.Linear(4, 4, device="meta"), LINEAR, PARAMS),
    "vmap": (lambda: a(lambda m, x: torch.vmap(m.a)(x)), LINEAR, PARAMS),
    "lazy": (lambda: nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(affine=False)), LINEAR, PARAMS),
    "einsum": (lambda: a(lambda m, x: torch.einsum("bi,oi->bo", x, m.a.weight)), LINEAR, PARAMS),
    "weight norm": (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), LINEAR, PARAMS + 4),
    # sigma = u (W v): one product of a matrix and a vector, one of two vectors
    "spectral norm": (lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 4)), LINEAR + 4 * 4 + 4, PARAMS),
    "random numbers": (lambda: a(lambda m, x: m.a(x + torch.randn_like(x))), LINEAR, PARAMS),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_modules_are_counted(name):
    make, macs, params = ODD[name]
    graph = archscope.trace(make(), Size((2, 4)))
    assert graph.meta.device == "meta", graph.meta.reason
    assert graph.cost.macs == macs
    assert metrics.params(graph) == params
    assert not graph.uncounted
    if name != "einsum":  # which leaves the bias alone
        assert metrics.unused_params(graph) == 0
    assert Graph.from_json(graph.to_json()) == graph


def test_wrappers_are_the_network_inside():
    """One that shares gradients among processes would wait for the others, which trace nothing."""
    torch.distributed.init_process_group("gloo", store=torch.distributed.HashStore(), rank=0, world_size=1)
    try:
        wrapped = [w(nn.Linear(4, 4)) for w in (nn.DataParallel, torch.compile, nn.parallel.DistributedDataParallel)]
        graphs = [archscope.trace(module, Size((2, 4))) for module in wrapped]
    finally:
        torch.distributed.destroy_process_group()
    assert graphs[0] == graphs[1] == graphs[2] == archscope.trace(nn.Linear(4, 4), Size((2, 4)))


def test_a_module_without_a_forward_names_its_parts():
    parts = nn.ModuleDict({"coarse": nn.Linear(4, 4), "fine": nn.ReLU()})
    with pytest.raises(archscope.ArchscopeError, match="ModuleDict has no forward") as caught:
        archscope.trace(parts, Size((2, 4)))
    assert caught.value.hint == "trace one of them: coarse (Linear), fine (ReLU)"


def test_gpus_to_spread_to_are_still_there_afterwards():
    module = spread_over_gpus()
    archscope.trace(module, Size((2, 4)))
    assert module[0].device_ids == [0, 1]


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_other_dtypes(dtype):
    graph = archscope.trace(nn.Conv2d(3, 4, 3).to(dtype), torch.ones(1, 3, 8, 8, dtype=dtype))
    assert graph.meta.dtype == str(dtype).removeprefix("torch.")
    assert metrics.param_bytes(graph) == (4 * 3 * 3 * 3 + 4) * dtype.itemsize
    assert graph.cost.macs == 6 * 6 * 4 * 3 * 3 * 3


def test_attention_is_the_products_that_it_is_made_of():
    mha = nn.MultiheadAttention(16, 2, batch_first=True)
    x = Size((2, 5, 16))
    graph = archscope.trace(mha, x, x, x, need_weights=False)
    # in and out projections, queries x keys, weights x values
    assert graph.cost.macs == 2 * 5 * 16 * 3 * 16 + 2 * 5 * 16 * 16 + 2 * (2 * 5 * 5 * 16)
    assert not graph.uncounted


def test_infinite_attributes_survive_json():
    graph = archscope.trace(Does(lambda m, x: x.masked_fill(x > 0, float("-inf")).softmax(-1)), Size((2, 4)))
    assert nodes(graph, "masked_fill")[0].attrs["value"] == "-inf"
    assert Graph.from_json(graph.to_json()) == graph


def test_a_hook_on_the_network_that_runs_a_module():
    other = nn.Linear(4, 4)
    net = nn.Sequential(nn.Linear(4, 4))
    net.register_forward_hook(lambda m, args, out: other(out))
    graph = archscope.trace(net, Size((2, 4)))
    assert graph.cost.macs == 2 * LINEAR
    assert Graph.from_json(graph.to_json()) == graph


def test_a_trace_inside_a_trace():
    inner: list[Graph] = []
    net = nn.Sequential(nn.Linear(4, 4))
    net.register_forward_hook(lambda m, args, out: inner.append(archscope.trace(nn.Linear(4, 4), Size((2, 4)))))
    graph = archscope.trace(net, Size((2, 4)))
    assert graph.cost.macs == inner[0].cost.macs == LINEAR
    assert Graph.from_json(graph.to_json()) == graph


def test_weights_of_quantised_layers_are_counted():
    net = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(4, 6), nn.ReLU()), {nn.Linear})
    graph = archscope.trace(net, Size((2, 4)))
    assert graph.meta.device == "cpu"
    assert graph.cost.macs == 2 * 4 * 6 or graph.uncounted
    assert metrics.params(graph) == 4 * 6 + 6
    assert metrics.param_bytes(graph) == 4 * 6 * 1 + 6 * 4
    assert metrics.unused_params(graph) == 0


# -- where values are needed --------------------------------------------------------------------------------------------------


VALUES = {
    "branch": lambda m, x: m.a(x) if x.sum() > -1e9 else x,
    "item": lambda m, x: m.a(x) * x.sum().item(),
    "tolist": lambda m, x: m.a(x) * len(x.tolist()),
    "numpy": lambda m, x: torch.from_numpy(m.a(x).numpy()),
    "mask": lambda m, x: m.a(x)[x[:, 0] > -1e9],
    "nonzero": lambda m, x: m.a(x) + (x > -1e9).nonzero().shape[0],
    "unique": lambda m, x: m.a(x) + torch.unique(x).shape[0],
    "bare NotImplementedError": lambda m, x: m.a(x) if not x.is_meta else not_on_meta(),
    "tensor attribute": lambda m, x: m.a(x) * m.c if x.sum() > -1e9 else x,
}


def not_on_meta():
    raise NotImplementedError


@pytest.mark.parametrize("built_on", ["cpu", "meta"])
@pytest.mark.parametrize("name", VALUES)
def test_a_forward_that_needs_values_runs_on_the_cpu_and_says_so(name, built_on):
    with torch.device(built_on):
        net = with_attribute(a(VALUES[name]), c=torch.ones(4))
    graph = archscope.trace(net, Size((2, 4)))
    assert graph.meta.device == "cpu"
    assert graph.meta.reason
    assert "run on the CPU with random values" in facts(graph)[-1]
    assert graph.cost.macs == LINEAR


def test_weights_that_would_not_fit_into_memory_are_told_before_any_is_drawn(monkeypatch):
    monkeypatch.setattr("archscope.tracing.forward_pass.available_memory", lambda: 50)
    with torch.device("meta"):
        net = a(VALUES["item"])
    needed = 4 * sum(weight.numel() for weight in net.parameters())
    with pytest.raises(archscope.ArchscopeError, match=f"its weights take {needed} B of memory; 50 B are free"):
        archscope.trace(net, Size((2, 4)))


def test_packed_sequences():
    def forward(m, x):
        return m.a(nn.utils.rnn.pack_padded_sequence(x, torch.tensor([5, 3])))[0]

    graph = archscope.trace(Does(forward, a=nn.LSTM(4, 8)), Size((5, 2, 4)))
    assert graph.cost.macs == (5 + 3) * 4 * 8 * (4 + 8)  # tokens x gates x hidden x (input + hidden)


def test_sparse_tensors_are_never_counted_as_dense():
    net = buffers(Does(lambda m, x: m.s @ x), s=torch.eye(4).to_sparse())
    graph = archscope.trace(net, Size((4, 4)))
    assert [node.cost.unknown for node in graph.nodes] == [1] * len(graph.nodes)
    assert graph.cost.macs == 0


def test_nested_tensors_are_refused():
    with pytest.raises(UsageError, match="nested"):
        archscope.trace(nn.Linear(4, 4), torch.nested.nested_tensor([torch.ones(2, 4), torch.ones(3, 4)]))


# -- failures -----------------------------------------------------------------------------------------------------------------


def failed(module: nn.Module, *inputs, **kwargs) -> TraceError:
    with pytest.raises(TraceError) as caught:
        archscope.trace(module, *inputs, **kwargs)
    assert caught.value.graph.meta.failure == caught.value.failure
    assert Graph.from_json(caught.value.graph.to_json()) == caught.value.graph
    return caught.value


def test_a_failure_names_the_module_what_it_was_given_and_why():
    net = nn.Sequential(OrderedDict(stem=nn.Linear(4, 6), body=nn.Sequential(nn.ReLU(), nn.Linear(5, 2))))
    error = failed(net, Size((3, 4)), name="broken net")
    assert (error.failure.path, error.failure.type, error.failure.inputs) == ("body.1", "Linear", ((3, 6),))
    assert error.message.startswith("broken net failed in body.1 (Linear), given 3x6: ")
    assert "\n" not in error.message
    assert isinstance(error.__cause__, RuntimeError)


def test_what_ran_before_a_failure_is_in_the_graph():
    error = failed(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(5, 2)), Size((3, 4)))
    assert [node.name for node in error.graph.nodes] == ["addmm", "relu"]
    assert error.graph.cost.macs == 3 * 4 * 6
    assert error.graph.outputs == ()
    assert metrics.params(error.graph) == 4 * 6 + 6 + 5 * 2 + 2


def test_an_exception_that_the_network_caught_is_not_the_failure():
    def forward(m, x):
        try:
            m.wrong(x)
        except RuntimeError:
            x = m.a(x)
        return m.worse(x)

    parts = {"a": nn.Linear(4, 4), "wrong": nn.Linear(5, 5), "worse": nn.Linear(6, 6)}
    assert failed(Does(forward, **parts), Size((2, 4))).failure.path == "worse"
    assert archscope.trace(Does(lambda m, x: forward(m, x) if False else caught(m, x), **parts), Size((2, 4))).cost.macs == LINEAR


def caught(m, x):
    try:
        return m.wrong(x)
    except RuntimeError:
        return m.a(x)


def test_a_trace_inside_an_except_clause():
    net = nn.Sequential(Does(lambda m, x: None), nn.Identity())
    silent = Does(lambda m, x: (m.silent(x), m.wrong(x)), silent=Does(lambda m, x: None), wrong=nn.Linear(5, 5))
    try:
        raise KeyError("an earlier error")
    except KeyError:
        assert archscope.trace(net, Size((2, 4))).meta.failure is None
        assert failed(silent, Size((2, 4))).failure.path == "wrong"


def test_an_error_that_is_raised_again_by_another_name():
    def forward(m, x):
        try:
            return m.wrong(x)
        except RuntimeError as error:
            raise ValueError("wrapped") from error

    failure = failed(nn.Sequential(Does(forward, wrong=nn.Linear(5, 5))), Size((2, 4))).failure
    assert (failure.path, failure.error) == ("0", "wrapped")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("first\nsecond"), "first"),
        (RuntimeError(""), "RuntimeError"),
        (KeyError("k"), "KeyError: 'k'"),
        (AssertionError(), "AssertionError"),
        (NotImplementedError(), "NotImplementedError"),
        (StopIteration(), "StopIteration"),
        (RecursionError("deep"), "deep"),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (ExceptionGroup("several", [ValueError(1)]), "ExceptionGroup: several (1 sub-exception)"),
    ],
)
def test_the_error_in_one_line(error, words):
    def forward(m, x):
        m.a(x)
        raise error

    found = failed(nn.Sequential(a(forward)), Size((2, 4)))
    assert (found.failure.path, found.failure.error) == ("0", words)
    assert found.graph.cost.macs == LINEAR


def test_a_lazy_module_that_cannot_be_initialised():
    with pytest.raises(archscope.ArchscopeError, match="lazy modules of Sequential cannot be initialised"):
        archscope.trace(nn.Sequential(nn.LazyLinear(3), nn.Linear(4, 4)), Size((2, 4)))


def test_what_is_no_module_is_refused():
    for wrong in (nn.Linear, lambda x: x, None):
        with pytest.raises(UsageError, match=r"trace takes a torch\.nn\.Module"):
            archscope.trace(wrong, Size((1,)))
    with pytest.raises(UsageError, match="unknown mode 'test'"):
        archscope.trace(nn.Identity(), Size((1,)), mode="test")


# -- what one trace knows of the runs of another ------------------------------------------------------------------------------


def test_a_formula_that_is_added_counts_in_the_next_trace():
    from archscope.counts import FORMULAS, formula
    from archscope.tracing.known_runs import known_runs

    archscope.trace(nn.Linear(4, 2), Size((1, 4)))
    before = known_runs()
    assert before
    assert known_runs() is before
    try:
        formula("aten.an_operator_of_this_test")(lambda *given, out: None)
        assert known_runs() is not before
    finally:
        del FORMULAS._entries["aten.an_operator_of_this_test"]


def test_traces_of_one_process_do_not_mix_dtypes_and_arguments():
    """Each twice, in turn: what is known of one is not taken for the other."""
    nets = [
        nn.Conv2d(3, 8, 3),
        nn.Conv2d(3, 8, 3).double(),
        nn.Conv2d(3, 8, 3, stride=2),
        nn.Conv2d(3, 8, 3, padding_mode="circular"),
    ]
    made = [[archscope.trace(net, torch.empty(1, 3, 9, 9, dtype=net.weight.dtype)) for net in nets] for _ in range(2)]
    assert made[0] == made[1]
    shapes = [(graph.shapes(graph.outputs), graph.meta.dtype) for graph in made[0]]
    assert shapes == [
        (((1, 8, 7, 7),), "float32"),
        (((1, 8, 7, 7),), "float64"),
        (((1, 8, 4, 4),), "float32"),
        (((1, 8, 7, 7),), "float32"),
    ]


def test_a_layer_that_the_forward_makes_is_said_not_to_be_the_networks():
    class Makes(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = None

        def forward(self, x):
            if self.layer is None:
                self.layer = nn.Linear(x.shape[1], 5)
            return self.layer(x)

    graph = archscope.trace(Makes(), torch.Size((1, 4)))
    assert (graph.params, graph.cost.macs, graph.meta.made) == ((), 4 * 5, ("Linear",))
    assert any("Made by the forward itself" in note for note in params_table(graph).notes)
