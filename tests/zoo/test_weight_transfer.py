"""With the weights of torchvision's and timm's networks, ours give their outputs.

Both list their tensors in the same order, so the names map by position; only GoogLeNet's auxiliary heads stand elsewhere.
"""

import pytest
import torch
from torch import nn

from archscope import zoo

torchvision = pytest.importorskip("torchvision")
timm = pytest.importorskip("timm")

TOLERANCE = 1e-4


def tv(name, **options):
    return lambda: getattr(torchvision.models, name)(weights=None, **options)


def from_timm(name):
    return lambda: timm.create_model(name, pretrained=False)


# ours, our options, reference, input size (small: the arithmetic is the same at any)
PAIRS = [
    ("alexnet_owt", {}, tv("alexnet"), 127),
    *((f"vgg{depth}{bn}", {}, tv(f"vgg{depth}{bn}", init_weights=False), 64) for depth in (11, 13, 16, 19) for bn in ("", "_bn")),
    ("googlenet_torchvision", {}, tv("googlenet", aux_logits=False, init_weights=False), 96),
    ("googlenet_torchvision", {"aux_heads": True}, tv("googlenet", aux_logits=True, init_weights=False), 96),
    ("resnet18", {}, tv("resnet18"), 96),
    ("resnet34", {}, tv("resnet34"), 96),
    *((f"resnet{depth}_v1_5", {}, tv(f"resnet{depth}"), 96) for depth in (50, 101, 152)),
    ("resnet50_v1_5", {}, from_timm("resnet50"), 96),
    ("inception_v3", {}, tv("inception_v3", aux_logits=False, init_weights=False), 139),
    ("inception_v3", {"aux_heads": True}, tv("inception_v3", aux_logits=True, init_weights=False), 299),
    ("inception_v4", {}, from_timm("inception_v4"), 139),
    ("inception_resnet_v2", {}, from_timm("inception_resnet_v2"), 139),
]


def with_random_weights(build, size):
    """The reference with weights as a trained network could have: He's, and normalisations with scales, shifts and statistics."""
    generator = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        reference = build()
    reference.to_empty(device="cpu")
    for module in reference.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.weight.data.normal_(0, (2 / module.weight[0].numel()) ** 0.5, generator=generator)
            if module.bias is not None:
                module.bias.data.normal_(0, 0.1, generator=generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.weight.data.uniform_(0.5, 1.5, generator=generator)
            module.bias.data.normal_(0, 0.1, generator=generator)
            module.momentum = 1.0
    if any(isinstance(module, nn.BatchNorm2d) for module in reference.modules()):
        with torch.no_grad():
            reference.train()(torch.randn(4, 3, size, size, generator=generator))
    return reference.eval()


def same_order(reference, ours):
    """Our names for the reference's tensors: the n-th is the n-th, auxiliary heads put aside."""

    def is_aux(name):
        return name.lower().startswith("aux")

    state = reference.state_dict()
    theirs = [name for name in state if not is_aux(name)] + [name for name in state if is_aux(name)]
    mine = [name for name in ours.state_dict() if not is_aux(name)] + [name for name in ours.state_dict() if is_aux(name)]
    for name, other in zip(mine, theirs, strict=True):
        assert ours.state_dict()[name].shape == state[other].shape, (name, other)
    return {name: state[other] for name, other in zip(mine, theirs, strict=True)}


def paired(name, options, build, size):
    reference = with_random_weights(build, size)
    with torch.device("meta"):
        ours = zoo.build(name, **options)
    ours.load_state_dict(same_order(reference, ours), assign=True)
    return reference, ours.eval()


@pytest.mark.parametrize(("name", "options", "build", "size"), PAIRS, ids=lambda value: value if isinstance(value, str) else None)
def test_same_output_with_the_reference_weights(name, options, build, size):
    reference, ours = paired(name, options, build, size)
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, actual = reference(images), ours(images)
    assert expected.std() > 1e-2  # the outputs say something
    assert (expected[0] - expected[1]).abs().max() > 1e-2
    assert (actual - expected).abs().max() < TOLERANCE


@pytest.mark.parametrize(
    ("name", "build", "size", "heads"),
    [
        ("googlenet_torchvision", tv("googlenet", aux_logits=True, init_weights=False), 224, ("aux_logits1", "aux_logits2")),
        ("inception_v3", tv("inception_v3", aux_logits=True, init_weights=False), 299, ("aux_logits",)),
    ],
)
def test_same_auxiliary_outputs_in_training_mode(name, build, size, heads):
    reference, ours = paired(name, {"aux_heads": True}, build, size)
    for model in (reference, ours):
        model.train()
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
    images = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, actual = reference(images), ours(images)
    assert len(actual.aux) == len(heads)
    for head, output in zip(heads, actual.aux, strict=True):
        assert (output - getattr(expected, head)).abs().max() < TOLERANCE
    assert (actual.logits - expected.logits).abs().max() < TOLERANCE


def test_swapped_weights_are_noticed():
    """The comparison can fail: two tensors of one shape change places."""
    reference, ours = paired("resnet18", {}, tv("resnet18"), 64)
    state = ours.state_dict()
    first, second = "conv2_x.0.conv1.conv.weight", "conv2_x.0.conv2.conv.weight"
    ours.load_state_dict(state | {first: state[second].clone(), second: state[first].clone()}, assign=True)
    images = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        assert (ours(images) - reference(images)).abs().max() > 100 * TOLERANCE
