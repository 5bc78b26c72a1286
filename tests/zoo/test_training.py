"""Every network trains: a step forward, backward and of the optimizer; the small ones learn a fixed batch by heart."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from archscope import zoo
from archscope.zoo import catalog
from archscope.zoo.layers import Outputs

# the smallest input that the network's shapes allow, where it is not the canonical one
SMALL = {
    "inception_v3": 75,
    "inception_v4": 75,
    "googlenet": 64,
    "googlenet_torchvision": 64,
    "bn_inception": 64,
    "bn_inception_caffe": 64,
}
SMALL |= {entry.name: 75 for entry in catalog.entries() if entry.family == "inception-resnet"}
SMALL |= {"alexnet_owt": 63, "alexnet": 224}
SMALL |= {entry.name: 32 for entry in catalog.entries() if entry.family == "vgg"}
SMALL |= {entry.name: 64 for entry in catalog.entries() if entry.family == "resnet" and entry.name != "resnet34_keras_tutorial"}
HEADS = {"googlenet": 2, "googlenet_torchvision": 2, "inception_v3": 1, "inception_v4": 1, "inception_resnet_v2": 1}


def batch(name, size=None, count=2):
    channels, height, width = catalog.find(name).input
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, channels, size or height, size or width, generator=generator)


def loss_of(name, output, labels):
    if name == "lenet5":
        return output[range(len(labels)), labels].mean()  # eq. 8: the distance of the right digit's code
    logits = output.logits if isinstance(output, Outputs) else output
    loss = F.cross_entropy(logits, labels)
    return loss + 0.3 * sum(F.cross_entropy(aux, labels) for aux in output.aux) if isinstance(output, Outputs) else loss


def step(name, model, images, rate=1e-3):
    labels = torch.arange(len(images)) % 10
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    before = {key: value.detach().clone() for key, value in model.named_parameters() if value.numel() < 1_000_000}
    output = model(images)
    loss = loss_of(name, output, labels)
    loss.backward()
    without = [key for key, value in model.named_parameters() if value.grad is None]
    assert not without, "no gradient reaches these"
    assert all(torch.isfinite(value.grad).all() for value in model.parameters())
    optimizer.step()
    assert torch.isfinite(loss)
    moved = [key for key, value in model.named_parameters() if key in before and not torch.equal(value, before[key])]
    assert len(moved) > len(before) / 2
    return output


@pytest.mark.parametrize("name", [entry.name for entry in catalog.entries()])
def test_training_step(name):
    torch.manual_seed(0)
    options = {"num_classes": 10} if any(option.name == "num_classes" for option in catalog.find(name).options) else {}
    model = zoo.build(name, **options)
    assert model.training
    step(name, model, batch(name, SMALL.get(name)))


@pytest.mark.parametrize(("name", "heads"), HEADS.items())
def test_auxiliary_heads_take_part_in_training(name, heads):
    torch.manual_seed(0)
    output = step(name, zoo.build(name, num_classes=10, aux_heads=True), batch(name))
    assert isinstance(output, Outputs)
    assert [aux.shape for aux in output.aux] == [(2, 10)] * heads


@pytest.mark.parametrize("name", HEADS)
def test_auxiliary_heads_stand_by_in_eval_mode(name):
    with torch.device("meta"):
        model = zoo.build(name, num_classes=10, aux_heads=True)
    assert model.eval()(batch(name).to("meta")).shape == (2, 10)


@pytest.mark.parametrize(
    ("name", "optimizer", "rate"),
    [
        ("lenet5", torch.optim.Adam, 3e-3),
        ("lenet5_dense", torch.optim.Adam, 3e-3),
        ("resnet20_cifar", torch.optim.SGD, 0.05),
        ("resnet32_cifar", torch.optim.SGD, 0.05),
        ("plain20_cifar", torch.optim.SGD, 0.05),
    ],
)
def test_loss_falls_on_a_fixed_batch(name, optimizer, rate):
    torch.manual_seed(0)
    model = zoo.build(name)
    images = batch(name, SMALL.get(name), count=8)
    labels = torch.arange(8)
    stepper = optimizer(model.parameters(), lr=rate)
    losses = []
    for _ in range(20):
        stepper.zero_grad()
        loss = loss_of(name, model(images), labels)
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0], losses


def test_alexnet_starts_as_its_paper_says():
    """Sec. 5: deviation 0.01; biases 1 in conv2, conv4, conv5 and the hidden linear layers, 0 elsewhere."""
    torch.manual_seed(0)
    model = zoo.build("alexnet", num_classes=10)
    ones = {"conv2", "conv4", "conv5", "fc6", "fc7"}
    for name, layer in model.named_children():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert layer.weight.std().item() == pytest.approx(0.01, rel=0.05)
            assert (layer.bias == (1.0 if name in ones else 0.0)).all()


def test_lenet_starts_as_its_paper_says():
    """Appendix A: uniform within 2.4 / fan-in."""
    torch.manual_seed(0)
    model = zoo.build("lenet5")
    for weight, inputs in (
        (model.C1.weight, 25),
        (model.C3.weight3, 75),
        (model.C3.weight4, 100),
        (model.C5.weight, 400),
        (model.F6.weight, 120),
    ):
        assert weight.abs().max() <= 2.4 / inputs
        assert weight.std().item() == pytest.approx(2.4 / inputs / 3**0.5, rel=0.2)


@pytest.mark.parametrize("name", ["resnet18", "resnet50", "resnet20_cifar"])
def test_resnet_starts_with_he_normal(name):
    torch.manual_seed(0)
    model = zoo.build(name)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 10_000:
            fan_out = layer.kernel_size[0] * layer.kernel_size[1] * layer.out_channels
            assert layer.weight.std().item() == pytest.approx((2 / fan_out) ** 0.5, rel=0.05)


@pytest.mark.parametrize("name", ["inception_v3", "bn_inception"])
def test_inceptions_start_with_truncated_he(name):
    torch.manual_seed(0)
    model = zoo.build(name)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() > 20_000:
            std = (2 / layer.weight[0].numel()) ** 0.5
            assert layer.weight.std().item() == pytest.approx(std, rel=0.05)
            assert layer.weight.abs().max() <= 2 * std / 0.879 + 1e-6


def test_residual_scale_and_dropout_reach_the_modules():
    with torch.device("meta"):
        model = zoo.build("irv2", residual_scale=0.3, dropout=0.25)
    assert {block.scale for block in model.inception_resnet_a} == {0.3}
    assert [block.scale for block in model.inception_resnet_c] == [0.3] * 9 + [1.0]
    assert model.dropout.p == 0.25
