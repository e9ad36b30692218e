"""The price of events: SPARSE's hinge, MU_SPARSE's target, and the weight's three phases."""

import math

import torch
from torch import Tensor, nn

from train.config import CLIP_FRAMES, HOP, SAMPLE_RATE, Sparsity

MEMORY = 0.98  # decay of the running density per step
MU_OCTAVE = 4  # paper section 3: the target halves every four mu


def sparse_cost(counts: Tensor, units: int) -> Tensor:
    """`B_sparse` in kbit/s for clips with `counts: (B,)` events in 256 frames.

    The compressed-time cost `S log2 T + (N - 1) log2 S` (paper section 3) without its ceilings, so
    that it is differentiable in S; with 0 or 1 events only the indices cost.
    """
    pointers = (units - 1) * torch.log2(counts.clamp(min=1))
    return (counts * math.log2(CLIP_FRAMES) + pointers) * _kbps_per_bit()


def hinge(events: Tensor, budget_kbps: float) -> Tensor:
    """SPARSE: `max(0, B_sparse - B0)` over dense storage, mean of `events: (B, N, T)`."""
    units = events.shape[1]
    counts = events.mean((1, 2)) * units * CLIP_FRAMES
    dense = units * CLIP_FRAMES * _kbps_per_bit()
    return ((sparse_cost(counts, units) - budget_kbps).clamp(min=0) / dense).mean()


def target_density(mu: Tensor) -> Tensor:
    """`S0(mu) / (N T) = 2^(-mu/4)` (paper section 3): `(B,)` int64 to `(B,)` float32."""
    return 2.0 ** (-mu.float() / MU_OCTAVE)


def deviation(events: Tensor, mu: Tensor) -> Tensor:
    """MU_SPARSE: distance of S from S0(mu), mean of `events: (B, N, T)`: a scalar.

    The distance is between their logarithms, while the paper takes the plain difference. The
    minimum is the same, but a relative error of a tenth has the same weight at mu 8 as at mu 24,
    where there are 16 times fewer events.
    """
    smallest = 1 / events[0].numel()
    density = events.mean((1, 2)) + smallest
    return (torch.log(density) - torch.log(target_density(mu) + smallest)).abs().mean()


class Price(nn.Module):
    """The weight of sparsity during training: zero, growing, constant. Checkpoints hold its state.

    `density`: running density of the events; `held`: the weight once it no longer grows, or -1
    before that; `relief`: what it was divided by to recover from a collapse.
    """

    density: Tensor
    held: Tensor
    relief: Tensor

    def __init__(self, config: Sparsity) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("density", torch.tensor(0.5))
        self.register_buffer("held", torch.tensor(-1.0))
        self.register_buffer("relief", torch.tensor(1.0))

    def weight(self, step: int) -> float:
        """The weight at a step (paper: gamma)."""
        if self.held >= 0:
            return self.held.item() / self.relief.item()
        return self._grown(step) / self.relief.item()

    def follow(self, step: int, density: float) -> None:
        """Track a step's density, and keep the weight constant once the density is low enough."""
        self.density.lerp_(torch.tensor(density), 1 - MEMORY)
        grown = self._grown(step)
        if self.held < 0 and grown > 0 and self.density < self.config.density:
            self.held.fill_(grown)

    def settle(self, step: int) -> None:
        """Keep the weight at its value at this step, the last of the stage in which it grew."""
        if self.held < 0:
            self.held.fill_(self._grown(step))

    def relieve(self) -> None:
        """Halve the weight, after a collapse."""
        self.relief.mul_(2)

    def _grown(self, step: int) -> float:
        start, end = self.config.ramp_start, self.config.ramp_end
        share = (step - start) / max(1, end - start)
        return self.config.weight * min(1.0, max(0.0, share))


def _kbps_per_bit() -> float:
    return SAMPLE_RATE / HOP / CLIP_FRAMES / 1000
