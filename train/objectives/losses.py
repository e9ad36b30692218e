"""Objectives: signal-to-noise ratio and mel distance of a waveform, and the v-diffusion loss."""

import functools
import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from train.objectives.distances import FLOOR, MEL_BANDS, mel_filters

WINDOWS = tuple(MEL_BANDS)


def noise_ratio(audio: Tensor, decoded: Tensor) -> Tensor:
    """Noise over signal of each clip, in dB: two `(B, 1, n)` to `(B,)`; lower is better.

    The floor of -70 dB full scale avoids a division by zero for silence.
    """
    floor = 1e-7
    noise = (audio - decoded).square().mean((1, 2)) + floor
    return 10 * torch.log10(noise / (audio.square().mean((1, 2)) + floor))


def mel_distance(audio: Tensor, decoded: Tensor, windows: Sequence[int] = WINDOWS) -> Tensor:
    """Mean absolute difference of log mel magnitudes over `windows`, in nepers: a scalar."""
    pairs = torch.cat([audio, decoded]).squeeze(1)
    distance = pairs.new_zeros(())
    for window in windows:
        spectrum = torch.stft(
            pairs, window, window // 4, window=_hann(window).to(pairs), return_complex=True
        ).abs()
        filters = torch.from_numpy(mel_filters(window, MEL_BANDS[window])).to(pairs)
        logarithm = torch.log(filters @ spectrum + float(FLOOR))
        original, copy = logarithm.chunk(2)
        distance = distance + F.l1_loss(original, copy) / len(windows)
    return distance


@functools.cache
def _hann(window: int) -> Tensor:
    return torch.hann_window(window)


def diffuse(sound: Tensor, noise: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """Add noise to a sound, to the level `sigma: (B,)` in 0..1; also return the velocity.

    `x = alpha sound + beta noise`, `v = alpha noise - beta sound` with the angle `sigma pi / 2`
    (Salimans and Ho 2022, appendix D; Schneider et al. 2023, section 3).
    """
    angle = sigma.view(-1, 1, 1) * (math.pi / 2)
    alpha, beta = torch.cos(angle), torch.sin(angle)
    return alpha * sound + beta * noise, alpha * noise - beta * sound


def undiffuse(sample: Tensor, velocity: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
    """The sound and the noise in a noisy `sample`, given its velocity: the inverse of `diffuse`.

    Both rotate a pair by the same angle, in opposite directions.
    """
    return diffuse(sample, velocity, -sigma)
