"""AlexNet: Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional Neural Networks", NIPS 2012,
section 3 and Figure 2; and the single tower of Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
arXiv 1404.5997. Sizes are height x width x channels for a 224x224 image.
"""

from typing import Literal

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import alexnet as claims
from archscope.zoo.network import network


class AlexNet(nn.Module):
    """The network of 2012: B x in x 224 x 224 -> B x classes.

    Arguments:
        groups: 2 as on the paper's two GPUs, which see each other's maps only in conv3 and the linear layers; 1 for a network in
            one piece.
    """

    def __init__(self, num_classes: int, in_channels: int, dropout: float, groups: int) -> None:
        super().__init__()
        # 224 pixels make 55 positions at stride 4 only if the last window may hang over by 3, as cuda-convnet allowed
        self.pad = nn.ZeroPad2d((0, 3, 0, 3))
        self.conv1 = nn.Conv2d(in_channels, 96, 11, 4)
        self.relu1 = nn.ReLU(inplace=True)
        self.norm1 = response_normalisation()
        self.pool1 = nn.MaxPool2d(3, 2)
        self.conv2 = nn.Conv2d(96, 256, 5, padding=2, groups=groups)
        self.relu2 = nn.ReLU(inplace=True)
        self.norm2 = response_normalisation()
        self.pool2 = nn.MaxPool2d(3, 2)
        self.conv3 = nn.Conv2d(256, 384, 3, padding=1)
        self.relu3 = nn.ReLU(inplace=True)
        self.conv4 = nn.Conv2d(384, 384, 3, padding=1, groups=groups)
        self.relu4 = nn.ReLU(inplace=True)
        self.conv5 = nn.Conv2d(384, 256, 3, padding=1, groups=groups)
        self.relu5 = nn.ReLU(inplace=True)
        self.pool5 = nn.MaxPool2d(3, 2)
        self.fc6 = nn.Linear(6 * 6 * 256, 4096)
        self.relu6 = nn.ReLU(inplace=True)
        self.dropout6 = nn.Dropout(dropout)
        self.fc7 = nn.Linear(4096, 4096)
        self.relu7 = nn.ReLU(inplace=True)
        self.dropout7 = nn.Dropout(dropout)
        self.fc8 = nn.Linear(4096, num_classes)
        initialise_alexnet(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.conv1(self.pad(x)))  # 55x55x96
        x = self.pool1(self.norm1(x))  # 27x27x96
        x = self.relu2(self.conv2(x))  # 27x27x256
        x = self.pool2(self.norm2(x))  # 13x13x256
        x = self.relu3(self.conv3(x))  # 13x13x384
        x = self.relu4(self.conv4(x))  # 13x13x384
        x = self.relu5(self.conv5(x))  # 13x13x256
        x = torch.flatten(self.pool5(x), 1)  # 6x6x256 = 9216
        x = self.dropout6(self.relu6(self.fc6(x)))  # 4096
        x = self.dropout7(self.relu7(self.fc7(x)))  # 4096
        return self.fc8(x)


def response_normalisation() -> nn.LocalResponseNorm:
    """Sec. 3.3: k = 2, n = 5, alpha = 1e-4, beta = 0.75. torch divides alpha by n, the paper's formula does not."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)


def initialise_alexnet(network: nn.Module) -> None:
    """Sec. 5: weights normal with deviation 0.01; biases 1 in conv2, conv4, conv5 and the hidden linear layers, 0 elsewhere."""
    for name, layer in network.named_children():
        if isinstance(layer, nn.Conv2d | nn.Linear) and not layer.weight.is_meta:
            nn.init.normal_(layer.weight, std=0.01)
            if layer.bias is not None:
                nn.init.constant_(layer.bias, 1.0 if name in {"conv2", "conv4", "conv5", "fc6", "fc7"} else 0.0)


class AlexNetSingleTower(nn.Module):
    """The network of 2014, as in torchvision: B x in x 224 x 224 -> B x classes. One tower, 64 and 192 maps first, no
    normalisation.

    The author's own configuration (cuda-convnet2) keeps the two response normalisations; torchvision leaves them out.
    """

    def __init__(self, num_classes: int, in_channels: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 64, 11, 4, padding=2)
        self.relu1 = nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(3, 2)
        self.conv2 = nn.Conv2d(64, 192, 5, padding=2)
        self.relu2 = nn.ReLU(inplace=True)
        self.pool2 = nn.MaxPool2d(3, 2)
        self.conv3 = nn.Conv2d(192, 384, 3, padding=1)
        self.relu3 = nn.ReLU(inplace=True)
        self.conv4 = nn.Conv2d(384, 256, 3, padding=1)
        self.relu4 = nn.ReLU(inplace=True)
        self.conv5 = nn.Conv2d(256, 256, 3, padding=1)
        self.relu5 = nn.ReLU(inplace=True)
        self.pool5 = nn.MaxPool2d(3, 2)
        # changes nothing at 224x224; torchvision's way of letting other sizes through
        self.resize = nn.AdaptiveAvgPool2d(6)
        self.dropout6 = nn.Dropout(dropout)
        self.fc6 = nn.Linear(6 * 6 * 256, 4096)
        self.relu6 = nn.ReLU(inplace=True)
        self.dropout7 = nn.Dropout(dropout)
        self.fc7 = nn.Linear(4096, 4096)
        self.relu7 = nn.ReLU(inplace=True)
        self.fc8 = nn.Linear(4096, num_classes)
        initialise_alexnet(self)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.conv1(x))  # 55x55x64
        x = self.pool1(x)  # 27x27x64
        x = self.relu2(self.conv2(x))  # 27x27x192
        x = self.pool2(x)  # 13x13x192
        x = self.relu3(self.conv3(x))  # 13x13x384
        x = self.relu4(self.conv4(x))  # 13x13x256
        x = self.relu5(self.conv5(x))  # 13x13x256
        x = self.pool5(x)  # 6x6x256
        x = torch.flatten(self.resize(x), 1)  # 9216
        x = self.relu6(self.fc6(self.dropout6(x)))  # 4096
        x = self.relu7(self.fc7(self.dropout7(x)))  # 4096
        return self.fc8(x)


@network(
    "alexnet",
    aliases=("alexnet_2012",),
    title="AlexNet",
    family="alexnet",
    paper=papers.ALEXNET,
    input=(3, 224, 224),
    variant="2012: two groups, local response normalisation, overlapping pooling",
    differs="96 and 256 maps first, conv2, conv4 and conv5 in two groups, with response normalisation",
    claims=claims.ALEXNET,
)
def alexnet(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5, groups: Literal[2, 1] = 2) -> AlexNet:
    """The paper's network."""
    return AlexNet(num_classes, in_channels, dropout, groups)


@network(
    "alexnet_owt",
    aliases=("alexnet_2014", "alexnet_torchvision", "one_weird_trick"),
    title="AlexNet (one weird trick)",
    family="alexnet",
    paper=papers.ONE_WEIRD_TRICK,
    input=(3, 224, 224),
    variant="2014: one tower, as in torchvision, without response normalisation",
    differs="64 and 192 maps first, no groups, no response normalisation, dropout before the linear layers",
    claims=claims.ALEXNET_OWT,
)
def alexnet_owt(num_classes: int = 1000, in_channels: int = 3, dropout: float = 0.5) -> AlexNetSingleTower:
    """What torchvision calls alexnet."""
    return AlexNetSingleTower(num_classes, in_channels, dropout)
