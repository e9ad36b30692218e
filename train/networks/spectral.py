"""A trunk at the frame rate: Fourier frames in, residual blocks over frames, Fourier frames out.

SEANet spends most of its time at the full rate; here, from the first layer on, a hop of samples is
one column. A frame depends on only a few frames on each side, so chunks reproduce the whole.
"""

from functools import reduce
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from runtime.decoders.colour import gains
from train.config import HOP, SAMPLE_RATE, Spectral
from train.objectives.distances import mel_filters

BANDS_FROM = 1500.0  # Hz: above this the encoder also takes mel bands
SILENCE = 1e-4  # power of a bin below which its amplitude is left alone
SPREAD = 2  # inner channels of a block per outer channel
SCALE = 0.3  # initial scale of a block's output


class Fourier(nn.Module):
    """Real frames to complex spectra (real parts, then imaginary) and back, power preserved."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window

    def forward(self, frames: Tensor) -> Tensor:
        """`(B, T, W)` to `(B, T, 2, W / 2 + 1)`, both float32."""
        spectrum = torch.fft.rfft(frames, norm="ortho")
        return torch.stack([spectrum.real, spectrum.imag], 2)

    def inverse(self, spectrum: Tensor) -> Tensor:
        """`(B, T, 2, W / 2 + 1)` to `(B, T, W)`, both float32."""
        complex_ones = torch.complex(spectrum[:, :, 0], spectrum[:, :, 1])
        return torch.fft.irfft(complex_ones, self.window, norm="ortho")


class Block(nn.Module):
    """A depthwise convolution over time, then two layers over channels: `(B, T, C)` kept.

    torch trains it 16 times as fast as a sum of shifted products; `convolved` is for ONNX Runtime,
    which is faster with one operator.
    """

    def __init__(self, channels: int, kernel: int, dilation: int) -> None:
        super().__init__()
        self.dilation, self.convolved = dilation, False
        limit = kernel**-0.5
        self.taps = nn.Parameter(torch.empty(kernel, channels).uniform_(-limit, limit))
        self.bias = nn.Parameter(torch.empty(channels).uniform_(-limit, limit))
        self.norm = nn.LayerNorm(channels)
        self.up = nn.Linear(channels, SPREAD * channels)
        self.down = nn.Linear(SPREAD * channels, channels)
        self.scale = nn.Parameter(torch.full((channels,), SCALE))

    def forward(self, signal: Tensor) -> Tensor:
        inner: Tensor = self.down(F.silu(self.up(self.norm(self._over_time(signal)))))
        return signal + self.scale * inner

    def _over_time(self, signal: Tensor) -> Tensor:
        frames, margin = signal.shape[1], self.dilation * (len(self.taps) // 2)
        if self.convolved:
            weight, groups = self.taps.T.unsqueeze(1), len(self.bias)
            columns = signal.transpose(1, 2)
            whole = F.conv1d(columns, weight, self.bias, 1, margin, self.dilation, groups)
            return whole.transpose(1, 2)
        padded = F.pad(signal, (0, 0, margin, margin))
        total = self.bias.expand_as(signal)
        for tap, weight in enumerate(self.taps):
            start = tap * self.dilation
            total = torch.addcmul(total, padded[:, start : start + frames], weight)
        return total


class Encoder(nn.Module):
    """`audio: (B, 1, T * hop)` to `latent: (B, latent, T)`, both float32.

    It takes the complex bins below `top`, with amplitudes to the power of a half, and the logarithm
    of mel bands above 1.5 kHz.
    """

    mel: Tensor
    taper: Tensor

    def __init__(self, config: Spectral, latent: int) -> None:
        super().__init__()
        self.bins = _bins(config)
        self.fourier: Any = Fourier(config.window)
        mel = torch.from_numpy(mel_filters(config.window, config.above, BANDS_FROM))
        self.register_buffer("mel", mel.T.contiguous(), persistent=False)
        self.register_buffer("taper", torch.hann_window(config.window), persistent=False)
        self.first = nn.Linear(2 * self.bins + config.above, config.channels)
        self.blocks = _blocks(config)
        self.norm = nn.LayerNorm(config.channels)
        self.last = nn.Linear(config.channels, latent)

    def forward(self, audio: Tensor) -> Tensor:
        with torch.no_grad(), torch.autocast(audio.device.type, enabled=False):
            features = self._features(audio.float())
        latent: Tensor = self.last(self.norm(self.blocks(self.first(features))))
        return latent.transpose(1, 2)

    def _features(self, audio: Tensor) -> Tensor:
        spectrum = self.fourier(framed(audio, len(self.taper)) * self.taper)
        power = spectrum.square().sum(2)
        low = spectrum[:, :, :, : self.bins]
        raised = 2 * low * (power[:, :, None, : self.bins] + SILENCE).pow(-0.25)
        bands = torch.log(power.sqrt() @ self.mel + 1e-3)
        return torch.cat([raised.transpose(2, 3).flatten(2), 0.3 * bands + 1], 2)


class Decoder(nn.Module):
    """`code: (B, inputs, T)` to `audio: (B, 1, T * hop)`, both float32.

    It makes each complex bin below `top` with weights of its own, and those above by a map of rank
    `above`; `spectrum` is the usual level of the bins.
    """

    level: Tensor
    taper: Tensor

    def __init__(self, config: Spectral, inputs: int) -> None:
        super().__init__()
        low, bins = _bins(config), config.window // 2 + 1
        self.fourier: Any = Fourier(config.window)
        level = torch.from_numpy(gains(config.spectrum, config.window, SAMPLE_RATE))
        self.register_buffer("level", level.clone(), persistent=False)
        # The squares of overlapping Hann windows add up to 3/8 of their number.
        taper = torch.hann_window(config.window) / (3 / 8 * config.window / HOP)
        self.register_buffer("taper", taper, persistent=False)
        self.first = nn.Linear(inputs, config.channels)
        self.blocks = _blocks(config)
        self.norm = nn.LayerNorm(config.channels)
        self.low = nn.Linear(config.channels, 2 * low)
        self.above = nn.Sequential(
            nn.Linear(config.channels, config.above), nn.Linear(config.above, 2 * (bins - low))
        )

    def forward(self, code: Tensor) -> Tensor:
        heard = self.norm(self.blocks(self.first(code.transpose(1, 2))))
        made = torch.cat([self.low(heard), self.above(heard)], 2).float()
        with torch.autocast(code.device.type, enabled=False):
            spectrum = made.unflatten(2, (-1, 2)).transpose(2, 3) * self.level
            frames = self.fourier.inverse(spectrum)
            return overlapped(frames * self.taper)


def framed(audio: Tensor, window: int) -> Tensor:
    """`audio: (B, 1, T * hop)` to frames `(B, T, window)`, each centred on its hop."""
    margin, parts = (window - HOP) // 2, window // HOP
    hops = F.pad(audio, (margin, margin)).unflatten(2, (-1, HOP)).squeeze(1)
    frames = hops.shape[1] - parts + 1
    return torch.cat([hops[:, part : part + frames] for part in range(parts)], 2)


def overlapped(frames: Tensor) -> Tensor:
    """The sum `(B, 1, T * hop)` of frames `(B, T, window)`, each centred on its hop."""
    parts = frames.unflatten(2, (-1, HOP)).unbind(2)
    rows = [F.pad(hop, (0, 0, late, len(parts) - 1 - late)) for late, hop in enumerate(parts)]
    margin = (frames.shape[2] - HOP) // 2
    signal = reduce(torch.add, rows).flatten(1).unsqueeze(1)
    return signal[:, :, margin : signal.shape[2] - margin]


def reach(config: Spectral) -> int:
    """The number of frames on each side that a frame can depend on."""
    return config.kernel // 2 * sum(config.dilations) + -(-(config.window - HOP) // (2 * HOP))


def _bins(config: Spectral) -> int:
    return round(config.top * config.window / SAMPLE_RATE)


def _blocks(config: Spectral) -> nn.Sequential:
    return nn.Sequential(*(Block(config.channels, config.kernel, d) for d in config.dilations))
