"""The whole auto-encoder of every kind: the encoder, the bottleneck, and the decoders.

    audio ─encoder─▶ (+ mu) ─before─▶ latent ─bottleneck─▶ events ─after─▶ heard ─waveform─▶ audio
                                                                             └────unet────▶ audio

FREE has neither `before` nor `after`: its decoders take the events. SPARSE and MU_SPARSE have
conformers there, and MU_SPARSE also an embedding of mu on both sides. Where groups of units inhibit
each other, there is neither, and the decoders take the latent that the events represent. RVQ
quantises instead of firing; MEL takes a mel spectrum and has no code.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from runtime.decoders.colour import gains
from train.config import HOP, SAMPLE_RATE, Config
from train.networks.bottleneck import Bottleneck
from train.networks.context import Context
from train.networks.inhibition import Inhibition
from train.networks.layers import channels_last
from train.networks.mel import BANDS, SIDE_BY_SIDE, MelSpectrum, MelUNet
from train.networks.price import Price
from train.networks.rvq import ResidualQuantiser
from train.networks.trunks import decoder_of, encoder_of
from train.networks.unet import UNet
from train.objectives.sparsity import target_density

LEVEL_FLOOR = 1e-3


class Coded(NamedTuple):
    """`heard: (B, C, T)`, which the decoders take; `events: (B, N, T)`; `commitment`: scalar.

    The last is the code's own loss, for RVQ and for groups that inhibit each other. For kinds
    without events, N is 0.
    """

    heard: Tensor
    events: Tensor
    commitment: Tensor


class Model(nn.Module):
    """The networks of a preset, under the names that checkpoints use."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        code, self.kind = config.code, config.code.kind
        self.residual_gain, self.spectrum = config.unet.residual_gain, config.unet.spectrum
        events = code.units if code.groups == 1 else code.latent
        heard = {"FREE": events, "MEL": SIDE_BY_SIDE * BANDS}.get(self.kind, code.latent)
        mel = self.kind == "MEL"
        self.encoder = MelSpectrum() if mel else encoder_of(config.encoder, code.latent)
        self.bottleneck = _bottleneck(config)
        self.waveform = decoder_of(config.waveform, heard)
        self.unet = MelUNet(config.unet) if mel else UNet(config.unet, heard)
        self.before: Context | None = None
        self.after: Context | None = None
        if code.has_context:
            self.before = Context(code.latent, code.latent, config.conformer, code.has_mu)
            self.after = Context(code.units, code.latent, config.conformer, code.has_mu)
        channels_last(self)

    def code(self, audio: Tensor, mu: Tensor) -> Coded:
        """`audio: (B, 1, T * hop)` float32 at rates `mu: (B,)` int64 (MU_SPARSE only)."""
        latent = self.latent(audio, mu)
        nothing = latent.new_zeros(())
        if isinstance(self.bottleneck, ResidualQuantiser):
            quantised = self.bottleneck(latent)
            return Coded(quantised.latent, latent[:, :0], quantised.commitment)
        if self.kind == "MEL":
            return Coded(latent, latent[:, :0], nothing)
        if isinstance(self.bottleneck, Inhibition):
            return Coded(*self.bottleneck(latent, mu))
        events = self.bottleneck(latent)
        return Coded(self.hear(events, mu), events, nothing)

    def latent(self, audio: Tensor, mu: Tensor) -> Tensor:
        """The input of the bottleneck: `(B, M, T)` float32."""
        latent: Tensor = self.encoder(audio)
        return latent if self.before is None else self.before(latent, mu)

    def hear(self, events: Tensor, mu: Tensor) -> Tensor:
        """`events: (B, N, T)` to the input of the decoders: `(B, C, T)` float32."""
        if isinstance(self.bottleneck, Inhibition):
            return self.bottleneck.hear(events, mu)
        return events if self.after is None else self.after(events, mu)

    def residual(self, audio: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
        """The U-Net's input and target: `base` and `target`, `(B, 1, n)` each.

        If it works on the residual, they are the waveform decoder's sound at unit level, and what
        that sound misses at about unit level, both whitened; otherwise silence and the audio.
        """
        sound, base = self.begun(heard)
        if not self.unet.on_residual:
            return base, audio
        return base, self._whitened((audio - sound) / (self.residual_gain * _level(sound)))

    def begun(self, heard: Tensor) -> tuple[Tensor, Tensor]:
        """The sound that the U-Net improves, and that sound as its input: `(B, 1, n)` each.

        It is the waveform decoder's sound, or silence if the U-Net makes the sound itself.
        """
        if not self.unet.on_residual:
            silence = heard.new_zeros(len(heard), 1, heard.shape[2] * HOP)
            return silence, silence
        sound = self.waveform(heard).float()  # Fourier transforms need float32
        return sound, self._whitened(sound / _level(sound))

    def restored(self, made: Tensor, sound: Tensor) -> Tensor:
        """The audio `(B, 1, n)` from what the U-Net `made` for a sound: inverts `residual`."""
        if not self.unet.on_residual:
            return made
        coloured = torch.fft.irfft(torch.fft.rfft(made) * self._colour(made), made.shape[-1])
        restored: Tensor = sound + self.residual_gain * _level(sound) * coloured
        return restored

    def _whitened(self, signal: Tensor) -> Tensor:
        return torch.fft.irfft(torch.fft.rfft(signal) / self._colour(signal), signal.shape[-1])

    def _colour(self, signal: Tensor) -> Tensor:
        colour = gains(self.spectrum, signal.shape[-1], SAMPLE_RATE)
        return torch.from_numpy(colour).to(signal.device)


def _level(sound: Tensor) -> Tensor:
    return sound.square().mean((1, 2), keepdim=True).sqrt().clamp(min=LEVEL_FLOOR)


def _bottleneck(config: Config) -> nn.Module:
    code = config.code
    if code.kind == "MEL":
        return nn.Identity()
    if code.kind == "RVQ":
        return ResidualQuantiser(code.latent, config.rvq)
    if code.groups > 1:
        price = _price(config) if code.is_sparse else None
        return Inhibition(code.latent, code.units, code.groups, code.sweeps, price)
    return Bottleneck(code.latent, code.units, code.on_grid)


def _price(config: Config) -> Price:
    """The price of events that is steered to a density, or for each mu to its own."""
    if not config.code.has_mu:
        return Price(torch.tensor([config.sparsity.density]))
    low, high = config.sparsity.mu
    wanted = target_density(torch.arange(low, high + 1))
    return Price(wanted.clamp(max=0.5), low)  # without a price, half of the units fire
