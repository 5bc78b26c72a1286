"""ResNet for CIFAR-10, and its plain twins: He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, section
4.2. 6n + 2 layers. Sizes are height x width x channels for a 32x32 image.
"""

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import resnet_cifar as claims
from archscope.zoo.layers import ConvBN, he_fan_out_, initialise
from archscope.zoo.network import network
from archscope.zoo.residual import EPS, BasicBlock, Shortcut


class ResNetCifar(nn.Module):
    """Sec. 4.2: B x in x 32 x 32 -> B x classes.

    Arguments:
        n: blocks in each of the three stages.
        width: channels of the first stage; it doubles from stage to stage.
        shortcut: the paper uses option A throughout; None for a plain network.
    """

    def __init__(self, n: int, num_classes: int, in_channels: int, width: int, shortcut: Shortcut | None) -> None:
        super().__init__()

        def stage(in_channels: int, width: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                BasicBlock(in_channels, width, stride, shortcut), *(BasicBlock(width, width, 1, shortcut) for _ in range(n - 1))
            )

        self.conv1 = ConvBN(in_channels, width, 3, eps=EPS)
        self.stage1 = stage(width, width, 1)
        self.stage2 = stage(width, 2 * width, 2)
        self.stage3 = stage(2 * width, 4 * width, 2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * width, num_classes)
        initialise(self, conv=he_fan_out_, linear=nn.init.xavier_uniform_)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)  # 32x32x16
        x = self.stage1(x)  # 32x32x16
        x = self.stage2(x)  # 16x16x32
        x = self.stage3(x)  # 8x8x64
        x = torch.flatten(self.pool(x), 1)  # 64
        return self.fc(x)


def _register(depth: int) -> None:
    n = (depth - 2) // 6

    def build(num_classes: int = 10, in_channels: int = 3, shortcut: Shortcut = "A", width: int = 16) -> ResNetCifar:
        return ResNetCifar(n, num_classes, in_channels, width, shortcut)

    network(
        f"resnet{depth}_cifar",
        aliases=(f"resnet{depth}_cifar10", f"resnet_{depth}_cifar"),
        title=f"ResNet-{depth} (CIFAR)",
        family="resnet-cifar",
        paper=papers.RESNET,
        input=(3, 32, 32),
        variant="the paper's for CIFAR-10, shortcut option A",
        differs=f"{n} blocks in each of the three stages",
        claims=claims.RESNET_CIFAR.get(f"resnet{depth}_cifar", ()),
    )(build)


def _register_plain(depth: int) -> None:
    n = (depth - 2) // 6

    def build(num_classes: int = 10, in_channels: int = 3, width: int = 16) -> ResNetCifar:
        return ResNetCifar(n, num_classes, in_channels, width, None)

    network(
        f"plain{depth}_cifar",
        aliases=(f"plain{depth}_cifar10",),
        title=f"plain-{depth} (CIFAR)",
        family="resnet-cifar",
        paper=papers.RESNET,
        input=(3, 32, 32),
        variant=f"the plain twin of ResNet-{depth} for CIFAR-10: no shortcuts",
        differs=f"resnet{depth}_cifar without its shortcuts, which cost nothing",
        claims=claims.RESNET_CIFAR.get(f"plain{depth}_cifar", ()),
    )(build)


for _depth in (20, 32, 44, 56, 110, 1202):
    _register(_depth)
for _depth in (20, 32, 44, 56, 110):
    _register_plain(_depth)
