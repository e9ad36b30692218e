"""The multi-scale STFT discriminator of EnCodec (Defossez et al. 2022, section 3.4).

The layers are those of EnCodec's released code, which has one convolution more than the paper
describes: the 3 x 3 one before the logits.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from train.networks.layers import channels_last

KERNEL = (3, 9)  # frames, bins
DILATIONS = (1, 2, 4)  # in time, one a layer; each of these layers halves the bins
SLOPE = 0.2

Opinions = list[tuple[Tensor, list[Tensor]]]  # per scale: logits, and feature maps in order


class Discriminator(nn.Module):
    """`audio: (B, 1, n)` float32 to `Opinions`, one for each window length.

    Logits are `(B, 1, frames, bins)`, positive for "real"; feature maps are
    `(B, filters, frames, bins)`. `n` must be at least the largest window.
    """

    def __init__(self, windows: Sequence[int], filters: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(Scale(window, filters) for window in windows)
        channels_last(self)

    def forward(self, audio: Tensor) -> Opinions:
        return [scale(audio) for scale in self.scales]


class Scale(nn.Module):
    """A discriminator of the complex STFT of one window length, with a hop of a quarter of it."""

    window: Tensor

    def __init__(self, window: int, filters: int) -> None:
        super().__init__()
        # Unit energy makes the STFT's level independent of the window's length.
        hann = torch.hann_window(window)
        self.register_buffer("window", hann / hann.norm(), persistent=False)
        self.layers = nn.ModuleList(
            [
                _convolution(2, filters, KERNEL),
                *(_convolution(filters, filters, KERNEL, 2, dilation) for dilation in DILATIONS),
                _convolution(filters, filters, (3, 3)),
            ]
        )
        self.last = _convolution(filters, 1, (3, 3))

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        signal = self.spectrum(audio)
        features = []
        for layer in self.layers:
            signal = nn.functional.leaky_relu(layer(signal), SLOPE)
            features.append(signal)
        return self.last(signal), features

    def spectrum(self, audio: Tensor) -> Tensor:
        """Real and imaginary part as channels: `(B, 1, n)` to `(B, 2, frames, bins)`."""
        size = len(self.window)
        clips = audio.squeeze(1).float()
        bins = torch.stft(
            clips, size, size // 4, window=self.window, center=False, return_complex=True
        )
        return torch.view_as_real(bins).permute(0, 3, 2, 1)


def _convolution(
    inputs: int, outputs: int, kernel: tuple[int, int], stride: int = 1, dilation: int = 1
) -> nn.Module:
    padding = (dilation * (kernel[0] // 2), kernel[1] // 2)
    return weight_norm(
        nn.Conv2d(inputs, outputs, kernel, (1, stride), padding, dilation=(dilation, 1))
    )
