"""The lapped codec as torch modules, and their integers for a chip."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from runtime.lapped import chip
from runtime.lapped.transform import basis, frames
from train.lapped.config import Lapped
from train.lapped.diffusion import Diffusing, Envelope, Velocity
from train.lapped.networks import FINE, Mover, NoiseLevels, Rate, Refiner, Units, places, regions

FLOOR = 0.2  # the least scale of a bin, which leaves its threshold some bits on the chip


class Model(Diffusing):
    """All trained parts, and `scale (bins,)`, each bin's step relative to the chunk's."""

    def __init__(self, config: Lapped) -> None:
        super().__init__()
        region = regions(config.bins, config.hop, config.sample_rate)
        place = places(config.bins)
        self.config, self.noise_price = config, config.noise_price
        self.scale: Tensor
        self.register_buffer("scale", torch.ones(config.bins))
        self.units = Units(region)
        self.mover = Mover(config.mover_width, place)
        self.rate = Rate(config.rate_width, place)
        self.refiner = Refiner(region, config.refiner_width, place, config.refiner_layers)
        self.noise = NoiseLevels(config.noise_width)
        self.envelope = Envelope(config.envelope_width)
        self.velocity = Velocity(config.velocity_width, config.envelope_width)

    def chip(self) -> chip.Units:
        """The integer units: thresholds rounded to the chip's grid."""
        level = torch.arange(FINE + 1)[:, None] + chip.OFFSET
        wanted = chip.GRID * self.scale * self.thresholds(self.config.bins) / level
        theta = wanted.detach().round().clamp(1, chip.THETA_MAX)
        return chip.Units(theta.numpy().astype(np.int32), self.config.hop)

    def thresholds(self, bins: int) -> Tensor:
        """The thresholds of the levels in steps of their bin, `(FINE + 1, bins)`; see `reached`."""
        last = torch.full_like(self.units.offsets[:1], chip.OFFSET)
        offsets = torch.cat([self.units.offsets, last])
        return torch.arange(FINE + 1)[:, None] + offsets[:, self.units.region[:bins]]


@dataclass(frozen=True, eq=False)
class Crop:
    """A crop in the basis: `sound (n,)`, `coefficients (T, bins)`, and a chip's view of them.

    `step` is drawn at random; `size (T, bins)` are the accumulators' magnitudes in steps.
    """

    sound: npt.NDArray[np.float32]
    coefficients: Tensor
    accumulator: npt.NDArray[np.int32]
    exponent: npt.NDArray[np.int32]
    step: float

    def levels(self, units: chip.Units) -> Tensor:
        """Signed levels `(1, T, bins)` that the chip's units fire."""
        q = chip.levels(self.accumulator, self.exponent, self.step, units)
        return torch.from_numpy(q.astype(np.float32))[None]

    def sizes(self, scale: Tensor, hop: int) -> Tensor:
        """Magnitudes `(1, T, bins)` in steps of each bin."""
        unit = np.ldexp(chip.lsb(hop) / self.step, self.exponent).astype(np.float32)
        sizes = np.abs(self.accumulator).astype(np.float32) * unit[:, None]
        return torch.from_numpy(sizes)[None] / scale


def crop(sound: npt.NDArray[np.float32], octave: float, units: chip.Units) -> Crop:
    """A crop whose step is `2 ** octave` times the level of its coefficients."""
    cut = frames(sound, units.hop)
    payload, exponent = chip.payloads(cut)
    coefficients = cut @ basis(units.bins, units.hop).T
    level = np.sqrt(2 * np.sum(coefficients**2) / max(len(sound), 1))
    return Crop(
        sound,
        torch.from_numpy(coefficients),
        chip.accumulated(payload, units),
        exponent,
        float(max(level, 1e-4) * 2**octave),
    )


def used(q: Tensor, margin: int = 16, most: int = 768) -> int:
    """How many bins are used: up to the highest that fires, and some more."""
    fired = torch.nonzero(q.abs().sum((0, 1)))
    top = int(fired.max()) + 1 if len(fired) else 0
    return min(-(-(top + margin) // 32) * 32, most)


def turned(values: Tensor) -> Tensor:
    """Values `(B, T, K)` times (-1)^(k t), which undoes itself."""
    _, count, bins = values.shape
    odd = torch.arange(count)[:, None] * torch.arange(bins) % 2
    return values * (1 - 2 * odd)
