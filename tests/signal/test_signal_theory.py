"""What is measured is what the papers derive. Tolerances come from the spread: four standard errors of the mean over the samples."""

import math
from statistics import fmean, stdev

import numpy as np
import pytest
import torch
from torch import Size, nn

from archscope.signal.propagation import Request, propagate
from archscope.signal.records import Place

WIDTH, BATCH, SAMPLES = 192, 64, 24


def seen(build, *shape: int, samples: int = SAMPLES, **request) -> list[Place]:
    request = Request(**{"by": "layer", "samples": samples, **request})
    [signal] = propagate(build(), Size(shape), request=request, redraw=build)
    return signal.places


def check(values: list[float], expected: float, slack: float = 0.0) -> None:
    """The mean is what is expected, to four standard errors."""
    error = stdev(values) / math.sqrt(len(values))
    assert abs(fmean(values) - expected) <= 4 * error + slack * abs(expected), (fmean(values), expected, error)
    assert error < 0.2 * abs(expected)  # otherwise the test says nothing


def chain(gain: float, depth: int, function=nn.ReLU):
    """Linear layers with weights of variance gain / width, each with an activation function; and ten classes."""

    def build() -> nn.Module:
        layers: list[nn.Module] = []
        for _ in range(depth):
            linear = nn.Linear(WIDTH, WIDTH, bias=False)
            nn.init.normal_(linear.weight, std=math.sqrt(gain / WIDTH))
            layers += [nn.Sequential(linear, function())]
        return nn.Sequential(*layers, nn.Linear(WIDTH, 10, bias=False))

    return build


def test_a_he_initialised_relu_chain_keeps_its_second_moment_at_every_depth():
    # He et al. 2015, eq. 10: with variance 2 / n, E[x²] after each ReLU is that of the input, 1.
    for place in seen(chain(2.0, 10), BATCH, WIDTH)[:-1]:
        check(place.of("second_moment"), 1.0)


def test_without_the_factor_2_it_halves_at_every_layer():
    for at, place in enumerate(seen(chain(1.0, 8), BATCH, WIDTH)[:-1], 1):
        check(place.of("second_moment"), 0.5**at)


@pytest.mark.parametrize("gain", [1.0, 2.0])
def test_the_gradient_mirrors_it(gain):
    # He et al. 2015, eq. 14: going back through a layer multiplies the mean square of the gradient by gain / 2.
    places = seen(chain(gain, 8), BATCH, WIDTH)[:-1]
    last = places[-1].of("gradient_norm")
    for back, place in enumerate(reversed(places)):
        ratios = [(here / end) ** 2 for here, end in zip(place.of("gradient_norm"), last, strict=True)]
        if back:
            check(ratios, (gain / 2) ** back, slack=2 * back / WIDTH)  # the derivation is for infinite width


def test_a_tanh_chain_under_xavier_decays_as_published():
    # Poole et al. 2016 (arXiv 1606.05340), eq. 3: q -> E[tanh²(sqrt(q) z)]; at unit gain it falls like 1 / 2l (Hayou et al. 2019).
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    build = chain(1.0, 10, nn.Tanh)
    places = seen(lambda: build(), BATCH, WIDTH, init="xavier")[:-1]  # square layers: 2 / (n + n)
    q = 1.0
    for place in places:
        q = float((weights * np.tanh(math.sqrt(q) * nodes) ** 2).sum() / math.sqrt(2 * math.pi))
        check(place.of("second_moment"), q, slack=2 / WIDTH)
    assert 0.05 < q < 0.1  # of 1.0 at the input: shrunk, by a power law and not exponentially


class Block(nn.Module):
    """x + scale W relu(norm(x)), W with variance 2 / n."""

    def __init__(self, normalised: bool, scale: float) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(WIDTH) if normalised else nn.Identity()
        self.linear = nn.Linear(WIDTH, WIDTH, bias=False)
        self.scale = scale
        nn.init.normal_(self.linear.weight, std=math.sqrt(2 / WIDTH))

    def forward(self, x):
        return x + self.scale * self.linear(torch.relu(self.norm(x)))


def blocks(normalised: bool, scale: float = 1.0, depth: int = 6) -> list[Place]:
    def build() -> nn.Module:
        return nn.Sequential(*(Block(normalised, scale) for _ in range(depth)), nn.Linear(WIDTH, 10))

    return [place for place in seen(build, BATCH, WIDTH) if place.of("branch_ratio")]


def test_residual_sums_without_normalisation_double_with_each_block():
    # De and Smith 2020 (arXiv 2002.10444), section 2.
    places = blocks(normalised=False)
    for at, place in enumerate(places, 1):
        check(place.of("second_moment"), 2.0**at)
    # Over the batch, the ReLU's mean is no variance: 2 Var[relu(z)] = 2 (1/2 - 1/2π).
    check(places[0].of("branch_ratio"), 1 - 1 / math.pi)


@pytest.mark.parametrize("scale", [1.0, 0.5, 0.1])
def test_with_batch_norm_on_the_branch_they_grow_by_the_square_of_the_scale(scale):
    # The same: 1 + l at scale 1; De and Smith's argument with the branch's variance s².
    for at, place in enumerate(blocks(normalised=True, scale=scale), 1):
        check(place.of("second_moment"), 1 + scale**2 * at, slack=1 / BATCH)


def test_convolutions_count_their_window_into_the_fan_in():
    def build() -> nn.Module:
        def layer(channels):
            return nn.Sequential(nn.Conv2d(channels, 48, 3, padding=1, padding_mode="circular", bias=False), nn.ReLU())

        return nn.Sequential(layer(3), *(layer(48) for _ in range(4)), nn.Flatten(), nn.Linear(48 * 64, 10))

    for place in seen(build, 4, 3, 8, 8, init="he")[:-1]:
        check(place.of("second_moment"), 1.0)


def test_the_effective_rank_of_known_covariances():
    from archscope.signal.statistics import rank

    x = torch.randn(256, 8, generator=torch.Generator().manual_seed(0))
    centred = x - x.mean(0)
    whitened = centred @ torch.linalg.inv(torch.linalg.cholesky(centred.T @ centred / 255)).T
    assert rank(whitened, 1)[0] == pytest.approx(8, abs=1e-4)  # eight equal directions
    assert rank(x[:, :1] * torch.ones(1, 8), 1)[0] == pytest.approx(1, abs=1e-4)  # one
    two = whitened[:, :2] * torch.tensor([1.0, 2.0])  # variances 1 and 4: 5² / (1 + 16)
    assert rank(two, 1)[0] == pytest.approx(25 / 17, abs=1e-4)


def test_dead_channels_are_those_that_are_nowhere_positive():
    from archscope.signal.statistics import dead_share

    x = torch.zeros(2, 4, 3, 3)
    x[1, 0, 2, 2] = 1.0
    assert dead_share(x, 1) == 0.75
    x[0, 0, 0, 0] = -1.0
    assert dead_share(x, 1) is None
