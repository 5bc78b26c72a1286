"""ResNet for ImageNet: He et al., "Deep Residual Learning for Image Recognition", arXiv 1512.03385, Table 1 and Figure 3.
Sizes are height x width x channels for a 224x224 image.
"""

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import resnet as claims
from archscope.zoo.layers import ConvBN, he_fan_out_, initialise
from archscope.zoo.network import network
from archscope.zoo.residual import EPS, BasicBlock, Bottleneck, Shortcut

Block = type[BasicBlock] | type[Bottleneck]


class ResNet(nn.Module):
    """Table 1: B x in x 224 x 224 -> B x classes.

    Arguments:
        blocks: how many in conv2_x, conv3_x, conv4_x and conv5_x.
        width: channels of the 3x3 convolutions in conv2_x; it doubles from stage to stage.
        shortcut: "A", "B" or "C" (sec. 4.1); None for a plain network.
    """

    def __init__(
        self,
        block: Block,
        blocks: tuple[int, int, int, int],
        num_classes: int,
        in_channels: int,
        width: int,
        shortcut: Shortcut | None,
        *,
        stride_in_1x1: bool = True,
        bias: bool = False,
    ) -> None:
        super().__init__()

        def stage(in_channels: int, width: int, count: int, stride: int) -> nn.Sequential:
            first = block(in_channels, width, stride, shortcut, stride_in_1x1=stride_in_1x1, bias=bias)
            rest = (
                block(width * block.expansion, width, 1, shortcut, stride_in_1x1=stride_in_1x1, bias=bias)
                for _ in range(count - 1)
            )
            return nn.Sequential(first, *rest)

        self.conv1 = ConvBN(in_channels, width, 7, 2, eps=EPS, bias=bias)
        self.pool1 = nn.MaxPool2d(3, 2, 1)
        self.conv2_x = stage(width, width, blocks[0], 1)
        self.conv3_x = stage(width * block.expansion, 2 * width, blocks[1], 2)
        self.conv4_x = stage(2 * width * block.expansion, 4 * width, blocks[2], 2)
        self.conv5_x = stage(4 * width * block.expansion, 8 * width, blocks[3], 2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width * block.expansion, num_classes)
        initialise(self, conv=he_fan_out_, linear=nn.init.xavier_uniform_)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)  # 112x112x64
        x = self.pool1(x)  # 56x56x64
        x = self.conv2_x(x)  # 56x56x64, x256 with bottlenecks
        x = self.conv3_x(x)  # 28x28x128, x512
        x = self.conv4_x(x)  # 14x14x256, x1024
        x = self.conv5_x(x)  # 7x7x512, x2048
        x = torch.flatten(self.pool(x), 1)  # 512, 2048
        return self.fc(x)


BLOCKS: dict[int, tuple[Block, tuple[int, int, int, int]]] = {
    18: (BasicBlock, (2, 2, 2, 2)),
    34: (BasicBlock, (3, 4, 6, 3)),
    50: (Bottleneck, (3, 4, 6, 3)),
    101: (Bottleneck, (3, 4, 23, 3)),
    152: (Bottleneck, (3, 8, 36, 3)),
}


def _register(
    name: str, depth: int, aliases: tuple[str, ...], variant: str, differs: str, *, stride_in_1x1: bool = True, bias: bool = False
) -> None:
    block, blocks = BLOCKS[depth]

    def build(num_classes: int = 1000, in_channels: int = 3, shortcut: Shortcut = "B", width: int = 64) -> ResNet:
        return ResNet(block, blocks, num_classes, in_channels, width, shortcut, stride_in_1x1=stride_in_1x1, bias=bias)

    network(
        name,
        aliases=aliases,
        title=f"ResNet-{depth}" + ("" if stride_in_1x1 else " v1.5") + (" (Keras)" if bias else ""),
        family="resnet",
        paper=papers.RESNET,
        input=(3, 224, 224),
        variant=variant,
        differs=differs,
        claims=claims.RESNET.get(name, ()),
    )(build)


def _register_plain(depth: int) -> None:
    block, blocks = BLOCKS[depth]

    def build(num_classes: int = 1000, in_channels: int = 3, width: int = 64) -> ResNet:
        return ResNet(block, blocks, num_classes, in_channels, width, None)

    network(
        f"plain{depth}",
        aliases=(f"plain_{depth}",),
        title=f"plain-{depth}",
        family="resnet",
        paper=papers.RESNET,
        input=(3, 224, 224),
        variant=f"the plain twin of ResNet-{depth}: no shortcuts",
        differs=f"resnet{depth} without its shortcuts; same cost as with option A",
        claims=claims.RESNET.get(f"plain{depth}", ()),
    )(build)


for _depth in (18, 34):
    _register_plain(_depth)
for _depth, (_block, _blocks) in BLOCKS.items():
    _layout = f"{', '.join(map(str, _blocks))} {'basic' if _block is BasicBlock else 'bottleneck'} blocks"
    # a basic block has no 1x1 to stride in: v1 and v1.5 are one network
    _same = (f"resnet{_depth}_v1_5", f"resnet{_depth}_torchvision") if _block is BasicBlock else ()
    _register(
        f"resnet{_depth}",
        _depth,
        (f"resnet_{_depth}", f"resnet{_depth}_v1", *_same),
        "the paper's (v1)" + ("" if _same else ": stride in the first 1x1 of a stage") + ", shortcut option B",
        _layout,
    )
for _depth in (50, 101, 152):
    _register(
        f"resnet{_depth}_v1_5",
        _depth,
        (f"resnet{_depth}_torchvision", f"resnet{_depth}v1_5"),
        "v1.5 (torchvision, timm, NVIDIA): stride in the 3x3, shortcut option B",
        f"resnet{_depth} with the stride of a stage in the 3x3 of its first block: same parameters, more computation",
        stride_in_1x1=False,
    )
for _depth in (50, 101, 152):
    _register(
        f"resnet{_depth}_keras",
        _depth,
        (),
        "Keras Applications: v1 with a bias before every normalisation, shortcut option B",
        f"resnet{_depth} with a bias in every convolution",
        bias=True,
    )
