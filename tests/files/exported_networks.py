"""Networks for the tests of exported files, small and of every kind, with weights that no two are alike of: exporters merge equal
ones."""

import subprocess
import sys
import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.downs = nn.ModuleList([self.block(3, 8), self.block(8, 16)])
        self.mid = nn.Conv2d(16, 32, 3, padding=1)
        self.ups = nn.ModuleList([nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 2, 2)])
        self.mix = nn.ModuleList([nn.Conv2d(32, 16, 3, padding=1), nn.Conv2d(16, 8, 3, padding=1)])

    @staticmethod
    def block(c, k):
        return nn.Sequential(nn.Conv2d(c, k, 3, padding=1), nn.BatchNorm2d(k), nn.SiLU())

    def forward(self, x):
        kept = []
        for down in self.downs:
            kept.append(x := down(x))
            x = F.max_pool2d(x, 2)
        x = self.mid(x)
        for up, mix in zip(self.ups, self.mix, strict=True):
            x = mix(torch.cat([up(x), kept.pop()], 1))
        return F.interpolate(x, scale_factor=2, mode="bilinear")


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.head = nn.Embedding(50, 12), nn.Linear(32, 5)
        self.lstm = nn.LSTM(12, 16, 2, batch_first=True, bidirectional=True)

    def forward(self, ids):
        return self.head(self.lstm(self.table(ids))[0])


class TinyViT(nn.Module):
    """Patches, a class token, positions, a transformer encoder, a head."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        self.token, self.places = nn.Parameter(torch.zeros(1, 1, 16)), nn.Parameter(torch.zeros(1, 17, 16))
        layer = nn.TransformerEncoderLayer(16, 4, 32, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(16), nn.Linear(16, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.places
        return self.head(self.norm(self.encoder(x))[:, 0])


class Separable(nn.Module):
    """A depthwise convolution and squeeze and excitation, as in mobile networks."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Hardswish())
        self.depthwise = nn.Conv2d(8, 8, 5, padding=2, groups=8)
        self.squeeze, self.excite = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1)

    def forward(self, x):
        x = self.depthwise(self.stem(x))
        scale = F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        return (x * scale).mean((2, 3))


NETWORKS = {
    "unet": (UNet, (1, 3, 32, 32)), "tagger": (Tagger, (2, 7)), "vit": (TinyViT, (1, 3, 16, 16)),
    "separable": (Separable, (1, 3, 32, 32)), "lenet5_dense": ("lenet5_dense", (1, 1, 32, 32)), "resnet20_cifar": ("resnet20_cifar", (1, 3, 32, 32)),
}  # fmt: skip


def build(name):
    """A network in eval mode with its example input."""
    import archscope

    make, shape = NETWORKS[name]
    torch.manual_seed(0)
    net = archscope.load(make, device="cpu").module if isinstance(make, str) else make()
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand_like(tensor) + 0.1)
    x = torch.zeros(shape, dtype=torch.int64) if name == "tagger" else torch.randn(shape)
    return net.eval(), x


def to_pt2(net, x, path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(net, (x,), **options), path)


def to_onnx(net, x, path, **options):
    """By torch's exporter, the weights in the file; skips what an older one writes wrongly: of torch 2.6 an LSTM that cannot run."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(net, (x,), path, dynamo=True, verbose=False, external_data=False, **options)
    try:
        onnx.shape_inference.infer_shapes(onnx.load(path), strict_mode=True, data_prop=True)
    except onnx.shape_inference.InferenceError:
        pytest.skip("this torch exports a model of it that contradicts itself")


def drawn_without_torch(path) -> str:
    """What the commands that need no torch print of a file, the diagram last; none of them may import it."""
    commands = [
        ["params"],
        ["flops", "--by", "operator"],
        ["shapes"],
        ["tree"],
        ["check", "--max-params", "1M"],
        ["diagram", "--out", "-"],
    ]
    words = "; ".join(f"assert run({[c[0], str(path), *c[1:]]!r}) == 0" for c in commands)
    code = f"import sys; from archscope.cli.app import run; {words}; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
