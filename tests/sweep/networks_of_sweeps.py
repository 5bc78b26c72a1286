"""A folder with networks of one's own, good and bad, for the sweeps of the tests."""

from pathlib import Path

NET = '''
import torch
from torch import nn
from parts import Block


class Net(nn.Module):
    """width * 1 + width, then depth times width * width + width, then width * 10 + 10 parameters."""

    example_input_shape = (1, 8, 8)

    def __init__(self, width=4, depth=1):
        super().__init__()
        self.stem = nn.Conv2d(1, width, 1)
        self.body = nn.Sequential(*(Block(width) for _ in range(depth)))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.body(self.stem(x)).mean((2, 3)))


def candidates(most=3):
    import random

    for width in range(1, most + 1):
        yield "net.py:Net", {"width": width}
    yield Net(5), {"width": 5}
    yield {"name": "net.py:Net", "options": {"width": random.randrange(6, 1000)}, "input": (1, 4, 4), "batch": 2}


def wrong():
    yield 3
'''

PARTS = """
from torch import nn


class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 1)

    def forward(self, x):
        return self.conv(x)
"""

BAD = """
import os
import time

import torch
from torch import nn

from net import Net


def hangs():
    time.sleep(1000)


def leaves():
    os._exit(3)


def crashes():
    import ctypes

    ctypes.string_at(0)


def hungry():
    kept = []
    while True:
        kept.append(bytearray(10**7))


def hungry_in_torch():
    return nn.Linear(10**5, 10**5, device="cpu")


def raises():
    raise ValueError("no such width")


def exits():
    raise SystemExit(4)


class Forward(nn.Module):
    example_input_shape = (1, 8, 8)

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)

    def forward(self, x):
        return self.fc(x).reshape(7)
"""

PARAMETERS = {(w, d): w + w + d * (w * w + w) + w * 10 + 10 for w in range(1, 40) for d in range(1, 20)}


def written(folder: Path) -> Path:
    """The files, in this folder."""
    (folder / "net.py").write_text(NET)
    (folder / "parts.py").write_text(PARTS)
    (folder / "bad.py").write_text(BAD)
    (folder / "raising.py").write_text('raise RuntimeError("not today")\n')
    return folder
