"""Evaluate a model in training on fixed validation clips, without noise or variation."""

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from runtime.costs import paper_bits
from runtime.decoders.noise import frame_noise
from runtime.decoders.samplers import DDIM, sampled
from runtime.metrics import si_snr
from train.collapse import Health
from train.config import CLIP_FRAMES, HOP, SAMPLE_RATE, Config, FewSchedule
from train.networks.model import Coded, Model
from train.objectives.losses import diffuse, mel_distance, noise_ratio
from train.objectives.sparsity import target_density
from train.stages import Stage

LEVELS = (0.2, 0.5, 0.8, 1.0)  # noise levels at which the U-Net is evaluated
SAMPLER_STEPS = 8
IDLE = 0.002  # share of frames below which a unit is dead, above one minus which always on


@torch.no_grad()
def evaluate(model: Model, clips: Tensor, stage: Stage, config: Config) -> dict[str, float]:
    """Figures of `clips: (B, 1, n)` float32: SNRs in dB, mel distance, events, their cost, mu."""
    mu = validation_mu(config, len(clips)).to(clips.device)
    coded = model.code(clips, mu)
    figures = _events(coded, mu, config)
    if "waveform" in stage.modules or stage.few:
        decoded = _sampled(model, coded.heard, stage) if stage.few else model.waveform(coded.heard)
        figures["valid_snr_db"] = -noise_ratio(clips, decoded).mean().item()
        figures["valid_mel"] = mel_distance(clips, decoded).item()
        figures |= _scale_invariant(clips, decoded)
    if stage.diffuses:
        figures["valid_velocity"] = _velocity_error(model, clips, coded.heard)
    return figures


def validation_mu(config: Config, batch: int) -> Tensor:
    """Values of mu spread evenly over the trained range: `(B,)` int64."""
    low, high = config.sparsity.mu
    return torch.linspace(low, high, batch).round().long()


def health(figures: dict[str, float]) -> Health | None:
    """The input of the collapse detector; None if the model has no events."""
    if "valid_density" not in figures:
        return None
    named = ("valid_density", "valid_dead", "valid_always_on")
    density, dead, always_on = (figures[name] for name in named)
    return Health(density, dead, always_on, figures.get("valid_snr_db", 0.0))


def kbps(density: float, units: int) -> float:
    """The paper's cost in kbit/s for a clip of 256 frames with this density of events."""
    bits = paper_bits(units, CLIP_FRAMES, round(density * units * CLIP_FRAMES))
    return bits * SAMPLE_RATE / HOP / CLIP_FRAMES / 1000


def activity(events: Tensor) -> dict[str, float]:
    """Density and paper cost of `events: (B, N, T)`, if there are any units."""
    if not events.shape[1]:
        return {}
    density = events.mean().item()
    return {"density": density, "kbps": kbps(density, events.shape[1])}


@torch.no_grad()
def sound_of(model: Model, clip: Tensor, mu: Tensor, stage: Stage) -> npt.NDArray[np.float32]:
    """A clip `(1, 1, n)` as decoded by the stage's decoder: `(n,)` float32."""
    coded = model.code(clip, mu)
    unet = "unet" in stage.modules
    decoded = _sampled(model, coded.heard, stage) if unet else model.waveform(coded.heard)
    return decoded[0, 0].cpu().numpy()


def _sampled(model: Model, heard: Tensor, stage: Stage) -> Tensor:
    """The sound `(B, 1, n)` by DDIM from fixed noise; in stage `few`, with its most steps."""
    schedule = stage.schedule
    steps = max(schedule.sampler_steps) if isinstance(schedule, FewSchedule) else SAMPLER_STEPS
    sound, base = model.begun(heard)
    noise = frame_noise(0, 0, heard.shape[2], HOP)
    device = heard.device

    def velocity(sample: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
        level = torch.full((len(heard),), sigma, device=device)
        now = torch.from_numpy(sample).to(device)
        return model.unet(now, level, heard, base).float().cpu().numpy()

    begun = np.broadcast_to(noise, (len(heard), 1, noise.size)).copy()
    made = torch.from_numpy(sampled(DDIM(steps), velocity, begun)).to(device)
    return model.restored(made, sound)


def _scale_invariant(clips: Tensor, decoded: Tensor) -> dict[str, float]:
    """The mean SI-SNR of the clips for which it exists: not for a silent clip or a silent copy."""
    pairs = zip(clips[:, 0].cpu().numpy(), decoded[:, 0].cpu().numpy(), strict=True)
    ratios = [ratio for pair in pairs if math.isfinite(ratio := si_snr(*pair))]
    return {"valid_si_snr_db": sum(ratios) / len(ratios)} if ratios else {}


def _events(coded: Coded, mu: Tensor, config: Config) -> dict[str, float]:
    if not coded.events.shape[1]:
        return {}
    activity = coded.events.mean((0, 2))
    density = coded.events.mean().item()
    figures = {
        "valid_density": density,
        "valid_kbps": kbps(density, config.code.units),
        "valid_dead": (activity < IDLE).float().mean().item(),
        "valid_always_on": (activity > 1 - IDLE).float().mean().item(),
    }
    if config.code.has_mu:
        ratio = coded.events.mean((1, 2)) / target_density(mu)
        figures["valid_mu_error"] = (ratio - 1).abs().mean().item()
    return figures


def _velocity_error(model: Model, clips: Tensor, heard: Tensor) -> float:
    base, target = model.residual(clips, heard)
    noise = torch.randn(clips.shape, generator=torch.Generator().manual_seed(0)).to(clips.device)
    errors = []
    for level in LEVELS:
        sigma = torch.full((len(clips),), level, device=clips.device)
        sample, velocity = diffuse(target, noise, sigma)
        errors.append((model.unet(sample, sigma, heard, base) - velocity).square().mean())
    return torch.stack(errors).mean().item()
