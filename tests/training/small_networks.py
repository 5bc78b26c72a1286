"""Networks to train: small, and each with something of its own for the backward pass."""

import copy

import torch
from torch import nn
from torch.nn import functional as F


def double(inside: int, out: int) -> nn.Sequential:
    def one(i, o):
        return nn.Sequential(nn.Conv2d(i, o, 3, padding=1, bias=False), nn.BatchNorm2d(o), nn.ReLU(inplace=True))

    return nn.Sequential(one(inside, out), one(out, out))


class UNet(nn.Module):
    """Skip connections: what the way down made is kept until the way up is differentiated."""

    def __init__(self):
        super().__init__()
        self.down1, self.down2, self.down3 = double(3, 8), double(8, 16), double(16, 32)
        self.up2, self.up1 = nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)
        self.join2, self.join1, self.head = double(32, 16), double(16, 8), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        c = self.down3(F.max_pool2d(b, 2))
        b = self.join2(torch.cat([self.up2(c), b], 1))
        return self.head(self.join1(torch.cat([self.up1(b), a], 1)))


class ViT(nn.Module):
    """Patches, positions, fused attention."""

    def __init__(self, width=48, heads=4, depth=3, patch=8, size=32, dropout=0.0):
        super().__init__()
        self.patch = nn.Conv2d(3, width, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.places = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, width))
        layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.Sequential(*(Block(layer) for _ in range(depth)))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.head(self.blocks(x)[:, 0])


class Block(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = copy.deepcopy(layer)

    def forward(self, x):
        return self.layer(x)


class LSTM(nn.Module):
    """A loop over time, the same weights at every step."""

    def __init__(self):
        super().__init__()
        self.lstm, self.head = nn.LSTM(16, 32, 2, batch_first=True), nn.Linear(32, 5)

    def forward(self, x):
        return self.head(self.lstm(x)[0][:, -1])


class Cells(nn.Module):
    """The same loop, written out."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTMCell(16, 128), nn.Linear(128, 5)

    def forward(self, x):
        h = c = x.new_zeros(len(x), 128)
        for step in x.unbind(1):
            h, c = self.cell(step, (h, c))
        return self.head(h)


class Gated(nn.Module):
    """Depthwise convolution, squeeze and excitation, activation functions in place, local response normalisation."""

    def __init__(self):
        super().__init__()
        self.a, self.d = nn.Conv2d(3, 16, 3, 2), nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.silu, self.relu6 = nn.SiLU(inplace=True), nn.ReLU6(inplace=True)
        self.down, self.up = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1)
        self.norm, self.head = nn.GroupNorm(4, 16), nn.Linear(16, 4)

    def forward(self, x):
        x = self.d(self.silu(self.a(x)))
        s = self.up(F.silu(self.down(F.adaptive_avg_pool2d(x, 1)))).sigmoid()
        x = F.local_response_norm(self.norm(self.relu6(x * s)), 3)
        return self.head(F.avg_pool2d(F.interpolate(x, scale_factor=2.0, mode="bilinear"), 2).amax((2, 3)))


class Frozen(nn.Module):
    """The first two layers are not trained; the head is used twice, once without gradients."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh())
        self.middle, self.head = nn.Linear(32, 32), nn.Linear(32, 32)
        self.body.requires_grad_(False)

    def forward(self, x):
        x = self.middle(self.body(x))
        with torch.no_grad():
            target = self.head(x).softmax(-1)
        return self.head(self.head(x).relu()) * target


# name -> (network, shape of an example without the batch)
NETWORKS = {
    "unet": (UNet, (3, 32, 32)),
    "vit": (ViT, (3, 32, 32)),
    "lstm": (LSTM, (7, 16)),
    "cells": (Cells, (7, 16)),
    "gated": (Gated, (3, 33, 33)),
    "frozen": (Frozen, (12,)),
}
