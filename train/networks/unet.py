"""The v-diffusion U-Net of Mousai (Schneider et al. 2023), like audio-diffusion-pytorch's UNetV0.

A level is: downsample, items, the levels below, items, upsample, and a modulated skip around it.
An item is: residual block, modulation by the noise level and, at the level whose frame rate is the
code's, injection of the code. There is no attention, as in that package's auto-encoder example.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.config import HOP
from train.config import UNet as Config

GROUPS = 8
FREQUENCIES = 128  # random Fourier features of the noise level


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Conv2d:
    padding = (kernel - stride) // 2
    return nn.Conv2d(inputs, outputs, (1, kernel), (1, stride), (0, padding))


class Residual(nn.Module):
    """Two times group norm, SiLU, convolution, with an identity around: `(B, C, 1, T)` kept."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, channels) for _ in range(2))
        self.convolutions = nn.ModuleList(_convolution(channels, channels, 3) for _ in range(2))

    def forward(self, signal: Tensor) -> Tensor:
        inner = signal
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            inner = convolution(F.silu(norm(inner)))
        return signal + inner


class Modulation(nn.Module):
    """Channel norm, then scale and shift from the noise level's features."""

    def __init__(self, channels: int, features: int) -> None:
        super().__init__()
        self.linear = nn.Linear(features, 2 * channels)

    def forward(self, signal: Tensor, features: Tensor) -> Tensor:
        scale, shift = self.linear(F.silu(features))[:, :, None, None].chunk(2, dim=1)
        centred = signal - signal.mean(1, keepdim=True)
        norm = centred * torch.rsqrt(centred.square().mean(1, keepdim=True) + 1e-6)
        return norm * (1 + scale) + shift


class Item(nn.Module):
    """Residual block and modulation, and the code's injection when `code` channels are given."""

    def __init__(self, channels: int, features: int, code: int) -> None:
        super().__init__()
        self.residual = Residual(channels)
        self.modulation = Modulation(channels, features)
        self.inject = _convolution(channels + code, channels, 1) if code else None

    def forward(self, signal: Tensor, features: Tensor, code: Tensor) -> Tensor:
        signal = self.modulation(self.residual(signal), features)
        if self.inject is not None:
            signal = signal + self.inject(torch.cat([signal, code], dim=1))
        return signal


class Level(nn.Module):
    """One level of the U-Net, around the level below it if there is one."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        channels: int,
        factor: int,
        items: list[int],
        features: int,
        below: nn.Module | None,
    ) -> None:
        super().__init__()
        self.factor = factor
        self.down = _convolution(inputs, channels, factor, factor)
        self.before = nn.ModuleList(Item(channels, features, code) for code in items)
        self.below = below
        self.after = nn.ModuleList(Item(channels, features, code) for code in items)
        self.up = _convolution(channels, outputs, 3)
        self.skip = _convolution(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        self.gate = nn.Linear(features, outputs)

    def forward(self, signal: Tensor, features: Tensor, code: Tensor) -> Tensor:
        inner = self.down(signal)
        for item in self.before:
            inner = item(inner, features, code)
        if self.below is not None:
            inner = self.below(inner, features, code)
        for item in self.after:
            inner = item(inner, features, code)
        if self.factor > 1:
            inner = F.interpolate(inner, scale_factor=(1.0, float(self.factor)), mode="nearest")
        # Gates start around 1: around 0, nine levels deep, they would silence the code at first.
        gate = 1 + self.gate(F.silu(features))[:, :, None, None]
        joined: Tensor = self.skip(signal) + gate * self.up(inner)
        return joined


class NoiseLevel(nn.Module):
    """Features of the noise level: learned Fourier features, then one layer used twice."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.frequencies = nn.Parameter(torch.randn(FREQUENCIES))
        self.embed = nn.Linear(2 * FREQUENCIES + 1, features)
        self.mix = nn.Linear(features, features)  # used twice, as in that package

    def forward(self, sigma: Tensor) -> Tensor:
        angle = sigma[:, None] * self.frequencies * (2 * math.pi)
        waves = torch.cat([sigma[:, None], angle.sin(), angle.cos()], dim=1)
        features = F.gelu(self.embed(waves))
        for _ in range(2):
            features = F.gelu(self.mix(features))
        return features


class UNet(nn.Module):
    """One denoising step.

    `sample: (B, 1 + extra, n)`, `sigma: (B,)` in 0..1, `code: (B, code, n / 512)`,
    `base: (B, 1, n)` (used when diffusing the residual) to `velocity: (B, 1, n)`, all float32,
    n a multiple of the product of the factors.
    """

    def __init__(self, config: Config, code: int, extra: int = 0) -> None:
        super().__init__()
        self.on_residual = config.on_residual
        self.noise_level = NoiseLevel(config.features)
        rates = [math.prod(config.factors[: level + 1]) for level in range(len(config.factors))]
        below: nn.Module | None = None
        for level in reversed(range(len(config.channels))):
            outer = 1 if level == 0 else config.channels[level - 1]
            below = Level(
                inputs=1 + extra + config.on_residual if level == 0 else outer,
                outputs=outer,
                channels=config.channels[level],
                factor=config.factors[level],
                items=[code if rates[level] == HOP else 0] * config.items[level],
                features=config.features,
                below=below,
            )
        self.top = below

    def forward(self, sample: Tensor, sigma: Tensor, code: Tensor, base: Tensor) -> Tensor:
        signal = torch.cat([sample, base], dim=1) if self.on_residual else sample
        assert self.top is not None
        velocity: Tensor = self.top(signal.unsqueeze(2), self.noise_level(sigma), code.unsqueeze(2))
        return velocity.squeeze(2)
