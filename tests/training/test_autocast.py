"""Under `torch.autocast`: what is kept against torch's saved-tensor hooks, and the peak of a step against the CPU's allocator."""

import gc

import pytest
import torch
from small_networks import NETWORKS
from test_kept import EXACT, saved
from torch import nn

import archscope
from archscope.bench.cpu_allocator import allocator_peak
from archscope.errors import UsageError
from archscope.models.loading import load
from archscope.tracing import trace
from archscope.training import backward, kept_bytes
from archscope.training.step import footprint


class Cast(nn.Module):
    def __init__(self, module, dtype):
        super().__init__()
        self.module, self.dtype = module, getattr(torch, dtype)

    def forward(self, x):
        with torch.autocast("cpu", dtype=self.dtype):
            return self.module(x)


BF16 = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
CASES = [
    (name, dtype) for name in NETWORKS for dtype in ("bfloat16", "float16") if name != "lstm" or (dtype == "bfloat16" and BF16)
]


@pytest.mark.parametrize("batch", [1, 8])
@pytest.mark.parametrize(("name", "dtype"), CASES)
def test_kept(name, dtype, batch):
    make, shape = NETWORKS[name]
    module, x = make(), torch.randn(batch, *shape)
    plan = backward(trace(module, x, mode="train", autocast=dtype))
    assert not plan.unknown
    assert kept_bytes(plan) == pytest.approx(saved(Cast(module, dtype), x), rel=EXACT if name == "lstm" else 0)


@pytest.mark.parametrize(("name", "size"), [("resnet18", 64), ("googlenet", 64), ("bn_inception", 64), ("lenet5", 32)])
def test_kept_by_built_in_networks(name, size):
    model = load(name, device="cpu")
    x = torch.randn(2, model.shapes[0][0], size, size)
    plan = backward(trace(model.module, x, mode="train", autocast="bfloat16"))
    assert kept_bytes(plan) == saved(Cast(model.module, "bfloat16"), x)


@pytest.mark.parametrize("name", ["unet", "vit", "gated"])
def test_peak(name):
    make, shape = NETWORKS[name]
    module, x = make().train(), torch.randn(8, *shape)
    step = footprint(trace(module, x, mode="train", autocast="bfloat16"))
    cast, steps = Cast(module, "bfloat16"), torch.optim.SGD(module.parameters(), 1e-3)

    def run():
        cast(x).mean().backward()
        steps.step()

    run()
    steps.zero_grad(set_to_none=True)
    gc.collect()
    assert step.peak - step.state - x.nbytes == pytest.approx(allocator_peak(run).live, rel=0.02)


def test_products_run_in_low_precision_and_cost_as_much():
    make, shape = NETWORKS["unet"]
    graph = trace(make(), torch.randn(1, *shape), autocast="bfloat16")
    full = trace(make(), torch.randn(1, *shape))
    products = [node for node in graph.nodes if node.op == "aten.convolution"]
    assert {graph.tensors[node.outputs[0]].dtype for node in products} == {"bfloat16"}
    assert (graph.cost.macs, graph.meta.dtype, graph.meta.autocast) == (full.cost.macs, "float32", "bfloat16")
    assert not graph.uncounted


def test_a_weight_that_is_used_twice_is_cast_once():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 8, bias=False)

        def forward(self, x):
            return self.linear(self.linear(x))

    graph = trace(Twice(), torch.randn(3, 8), mode="train", autocast="bfloat16")
    assert sum(node.op == "aten._to_copy" and node.params == ("linear.weight",) for node in graph.nodes) == 1
    # the input's cast, the weight's, and the first result: what the two products read
    assert kept_bytes(backward(graph)) == 2 * (3 * 8 + 8 * 8 + 3 * 8)


def test_the_module_is_untouched_and_values_are_found_where_they_are_needed():
    class Choosing(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(8, 8)

        def forward(self, x):
            return self.linear(x[x[:, 0] > 0])

    module = Choosing()
    weight = module.linear.weight
    graph = trace(module, torch.randn(4, 8), autocast="bfloat16", keep=3)
    assert graph.cost.macs == 3 * 64
    assert graph.tensors[graph.outputs[0]].dtype == "bfloat16"
    assert module.linear.weight is weight


def test_a_trace_inside_autocast_is_one_with_it():
    module, x = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), torch.randn(2, 3, 8, 8)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = trace(module, x, mode="train")
    assert inside == trace(module, x, mode="train", autocast="bfloat16")
    assert inside.meta.autocast == "bfloat16"
    assert trace(module, x, mode="train").meta.autocast == ""


def test_what_autocast_does_not_go_to():
    with pytest.raises(UsageError, match="'int8'"):
        archscope.trace(nn.Linear(2, 2), torch.randn(1, 2), autocast="int8")
