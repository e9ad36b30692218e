"""SEANet encoder and decoder as EnCodec uses them (Defossez et al. 2022, section 3.1).

EnCodec's pattern: kernel 7, one residual block a ratio, ELU, weight norm; ratios 8 8 4 2 for a hop
of 512. Added to it: dilated residual blocks at the frame rate, where context is cheap.
"""

from typing import TypeVar

import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrize

from train.config import SeaNet
from train.networks.layers import Convolution, Recurrence, Residual, Transposed

Network = TypeVar("Network", bound=nn.Module)

KERNEL = 7  # of the first layer, and of the decoder's last layer


class Encoder(nn.Module):
    """`audio: (B, 1, T * hop)` to `latent: (B, latent, T)`, both float32."""

    def __init__(self, config: SeaNet, latent: int) -> None:
        super().__init__()
        channels = config.filters
        layers: list[nn.Module] = [Convolution(1, channels, KERNEL)]
        for ratio in reversed(config.ratios):
            layers += [
                Residual(channels),
                nn.ELU(),
                Convolution(channels, 2 * channels, 2 * ratio, ratio),
            ]
            channels *= 2
        layers += _frames(config, channels)
        layers += [nn.ELU(), Convolution(channels, latent, config.last_kernel)]
        self.layers = nn.Sequential(*layers)

    def forward(self, audio: Tensor) -> Tensor:
        latent: Tensor = self.layers(audio.unsqueeze(2))
        return latent.squeeze(2)


class Decoder(nn.Module):
    """`code: (B, inputs, T)` to `audio: (B, 1, T * hop)`, both float32."""

    def __init__(self, config: SeaNet, inputs: int) -> None:
        super().__init__()
        channels = config.filters * 2 ** len(config.ratios)
        layers: list[nn.Module] = [Convolution(inputs, channels, 7), *_frames(config, channels)]
        for ratio in config.ratios:
            layers += [
                nn.ELU(),
                Transposed(channels, channels // 2, ratio),
                Residual(channels // 2),
            ]
            channels //= 2
        layers += [nn.ELU(), Convolution(channels, 1, 7)]
        self.layers = nn.Sequential(*layers)

    def forward(self, code: Tensor) -> Tensor:
        audio: Tensor = self.layers(code.unsqueeze(2))
        return F.hardtanh(audio.squeeze(2), -2.0, 2.0)


def _frames(config: SeaNet, channels: int) -> list[nn.Module]:
    recurrence = [Recurrence(channels, config.lstm)] if config.lstm else []
    return [*recurrence, *(Residual(channels, dilation) for dilation in config.frame_dilations)]


def fold(module: Network) -> Network:
    """Fold a network's weight norms into plain weights, in place, for inference; returns it.

    Do not use it on a deep copy: torch keeps parametrised weights in the class, which copies share.
    """
    for part in module.modules():
        if parametrize.is_parametrized(part, "weight"):
            parametrize.remove_parametrizations(part, "weight")
    return module.eval()


def reach(config: SeaNet, last_kernel: int) -> float:
    """How many frames on each side an output can depend on, with this kernel in the last layer."""
    samples, step = 3.0, 1
    for ratio in reversed(config.ratios):
        samples += step * (1 + ratio)  # residual block of kernel 3, then kernel 2 x ratio
        step *= ratio
    return samples / step + sum(config.frame_dilations) + last_kernel // 2
