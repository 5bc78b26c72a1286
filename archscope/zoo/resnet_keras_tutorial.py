"""The "resnet50" of a widely copied Keras tutorial on residual learning, which is no ResNet-50: its blocks are ResNet-34's,
every one of them projects its shortcut, nothing pools after the first convolution, and a Flatten stands in front of the
classifier. Sizes are height x width x channels for a 224x224 image.
"""

from torch import Tensor, nn

from archscope.zoo import papers
from archscope.zoo.claims import resnet_keras_tutorial as claims
from archscope.zoo.layers import initialise
from archscope.zoo.network import network


class KerasConv(nn.Sequential):
    """Convolution with bias, padding "same" as in Keras (at stride 2 the odd pixel goes right and below), batch normalisation.

    B x in x H x W -> B x out x H/stride x W/stride.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int) -> None:
        total = kernel - stride if kernel > stride else 0
        before = total // 2
        super().__init__()
        if total:
            self.add_module("pad", nn.ZeroPad2d((before, total - before, before, total - before)))
        self.add_module("conv", nn.Conv2d(in_channels, out_channels, kernel, stride))
        self.add_module("bn", nn.BatchNorm2d(out_channels, eps=1e-3, momentum=0.01))


class ProjectedBlock(nn.Module):
    """ReLU(1x1(x) + 3x3(3x3(x))): a basic block whose shortcut is a projection even where the shape stays."""

    def __init__(self, in_channels: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = KerasConv(in_channels, width, 3, stride)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = KerasConv(width, width, 3, 1)
        self.shortcut = KerasConv(in_channels, width, 1, stride)
        self.relu2 = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.conv2(self.relu1(self.conv1(x)))
        return self.relu2(residual + self.shortcut(x))


class KerasTutorialResNet(nn.Module):
    """B x in x 224 x 224 -> B x classes. The tutorial's softmax is left to the loss."""

    def __init__(self, num_classes: int, in_channels: int) -> None:
        super().__init__()

        def stage(in_channels: int, width: int, count: int, stride: int) -> nn.Sequential:
            return nn.Sequential(
                ProjectedBlock(in_channels, width, stride), *(ProjectedBlock(width, width, 1) for _ in range(count - 1))
            )

        self.conv1 = KerasConv(in_channels, 64, 7, 2)
        self.relu1 = nn.ReLU(inplace=True)
        self.stage1 = stage(64, 64, 3, 1)
        self.stage2 = stage(64, 128, 4, 2)
        self.stage3 = stage(128, 256, 6, 2)
        self.stage4 = stage(256, 512, 3, 2)
        self.bn = nn.BatchNorm2d(512, eps=1e-3, momentum=0.01)
        self.relu = nn.ReLU(inplace=True)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(14 * 14 * 512, num_classes)
        # Keras' own: Glorot's, biases 0
        initialise(self, conv=nn.init.xavier_uniform_, linear=nn.init.xavier_uniform_)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.conv1(x))  # 112x112x64
        x = self.stage1(x)  # 112x112x64
        x = self.stage2(x)  # 56x56x128
        x = self.stage3(x)  # 28x28x256
        x = self.stage4(x)  # 14x14x512
        x = self.relu(self.bn(x))  # 14x14x512
        return self.fc(self.flatten(x))  # 100352 -> classes


@network(
    "resnet34_keras_tutorial",
    aliases=("resnet50_keras_tutorial",),
    title="ResNet (Keras tutorial)",
    family="resnet",
    paper=papers.RESNET,
    input=(3, 224, 224),
    variant='a tutorial\'s "resnet50": 34 layers deep, a biased projection on every block, Flatten of 100,352 features',
    differs="resnet34's blocks, all projected, at twice the resolution; 82% of its parameters are in the classifier",
    claims=claims.RESNET_KERAS_TUTORIAL,
)
def resnet34_keras_tutorial(num_classes: int = 1000, in_channels: int = 3) -> KerasTutorialResNet:
    """The tutorial's network, operator by operator."""
    return KerasTutorialResNet(num_classes, in_channels)
