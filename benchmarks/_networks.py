"""Small networks for `benchmarks conventions`, each spelled in a way that some counter sees and another does not."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LSTMClassifier(nn.Module):
    """Two stacked LSTM layers over a sequence of 32 vectors."""

    def __init__(self, bidirectional: bool = False, kind: str = "LSTM") -> None:
        super().__init__()
        self.rnn = getattr(nn, kind)(48, 64, 2, batch_first=True, bidirectional=bidirectional)
        self.head = nn.Linear(128 if bidirectional else 64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.rnn(x)[0][:, -1])


class BiLSTMTagger(LSTMClassifier):
    def __init__(self) -> None:
        super().__init__(bidirectional=True)


class GRUClassifier(LSTMClassifier):
    def __init__(self) -> None:
        super().__init__(kind="GRU")


class RNNClassifier(LSTMClassifier):
    def __init__(self) -> None:
        super().__init__(kind="RNN")


class CellLoop(nn.Module):
    """An LSTM cell and a GRU cell, run step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru = nn.LSTMCell(48, 64), nn.GRUCell(64, 32)

    def forward(self, x: Tensor) -> Tensor:
        h, c, g = x.new_zeros(x.shape[0], 64), x.new_zeros(x.shape[0], 64), x.new_zeros(x.shape[0], 32)
        for step in x.unbind(1):
            h, c = self.lstm(step, (h, c))
            g = self.gru(h, g)
        return g


class Attention(nn.Module):
    """One layer of attention, spelled in one of five ways."""

    def __init__(self, spelled: str, width: int = 64, heads: int = 4) -> None:
        super().__init__()
        self.spelled, self.heads = spelled, heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scale = (c // self.heads) ** -0.5
        if self.spelled == "operator":
            y = F.softmax(q @ k.transpose(-2, -1) * scale, dim=-1) @ v
        elif self.spelled == "torch":
            y = torch.matmul(torch.softmax(torch.mul(torch.matmul(q, k.transpose(-2, -1)), scale), dim=-1), v)
        elif self.spelled == "method":
            y = q.matmul(k.transpose(-2, -1)).mul(scale).softmax(-1).matmul(v)
        elif self.spelled == "bmm":
            q, k, v = (part.reshape(b * self.heads, n, -1) for part in (q, k, v))
            y = torch.bmm(F.softmax(torch.bmm(q, k.transpose(1, 2)) * scale, dim=-1), v).view(b, self.heads, n, -1)
        elif self.spelled == "einsum":
            y = torch.einsum("bhnm,bhmd->bhnd", F.softmax(torch.einsum("bhnd,bhmd->bhnm", q, k) * scale, -1), v)
        else:
            y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(b, n, c))


class Transformer(nn.Module):
    """Four blocks of attention and feed-forward over 64 tokens."""

    def __init__(self, spelled: str) -> None:
        super().__init__()
        self.embed, self.place = nn.Linear(16, 64), nn.Parameter(torch.zeros(64, 64))
        self.attend = nn.ModuleList(Attention(spelled) for _ in range(4))
        self.norms = nn.ModuleList(nn.LayerNorm(64) for _ in range(8))
        self.feed = nn.ModuleList(nn.Sequential(nn.Linear(64, 256), nn.GELU(), nn.Linear(256, 64)) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.add(self.embed(x), self.place)
        for at, (attend, feed) in enumerate(zip(self.attend, self.feed, strict=True)):
            x = x + attend(self.norms[2 * at](x))
            x = x.add(feed(self.norms[2 * at + 1](x)))
        return x.mean(1)


class OperatorTransformer(Transformer):
    def __init__(self) -> None:
        super().__init__("operator")


class TorchTransformer(Transformer):
    def __init__(self) -> None:
        super().__init__("torch")


class MethodTransformer(Transformer):
    def __init__(self) -> None:
        super().__init__("method")


class BmmTransformer(Transformer):
    def __init__(self) -> None:
        super().__init__("bmm")


class EinsumTransformer(Transformer):
    def __init__(self) -> None:
        super().__init__("einsum")


class FusedTransformer(Transformer):
    def __init__(self) -> None:
        super().__init__("fused")


class TorchEncoder(nn.Module):
    """torch's own encoder."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(64, 4, 128, activation=F.gelu, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.encoder(x)


class EncoderDecoder(nn.Module):
    """torch's own transformer, from a sequence to itself."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer = nn.Transformer(64, 4, 2, 2, 128, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.transformer(x, x)


class AttentionWithWeights(nn.Module):
    """torch's attention layer, asked for its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(64, 4, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y, weights = self.attend(x, x, x)
        return y + weights.mean(-1, keepdim=True)


def double(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions with batch norm and ReLU."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        layers += [nn.Conv2d(channels, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Four levels; grows again by transposed convolutions, or by resizing."""

    def __init__(self, resized: bool = False) -> None:
        super().__init__()
        widths = (16, 32, 64, 128)
        self.down = nn.ModuleList(double(i, o) for i, o in zip((3, *widths), widths, strict=False))
        self.pool = nn.MaxPool2d(2)
        self.grow = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(2 * w, w, 1)) if resized
            else nn.ConvTranspose2d(2 * w, w, 2, stride=2)
            for w in widths[-2::-1]
        )  # fmt: skip
        self.up = nn.ModuleList(double(2 * w, w) for w in widths[-2::-1])
        self.head = nn.Conv2d(widths[0], 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for at, block in enumerate(self.down):
            x = block(self.pool(x) if at else x)
            kept.append(x)
        for grow, block, skip in zip(self.grow, self.up, kept[-2::-1], strict=True):
            x = block(torch.cat((skip, grow(x)), 1))
        return self.head(x)


class ResizingUNet(UNet):
    def __init__(self) -> None:
        super().__init__(resized=True)


class UNet3d(nn.Module):
    """Two levels of 3-d convolutions with instance norm and leaky ReLU, as for medical volumes."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.InstanceNorm3d(8, affine=True), nn.LeakyReLU(0.01))
        self.down = nn.Sequential(nn.Conv3d(8, 16, 3, 2, 1), nn.InstanceNorm3d(16), nn.LeakyReLU(0.01))
        self.up, self.head = nn.ConvTranspose3d(16, 8, 2, 2), nn.Conv3d(16, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        return self.head(torch.cat((x, F.interpolate(self.up(self.down(x)), size=x.shape[2:], mode="nearest")), 1))


class Generator(nn.Module):
    """DCGAN's: transposed convolutions from a vector to a picture, one of them grouped."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(32, 128, 4), nn.BatchNorm2d(128), nn.ReLU(),
            nn.ConvTranspose2d(128, 64, 4, 2, 1, groups=4, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
            nn.ConvTranspose2d(64, 3, 4, 2, 1), nn.Tanh(),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x[:, :, None, None])


class Functional(nn.Module):
    """A convolutional network without modules: weights and functions only."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Parameter(torch.zeros(16, 3, 3, 3)), nn.Parameter(torch.zeros(32, 16, 3, 3))
        self.last = nn.Parameter(torch.zeros(10, 32))

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu6(F.conv2d(x, self.first, padding=1)), 2)
        x = F.interpolate(F.silu(F.conv2d(x, self.second, stride=2)), scale_factor=2)
        x = F.adaptive_avg_pool2d(torch.relu(x), 1).flatten(1)
        return torch.mm(x, self.last.t())


class Siamese(nn.Module):
    """One encoder at two places, run twice."""

    def __init__(self) -> None:
        super().__init__()
        encoder = nn.Sequential(nn.Conv2d(3, 8, 3, padding="same"), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten())
        self.left, self.right = nn.ModuleDict({"encoder": encoder}), nn.ModuleDict({"encoder": encoder})
        self.head = nn.Bilinear(128, 128, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.left["encoder"](x), self.right["encoder"](x.flip(-1)))


class WaveNet(nn.Module):
    """Dilated convolutions over a signal, with gates."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv1d(1, 32, 1)
        self.gates = nn.ModuleList(nn.Conv1d(32, 64, 3, padding=2**at, dilation=2**at) for at in range(6))
        self.mix = nn.ModuleList(nn.Conv1d(32, 32, 1) for _ in range(6))
        self.head = nn.Sequential(nn.PReLU(), nn.AvgPool1d(4), nn.Conv1d(32, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.enter(x)
        for gate, mix in zip(self.gates, self.mix, strict=True):
            one, other = gate(x).chunk(2, 1)
            x = x + mix(torch.tanh(one) * torch.sigmoid(other))
        return self.head(x)


class PointNet(nn.Module):
    """A shared perceptron over points, and their maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.points = nn.Sequential(
            nn.Conv1d(3, 64, 1), nn.BatchNorm1d(64), nn.ReLU(), nn.Conv1d(64, 256, 1), nn.BatchNorm1d(256)
        )
        self.head = nn.Sequential(nn.Linear(256, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 8), nn.Softmax(dim=-1))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.points(x).amax(-1))


class TextConvolutions(nn.Module):
    """Words embedded from their one-hot form, three convolutions side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(100, 32, bias=False)
        self.convs = nn.ModuleList(nn.Conv1d(32, 16, k) for k in (3, 4, 5))
        self.head = nn.Linear(48, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x).transpose(1, 2)
        return self.head(torch.cat([F.relu(conv(x)).max(-1).values for conv in self.convs], 1))


class MLPMixer(nn.Module):
    """A mixer whose products of tokens are `@` with a bare parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 48, 8, 8)
        self.tokens = nn.ParameterList(torch.zeros(64, 64) for _ in range(4))
        self.channels = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(48), nn.Linear(48, 96), nn.Hardswish(), nn.Linear(96, 48)) for _ in range(4)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        for tokens, channels in zip(self.tokens, self.channels, strict=True):
            x = x + tokens @ x
            x = x + channels(x)
        return x.mean(1)
