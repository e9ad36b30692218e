"""The whole auto-encoder: encoder, bottleneck, waveform decoder and diffusion decoder."""

import torch
from torch import Tensor, nn

from runtime.colour import gains
from train.config import SAMPLE_RATE, Config
from train.networks.bottleneck import Bottleneck
from train.networks.layers import channels_last
from train.networks.seanet import Decoder, Encoder
from train.networks.unet import UNet

LEVEL_FLOOR = 1e-3


class Model(nn.Module):
    """The networks of a preset, by the names that checkpoints use."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self.encoder = Encoder(config.encoder, config.code.latent)
        self.bottleneck = Bottleneck(config.code.latent, config.code.units, config.code.on_grid)
        self.waveform = Decoder(config.waveform, config.code.units)
        self.unet = UNet(config.unet, config.code.units)
        channels_last(self)

    def events(self, audio: Tensor) -> Tensor:
        """`audio: (B, 1, T * hop)` to `events: (B, N, T)`, zeros and ones, both float32."""
        events: Tensor = self.bottleneck(self.encoder(audio))
        return events

    def residual(self, audio: Tensor, events: Tensor) -> tuple[Tensor, Tensor]:
        """What the U-Net is given and what it makes: `base` and `target`, `(B, 1, n)` each.

        On the residual they are the waveform decoder's sound at unit level, and what that sound
        misses, at about unit level, both whitened; otherwise nothing and the audio.
        """
        if not self.unet.on_residual:
            return torch.zeros_like(audio), audio
        sound = self.waveform(events)
        level = sound.square().mean((1, 2), keepdim=True).sqrt().clamp(min=LEVEL_FLOOR)
        missed = (audio - sound) / (self.unet.residual_gain * level)
        return self._whitened(sound / level), self._whitened(missed)

    def _whitened(self, signal: Tensor) -> Tensor:
        size = signal.shape[-1]
        factor = torch.from_numpy(gains(self.unet.spectrum, size, SAMPLE_RATE))
        return torch.fft.irfft(torch.fft.rfft(signal) / factor, size)
