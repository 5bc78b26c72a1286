"""What a `torch.autograd.Function` computes backward is its own affair: never silently nothing, and gradients go on through it."""

import pytest
import torch
import torchvision
from test_kept import saved
from torch import nn
from torch.utils.checkpoint import checkpoint

import archscope
from archscope import TraceError
from archscope.graph import Graph
from archscope.tables.training import training_table
from archscope.training import kept_bytes
from archscope.values import AtLeast

WIDE, BATCH = 4, 2
LINEAR = BATCH * WIDE * WIDE  # multiply-accumulates of one layer's forward, and of each of its two products backward


class _Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * torch.sigmoid(x)

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(x)
        return grad * (s * (1 + x * (1 - s)))


class _Reversal(torch.autograd.Function):
    """Ganin and Lempitsky 2015: the gradient's sign is turned."""

    @staticmethod
    def forward(ctx, x):
        return x.view_as(x)

    @staticmethod
    def backward(ctx, grad):
        return -grad


class Applies(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function.apply(x)


class Frozen(nn.Module):
    """Computed while autograd does not look, and then something that gradients are wanted of."""

    def __init__(self, wanted):
        super().__init__()
        self.inner, self.wanted = nn.Linear(WIDE, WIDE), wanted

    def forward(self, x):
        with torch.no_grad():
            x = self.inner(x)
        return x.requires_grad_() if self.wanted else x


def around(module):
    return nn.Sequential(nn.Linear(WIDE, WIDE), module, nn.Linear(WIDE, WIDE))


def trained(module):
    return archscope.trace(module, torch.Size((BATCH, WIDE)), mode="train")


def by_autograd(module):
    """Parameters that get a gradient."""
    result = module(torch.randn(BATCH, WIDE))
    result.sum().backward()
    return {name for name, param in module.named_parameters() if param.grad is not None}


@pytest.mark.parametrize("module", [around(Applies(_Swish)), nn.Sequential(nn.Linear(WIDE, WIDE), Applies(_Swish))])
def test_gradients_go_on_through_a_function_whose_own_backward_is_unknown(module):
    graph = trained(module)
    plan = archscope.training.backward(graph)
    assert {name for step in plan.steps for name in step.wanted if isinstance(name, str)} == by_autograd(module)
    assert {node.op for node in plan.unknown} == {"aten.mul", "aten.sigmoid"}
    macs = archscope.measure(graph, ["backward_macs"])["backward_macs"]
    layers = len(module) - 1
    assert isinstance(macs, AtLeast)
    assert int(macs) == LINEAR + 2 * LINEAR * (layers - 1)  # the first one's input wants none
    assert any("torch.autograd.Function" in note for note in training_table(graph).notes)


@pytest.mark.parametrize("hooked", [False, True])
def test_what_only_passes_a_gradient_on_is_known(hooked):
    module = around(nn.ReLU() if hooked else Applies(_Reversal))
    if hooked:
        module[1].register_full_backward_hook(lambda *given: None)
    graph = trained(module)
    assert archscope.measure(graph, ["backward_macs"]) == {"backward_macs": LINEAR + 2 * LINEAR}
    assert not archscope.training.backward(graph).unknown


@pytest.mark.parametrize("wanted", [False, True])
@pytest.mark.parametrize("last", [False, True])
def test_no_gradient_comes_behind_what_autograd_does_not_see(wanted, last):
    module = nn.Sequential(nn.Linear(WIDE, WIDE), Frozen(wanted), *([] if last else [nn.Linear(WIDE, WIDE)]))
    graph = trained(module)
    plan = archscope.training.backward(graph)
    got = {name for step in plan.steps for name in step.wanted if isinstance(name, str)}
    assert got == (set() if last else {"2.weight", "2.bias"})
    assert not plan.unknown


class Deformed(nn.Module):
    """torchvision computes a deformable convolution, and its backward, in a Function of its own in C++."""

    def __init__(self):
        super().__init__()
        self.offsets = nn.Conv2d(3, 2 * 9, 3, padding=1)
        self.convolution = torchvision.ops.DeformConv2d(3, 4, 3, padding=1)

    def forward(self, x):
        return self.convolution(x, self.offsets(x))


def test_an_operator_with_a_function_of_its_own_is_known():
    module, x = Deformed(), torch.randn(2, 3, 8, 8)
    plan = archscope.training.backward(archscope.trace(module, x, mode="train"))
    assert not plan.unknown
    assert kept_bytes(plan) == saved(module, x)


def test_distances_of_many_rows_are_products_backward():
    """More than 25 rows: PyTorch takes the distances by a matrix product, and for each side's gradient one of that size."""

    class Distances(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.centres = nn.Linear(WIDE, WIDE), nn.Parameter(torch.randn(40, WIDE))

        def forward(self, x):
            return torch.cdist(self.inner(x), self.centres)

    graph = archscope.trace(Distances(), torch.Size((30, WIDE)), mode="train")
    assert archscope.measure(graph, ["backward_macs"])["backward_macs"] == 2 * 30 * 40 * WIDE + 30 * WIDE * WIDE


class Checkpointed(nn.Module):
    """Hands its layers to torch.utils.checkpoint, which runs them again in the backward."""

    def __init__(self, reentrant):
        super().__init__()
        self.reentrant = reentrant
        self.before, self.layers = nn.Linear(WIDE, WIDE), nn.ModuleList(nn.Linear(WIDE, WIDE) for _ in range(3))

    def forward(self, x):
        x = self.before(x)
        for layer in self.layers:
            x = checkpoint(layer, x, use_reentrant=self.reentrant)
        return x


def test_a_forward_that_checkpoints_is_said_to():
    graph = trained(Checkpointed(reentrant=False))
    assert graph.meta.checkpoints == 3
    assert any("3 parts to torch.utils.checkpoint" in note for note in training_table(graph).notes)
    assert Graph.from_json(graph.to_json()) == graph
    graph = trained(Checkpointed(reentrant=True))  # by a Function
    assert archscope.training.backward(graph).unknown
    names = {name for step in archscope.training.backward(graph).steps for name in step.wanted if isinstance(name, str)}
    assert names == {name for name, _ in Checkpointed(True).named_parameters()}


class Differentiates(nn.Module):
    """A force is the gradient of an energy."""

    def __init__(self, functional):
        super().__init__()
        self.functional, self.energy = functional, nn.Linear(WIDE, 1)

    def forward(self, x):
        if self.functional:
            return torch.func.grad(lambda places: self.energy(places).sum())(x)
        with torch.enable_grad():
            places = x.detach().requires_grad_()
            return torch.autograd.grad(self.energy(places).pow(2).sum(), places, create_graph=True)[0]


@pytest.mark.parametrize("functional", [False, True])
def test_a_forward_that_differentiates_is_told_how_to_trace_it(functional):
    with pytest.raises(TraceError) as raised:
        trained(Differentiates(functional))
    assert "eval" in str(raised.value.hint)
