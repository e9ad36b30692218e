"""The learned parts around the lapped transform: thresholds, refiner, and noise levels.

Signed levels `q: (B, T, K)` hold how many levels of a bin fire in a frame, times the sign.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from runtime.lapped.chip import OFFSET
from runtime.lapped.noise import BANDS, FEATURES, PARTS
from train.networks.bottleneck import memoryless

FINE = 3  # levels with thresholds of their own; above them they are uniform
REGIONS = 12  # of the spectrum, with thresholds and reconstruction points of their own
FIRST_HZ = 60.0


def regions(bins: int, hop: int, rate: int) -> Tensor:
    """The region `(bins,)` of each bin: 1.6 an octave from 60 Hz on."""
    hertz = (torch.arange(bins) + 0.5) * (rate / 2 / hop)
    return (1.6 * torch.log2(hertz / FIRST_HZ)).round().clamp(0, REGIONS - 1).long()


def places(bins: int) -> Tensor:
    """The position of each bin, `(bins,)`, on a scale of octaves, about 0 to 1."""
    return torch.log2(1 + torch.arange(bins) / 16) / 6


def start_at(layer: nn.Conv1d | nn.Conv2d, value: float) -> None:
    """Initialise a layer so that its output is one value, whatever its input."""
    layer.weight = nn.Parameter(torch.zeros_like(layer.weight))
    layer.bias = nn.Parameter(torch.full((layer.out_channels,), value))


class Units(nn.Module):
    """Units `(bin, sign, level)` of snnTorch neurons, which fire exactly as on a chip.

    `offsets: (FINE, REGIONS)`: how far the threshold of a level lies above its index, in steps.
    """

    def __init__(self, region: Tensor) -> None:
        super().__init__()
        self.region: Tensor
        self.register_buffer("region", region)
        first = torch.tensor([0.72] + [OFFSET] * (FINE - 1))
        self.offsets = nn.Parameter(first[:, None].repeat(1, REGIONS))
        self.neuron = memoryless()

    def fired(self, distance: Tensor) -> Tensor:
        """The spikes of neurons whose membranes are `distance` above their thresholds."""
        spikes: Tensor = self.neuron(distance, torch.zeros_like(distance))[0]
        return spikes


class Mover(nn.Module):
    """How a host may move the thresholds: `v: (B, T, K)` magnitudes in steps to `(B, 2, T, K)`.

    It moves the offset of the first level, and that of all levels above.
    """

    def __init__(self, width: int, place: Tensor) -> None:
        super().__init__()
        self.place: Tensor
        self.register_buffer("place", place, persistent=False)
        self.wide = nn.Conv2d(4, width, (3, 7), padding=(1, 3))
        self.flat = nn.Conv2d(width, width, (1, 5), padding=(0, 2))
        self.out = nn.Conv2d(width, 2, 1)
        start_at(self.out, 0.0)

    def forward(self, v: Tensor) -> Tensor:
        place = self.place[: v.shape[-1]].expand_as(v)
        heard = torch.stack([v.clamp(max=1.5), torch.log2(1 + v), (v > 0.5).float(), place], 1)
        moved: Tensor = self.out(F.relu(self.flat(F.relu(self.wide(heard)))))
        return moved


class Rate(nn.Module):
    """Logits `3 x (B, T, K)` that a bin fires, reaches level 2, and each level above.

    Its input is what a decoder knows: earlier frames, and lower bins of the same frame.
    """

    def __init__(self, width: int, place: Tensor) -> None:
        super().__init__()
        self.place: Tensor
        self.register_buffer("place", place, persistent=False)
        self.past = nn.Conv2d(3, width, (3, 7))
        self.now = nn.Conv2d(3, width, (1, 8), bias=False)
        self.mixed = nn.Conv2d(width, width, 1)
        self.out = nn.Conv2d(width, 3, 1)
        self.out.bias = nn.Parameter(torch.tensor([-4.0, -1.0, 0.0]))

    def forward(self, size: Tensor) -> tuple[Tensor, ...]:
        place = self.place[: size.shape[-1]].expand_as(size)
        heard = torch.stack([size.clamp(max=2), torch.log2(1 + size), place], 1)
        before = self.past(F.pad(heard, (3, 3, 3, 0))[:, :, :-1])
        below = self.now(F.pad(heard, (8, 0, 0, 0))[..., :-1])
        return self.out(F.relu(self.mixed(F.relu(before + below)))).unbind(1)


class Refiner(nn.Module):
    """Values `(B, T, K)` in steps of turned levels `q: (B, T, K)`, refined by their neighbours.

    Levels are turned by (-1)^(k t), which makes a steady partial look alike in all bins. A level
    stands for a reconstruction point of its region; two convolutions over neighbours in time and
    frequency add a correction. `K` is even.
    """

    def __init__(self, region: Tensor, width: int, place: Tensor, layers: int = 2) -> None:
        super().__init__()
        self.region: Tensor
        self.place: Tensor
        self.register_buffer("region", region)
        self.register_buffer("place", place)
        self.points = nn.Parameter(torch.tensor([0.08, 0.04, 0.02])[:, None].repeat(1, REGIONS))
        sizes = [10] + [width] * layers
        self.hidden = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(sizes))
        self.out = nn.Conv2d(width + 4, 2, 1)
        start_at(self.out, 0.0)

    def points_of(self, q: Tensor) -> Tensor:
        """The reconstruction points `(B, T, K)` of levels, without the correction."""
        size = q.abs()
        points = self.points[:, self.region[: q.shape[-1]]]
        place = points[0] * (size == 1) + points[1] * (size == 2) + points[2] * (size > 2)
        return torch.sign(q) * (size + place)

    def forward(self, q: Tensor) -> Tensor:
        x = self.points_of(q)
        size = x.abs()
        place = self.place[: q.shape[-1]].expand_as(x)
        log = torch.log2(1 + size)
        heard = torch.stack(
            [torch.sign(x) * log, x.clamp(-1.5, 1.5), size.clamp(max=1.5), log, place], 1
        )
        batch, _, frames, bins = heard.shape
        # Bins go in pairs, since bins of the same parity share their phase.
        pairs = (
            heard.reshape(batch, 5, frames, bins // 2, 2)
            .permute(0, 1, 4, 2, 3)
            .reshape(batch, 10, frames, bins // 2)
        )
        h = pairs
        for layer in self.hidden:
            h = F.relu(layer(h))
        added = self.out(torch.cat([h, pairs[:, :4]], 1))
        # Nothing is added where no event is within reach, so that windows of any size agree.
        near = F.max_pool2d(
            pairs[:, 4:6].amax(1, keepdim=True), 2 * len(self.hidden) + 1, 1, len(self.hidden)
        )
        added = added * (near > 0)
        return x + added.permute(0, 2, 3, 1).reshape(batch, frames, bins)


class NoiseLevels(nn.Module):
    """Log amplitudes `(B, PARTS T, BANDS)` of noise from `features: (B, T, FEATURES)` of events."""

    def __init__(self, width: int) -> None:
        super().__init__()
        sizes = [FEATURES, width, width, width]
        self.hidden = nn.ModuleList(nn.Conv1d(a, b, 3, padding=1) for a, b in pairwise(sizes))
        self.out = nn.Conv1d(width, BANDS * PARTS, 1)
        start_at(self.out, -6.0)

    def forward(self, features: Tensor) -> Tensor:
        h = features.transpose(1, 2)
        for layer in self.hidden:
            h = F.relu(layer(h))
        levels = self.out(h)
        batch, _, frames = levels.shape
        return (
            levels.reshape(batch, PARTS, BANDS, frames)
            .permute(0, 3, 1, 2)
            .reshape(batch, frames * PARTS, BANDS)
        )
