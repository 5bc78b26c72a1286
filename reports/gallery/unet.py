"""A U-Net (Ronneberger, Fischer and Brox, arXiv 1505.04597) with padded convolutions and batch norm, as it is used today."""

import torch
from torch import Tensor, nn


class DoubleConv(nn.Sequential):
    """Twice a 3x3 convolution, batch norm and ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(
            nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(),
            nn.Conv2d(after, after, 3, padding=1), nn.BatchNorm2d(after), nn.ReLU(),
        )  # fmt: skip


class UNet(nn.Module):
    """Four steps down, four steps up, each with what the step down has seen: B x 3 x H x W -> B x classes x H x W."""

    def __init__(self, classes: int = 2, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        widths = [width * 2**n for n in range(depth + 1)]
        self.downs = nn.ModuleList(DoubleConv(a, b) for a, b in zip([3, *widths[:-2]], widths[:-1], strict=True))
        self.pool = nn.MaxPool2d(2)
        self.middle = DoubleConv(widths[-2], widths[-1])
        pairs = list(zip(reversed(widths[:-1]), reversed(widths[1:]), strict=True))
        self.ups = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, 2) for a, b in pairs)
        self.convs = nn.ModuleList(DoubleConv(2 * a, a) for a, _ in pairs)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        """B x 3 x H x W -> B x classes x H x W."""
        seen = []
        for down in self.downs:
            x = down(x)
            seen.append(x)
            x = self.pool(x)
        x = self.middle(x)
        for up, conv, skip in zip(self.ups, self.convs, reversed(seen), strict=True):
            x = conv(torch.cat([skip, up(x)], 1))
        return self.head(x)
