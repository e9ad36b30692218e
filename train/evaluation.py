"""How good a model in training is: fixed validation clips, without noise or variation."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from train.networks.model import Model
from train.objectives.losses import diffuse, mel_distance, noise_ratio


@torch.no_grad()
def evaluate(model: Model, clips: npt.NDArray[np.float32], stage: str) -> dict[str, float]:
    """Figures of `clips: (B, n) float32`: SNR in dB, mel distance, event density, idle units."""
    audio = torch.from_numpy(clips).unsqueeze(1)
    events = model.events(audio)
    activity = events.mean((0, 2))
    figures = {
        "valid_density": events.mean().item(),
        "valid_idle": float(((activity < 0.002) | (activity > 0.998)).sum()),
    }
    if stage == "codes":
        decoded = model.waveform(events)
        figures["valid_snr_db"] = -noise_ratio(audio, decoded).mean().item()
        figures["valid_mel"] = mel_distance(audio, decoded).item()
    else:
        figures["valid_velocity"] = _velocity_error(model, audio, events)
    return figures


def _velocity_error(model: Model, audio: Tensor, events: Tensor) -> float:
    base, target = model.residual(audio, events)
    noise = torch.randn(audio.shape, generator=torch.Generator().manual_seed(0))
    errors = []
    for level in (0.2, 0.5, 0.8, 1.0):
        sigma = torch.full((len(audio),), level)
        sample, velocity = diffuse(target, noise, sigma)
        errors.append((model.unet(sample, sigma, events, base) - velocity).square().mean())
    return torch.stack(errors).mean().item()
