"""The MEL baseline: a log mel spectrogram in place of a code, and a U-Net conditioned on it.

Like audio-diffusion-pytorch's vocoder with its defaults: 80 bands, windows of 1024, hop 256, HTK
scale, logarithm of magnitudes above 1e-5, and a transposed convolution that lifts the spectrogram
to one more channel of the sample.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.config import HOP
from train.config import UNet as UNetConfig
from train.networks.unet import UNet
from train.objectives.distances import mel_filters

BANDS, WINDOW, MEL_HOP = 80, 1024, 256
SIDE_BY_SIDE = HOP // MEL_HOP  # mel frames in a frame of the code
FLOOR = 1e-5


class MelSpectrum(nn.Module):
    """`audio: (B, 1, T * 512)` to `(B, 160, T)` float32: two mel frames side by side."""

    filters: Tensor
    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = torch.from_numpy(mel_filters(WINDOW, BANDS)).clone()
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)

    def forward(self, audio: Tensor) -> Tensor:
        with torch.autocast(audio.device.type, enabled=False):
            return self._spectrum(audio.float())

    def _spectrum(self, audio: Tensor) -> Tensor:
        margin = (WINDOW - MEL_HOP) // 2
        padded = F.pad(audio, (margin, margin), mode="reflect").squeeze(1)
        spectrum = torch.stft(
            padded, WINDOW, MEL_HOP, window=self.window, center=False, return_complex=True
        ).abs()
        mel = torch.log((self.filters @ spectrum).clamp(min=FLOOR))
        return mel.unflatten(2, (-1, SIDE_BY_SIDE)).transpose(2, 3).transpose(1, 2).flatten(1, 2)


class MelUNet(nn.Module):
    """One denoising step given a mel spectrum: a `UNet` with `(B, 160, T)` in place of the code."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.lift = nn.ConvTranspose1d(
            BANDS, 1, WINDOW, MEL_HOP, (WINDOW - MEL_HOP) // 2, bias=False
        )
        self.inner = UNet(config, code=0, extra=1)
        self.on_residual = config.on_residual

    def forward(self, sample: Tensor, sigma: Tensor, mel: Tensor, base: Tensor) -> Tensor:
        frames = mel.unflatten(1, (SIDE_BY_SIDE, BANDS)).permute(0, 2, 3, 1).flatten(2)
        lifted = torch.cat([sample, self.lift(frames)], dim=1)
        velocity: Tensor = self.inner(lifted, sigma, mel, base)
        return velocity
