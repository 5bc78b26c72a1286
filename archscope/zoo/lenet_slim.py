"""The two-convolution network for MNIST that TF-slim calls LeNet, made known by TensorFlow's first tutorial. Other tutorials call
it "AlexNet". Sizes are height x width x channels for a 28x28 image.
"""

import torch
from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import lenet as claims
from archscope.zoo.network import network


class SlimLeNet(nn.Module):
    """B x in x 28 x 28 -> B x classes; weights start as torch's layers draw them."""

    def __init__(self, num_classes: int, in_channels: int, dropout: float) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 32, 5, padding=2)
        self.relu1 = nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(32, 64, 5, padding=2)
        self.relu2 = nn.ReLU(inplace=True)
        self.pool2 = nn.MaxPool2d(2)
        self.fc3 = nn.Linear(7 * 7 * 64, 1024)
        self.relu3 = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(dropout)
        self.fc4 = nn.Linear(1024, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.relu1(self.conv1(x)))  # 14x14x32
        x = self.pool2(self.relu2(self.conv2(x)))  # 7x7x64
        x = self.relu3(self.fc3(torch.flatten(x, 1)))  # 3136 -> 1024
        return self.fc4(self.dropout(x))


@network(
    "lenet_slim",
    aliases=("mnist_cnn",),
    title="LeNet (TF-slim)",
    family="lenet",
    paper=papers.LENET,
    year=2016,
    input=(1, 28, 28),
    variant="TF-slim's: two 5x5 convolutions of 32 and 64, two linear layers of 1024 and 10",
    differs="wider convolutions that keep their size, one wide hidden layer: 55 times the parameters of lenet5",
    claims=claims.LENET_SLIM,
)
def lenet_slim(num_classes: int = 10, in_channels: int = 1, dropout: float = 0.5) -> SlimLeNet:
    """Not LeCun's network; it shares the name and the data."""
    return SlimLeNet(num_classes, in_channels, dropout)
