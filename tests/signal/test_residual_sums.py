"""Residual branches are found by the edges of the Graph, whatever the modules are called."""

import pytest
import torch
from torch import Size, nn

import archscope
from archscope.views.residual_sums import residual_sums


@pytest.mark.parametrize(
    ("name", "count"),
    [
        # He et al. 2015, table 1: 2 + 2 + 2 + 2, 3 + 4 + 6 + 3; CIFAR: 3 n sums; Szegedy et al. 2016: 5 + 10 + 5, 10 + 20 + 10
        ("resnet18", 8),
        ("resnet34", 16),
        ("resnet50", 16),
        ("resnet20_cifar", 9),
        ("resnet1202_cifar", 600),
        ("inception_resnet_v1", 20),
        ("inception_resnet_v2", 40),
        ("plain34", 0),
        ("inception_v3", 0),
        ("inception_v4", 0),
        ("vgg16", 0),
        ("timm:vit_tiny_patch16_224", 24),  # 12 blocks, attention and MLP
        ("timm:convnext_tiny", 18),  # 3 + 3 + 9 + 3
    ],
)
def test_as_many_as_the_paper_says(name, count):
    assert len(residual_sums(archscope.look(name))) == count


class Sum(nn.Module):
    def __init__(self, left: nn.Module, right: nn.Module, alpha: float = 1.0):
        super().__init__()
        self.left, self.right, self.alpha = left, right, alpha

    def forward(self, x):
        return torch.add(self.left(x), self.right(x), alpha=self.alpha)


def of(module: nn.Module):
    return residual_sums(archscope.trace(module, Size((2, 4, 8, 8))))


def conv() -> nn.Module:
    return nn.Conv2d(4, 4, 1)


def test_the_branch_is_the_path_with_more_weights():
    two = nn.Sequential(conv(), nn.ReLU(), conv())
    [left] = of(Sum(two, nn.Identity()))
    [right] = of(Sum(nn.MaxPool2d(3, 1, 1), two, alpha=0.5))
    [projected] = of(Sum(conv(), two))
    assert (left.branch, left.shortcut, left.branch_layers, left.shortcut_layers, left.factor) == (0, 1, 2, 0, 1.0)
    assert (right.branch, right.branch_layers, right.shortcut_layers, right.factor) == (1, 2, 0, 0.5)
    assert (projected.branch, projected.branch_layers, projected.shortcut_layers) == (1, 2, 1)


def test_sums_that_are_not_residual():
    class TwoInputs(nn.Module):
        def forward(self, x, y):
            return nn.functional.conv2d(x, torch.ones(4, 4, 1, 1)) + y

    assert of(Sum(conv(), conv())) == []  # equals
    assert of(Sum(nn.ReLU(), nn.Identity())) == []  # no weights
    assert of(Sum(conv(), nn.AdaptiveAvgPool2d(1))) == []  # another shape
    x = Size((1, 4, 2, 2))
    assert residual_sums(archscope.trace(TwoInputs(), x, x)) == []  # from two places
