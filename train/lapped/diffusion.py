"""The networks of the lapped codec's diffusion: an envelope, and a velocity in units of it.

They work in short frames (`runtime.lapped.short`), on patches of bins, with a finite window in time
and frequency.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from runtime.lapped.short import FEATURES, PATCH, PATCHES
from train.lapped.networks import start_at

MOST = 3.0  # nepers by which the envelope can differ from the levels of the noise


class Block(nn.Module):
    """A depth-wise convolution over `(frames, patches)`, two dense layers, and what came in."""

    def __init__(self, width: int, frames: int) -> None:
        super().__init__()
        size = (frames, 5)
        self.wide = nn.Conv2d(width, width, size, padding=(frames // 2, 2), groups=width)
        self.up = nn.Conv2d(width, 2 * width, 1)
        self.down = nn.Conv2d(2 * width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.down(F.relu(self.up(self.wide(x))))
        return x + added


class Envelope(nn.Module):
    """What the residual looks like, from `features: (B, FEATURES, T, PATCHES)`.

    The log amplitudes by bin and frame, `(B, T, BINS)`, relative to the levels of the noise, and a
    context `(B, width, T, PATCHES)` for the velocity.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.place = nn.Parameter(0.1 * torch.randn(1, width, 1, PATCHES))
        self.enter = nn.Conv2d(FEATURES, width, 1)
        self.blocks = nn.Sequential(*(Block(width, 5) for _ in range(4)))
        self.out = nn.Conv2d(width, PATCH, 1)
        start_at(self.out, 0.0)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        context = self.blocks(self.enter(features) + self.place)
        return joined(MOST * torch.tanh(self.out(context) / MOST)), context


class Velocity(nn.Module):
    """The velocity `(B, T, BINS)` at a noisy `sample: (B, T, BINS)`, in units of the envelope.

    `sigma: (1,)` is the noise level and `stride: (1,)` how far the sampler goes in one step, both
    in 0..1. At the start it is exactly what turns white noise into white noise: a step by an angle
    d from a sample x with the velocity `-tan(d / 2) x` keeps the variance of x.
    """

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(2 * PATCH, width, 1)
        self.hear = nn.Conv2d(context, width, 1)
        self.time = nn.Linear(3, width)
        self.blocks = nn.Sequential(*(Block(width, 3) for _ in range(2)))
        self.out = nn.Conv2d(width, 2 * PATCH, 1)
        start_at(self.out, 0.0)

    def forward(self, sample: Tensor, sigma: Tensor, stride: Tensor, context: Tensor) -> Tensor:
        x, turn, half = patches(sample), sigma * (math.pi / 2), stride * (math.pi / 4)
        when = self.time(torch.cat([torch.cos(turn), torch.sin(turn), torch.tan(half)]))
        h = self.enter(torch.cat([x, x.abs()], 1)) + self.hear(context) + when[:, None, None]
        gain, added = self.out(self.blocks(h)).chunk(2, 1)
        return joined((gain - torch.tan(half)) * x + added)


class Diffusing(nn.Module):
    """A model with an envelope and a velocity, which pays `noise_price` for a dB of SI-SNR."""

    envelope: Envelope
    velocity: Velocity
    noise_price: float


def patches(values: Tensor) -> Tensor:
    """Values `(B, T, BINS)` as `(B, PATCH, T, PATCHES)`."""
    return values.unflatten(2, (PATCHES, PATCH)).permute(0, 3, 1, 2)


def joined(values: Tensor) -> Tensor:
    """The inverse of `patches`."""
    return values.permute(0, 2, 3, 1).flatten(2)
