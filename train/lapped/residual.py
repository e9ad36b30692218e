"""What the waveform of a crop lacks, what diffusion is given about it, and its sound."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from runtime.decoders.samplers import levels as noise_levels
from runtime.lapped import noise as bands
from runtime.lapped import short
from runtime.lapped.cells import cells
from runtime.lapped.corrections import corrections
from runtime.lapped.transform import basis
from train.lapped.diffusion import Diffusing
from train.lapped.losses import heard, moved_levels
from train.lapped.model import Crop, Model, used
from train.lapped.objectives import SILENCE
from train.objectives.losses import diffuse, mel_distance, undiffuse

LIKELIHOOD = 0.02  # weight of the envelope's likelihood beside the mel distance
VELOCITY = 0.1  # and of the velocity's error
OUTLIER = 5.0  # of the residual, in units of its envelope: more counts as this much
SAMPLER_STEPS = (1, 2, 4, 8)
TAUGHT = 4  # of the last steps of a sampler that are trained


@dataclass(frozen=True, eq=False)
class Given:
    """A crop's `sound (1, n)`, its waveform `decoded`, and the `residual (1, T, BINS)` between.

    `levels (1, T, BINS)` are log amplitudes of the noise that would fill it, `features` the input
    of the envelope net. `cells`: what the events allow in long frames, if they tell.
    """

    sound: Tensor
    decoded: Tensor
    residual: Tensor
    levels: Tensor
    features: Tensor
    cells: "Cells | None"


@dataclass(frozen=True, eq=False)
class Cells:
    """The `least` and the `most (T, bins)` that a residual may add in long frames of a `hop`."""

    least: Tensor
    most: Tensor
    hop: int

    def moved(self, residual: Tensor) -> Tensor:
        """What brings a residual `(1, n)` into the cells, as sound `(1, n)`."""
        found = analysed(residual, self.least.shape[1], self.hop)
        held = torch.minimum(torch.maximum(found, self.least), self.most)
        return overlapped(held - found, self.hop)


@torch.no_grad()
def given(model: Model, crop: Crop, moved: bool) -> Given:
    """What diffusion is given of a crop, with the thresholds of chip or host."""
    config = model.config
    q = moved_levels(model, crop) if moved else crop.levels(model.chip())
    decoded, heard_bands = heard(model, crop, q)
    waveform = decoded[0].numpy()
    base, residual = (short.analysed(x) for x in (waveform, crop.sound - waveform))
    levels = model.noise(heard_bands)[0].numpy()
    rows = corrections(crop.sound, waveform, levels[: len(base)], config.sample_rate)
    blocks = np.minimum(np.arange(q.shape[1]) // bands.BLOCK, len(rows) - 1)
    levels = bands.corrected(levels, rows[blocks], config.sample_rate)
    filled = short.base_levels(levels[: len(base)], config.sample_rate)
    features = short.features(base, filled, np.full(len(base), crop.step, np.float32))
    bins = used(q, 16, config.bins)
    steps = np.full(q.shape[1], crop.step, np.float32)
    low, high = cells(q[0].numpy().astype(np.int32), steps, model.chip())
    values = analysed(decoded, bins, config.hop)[0]
    return Given(
        sound=torch.from_numpy(crop.sound)[None],
        decoded=decoded,
        residual=torch.from_numpy(residual)[None],
        levels=torch.from_numpy(filled)[None],
        features=torch.from_numpy(features)[None],
        cells=Cells(
            torch.from_numpy(low[:, :bins]) - values,
            torch.from_numpy(high[:, :bins]) - values,
            config.hop,
        ),
    )


def envelope_loss(model: Diffusing, known: Given) -> Tensor:
    """The mel distance of noise with the envelope, the price of it, and the likelihood."""
    levels, _ = model.envelope(known.features)
    levels = known.levels + levels
    sound = filled(known, torch.randn_like(levels), levels)
    return heard_loss(model, known, sound) + LIKELIHOOD * unlikely(known.residual, levels)


def diffusion_loss(model: Diffusing, known: Given, turn: int) -> Tensor:
    """The loss of the envelope with sampled values in place of noise, and that of the velocity.

    Each of `SAMPLER_STEPS` has its `turn`.
    """
    levels, context = model.envelope(known.features)
    levels = known.levels + levels
    count = SAMPLER_STEPS[turn % len(SAMPLER_STEPS)]
    noise = torch.randn_like(levels)
    sound = filled(known, sampled(model, context, noise, count), levels)
    target = (known.residual * torch.exp(-levels.detach())).clamp(-OUTLIER, OUTLIER)
    return (
        heard_loss(model, known, sound)
        + LIKELIHOOD * unlikely(known.residual, levels)
        + VELOCITY * velocity_error(model, context, target)
    )


def velocity_error(model: Diffusing, context: Tensor, target: Tensor) -> Tensor:
    """The squared error of the velocity at a random noise level, for steps of any length."""
    sigma = torch.rand(1)
    sample, velocity = diffuse(target, torch.randn_like(target), sigma)
    found = model.velocity(sample, sigma, torch.zeros(1), context)
    return (found - velocity).square().mean()


def sampled(model: Diffusing, context: Tensor, noise: Tensor, count: int) -> Tensor:
    """What `count` steps of DDIM make of `noise: (1, T, BINS)`; the last ones are trained."""
    sample, stride, path = noise, torch.full((1,), 1 / count), noise_levels(count)
    for index in range(count):
        sigma, following = (torch.full((1,), level) for level in path[index : index + 2])
        with torch.set_grad_enabled(index >= count - TAUGHT and torch.is_grad_enabled()):
            velocity = model.velocity(sample, sigma, stride, context)
            sample = diffuse(*undiffuse(sample, velocity, sigma), following)[0]
    return sample


def filled(known: Given, sample: Tensor, levels: Tensor) -> Tensor:
    """The sound `(1, n)` with a `sample` in units of its levels, held to the cells if there are."""
    residual = overlapped(sample * torch.exp(levels), short.HOP)
    sound = known.decoded + residual
    return sound if known.cells is None else sound + known.cells.moved(residual)


def heard_loss(model: Diffusing, known: Given, sound: Tensor) -> Tensor:
    """The mel distance, and the price of the SI-SNR that differs from the waveform's."""
    missed = (known.sound - known.decoded).square().sum() + SILENCE
    missed_now = (known.sound - sound).square().sum() + SILENCE
    lost = 10 * torch.log10(missed_now / missed)
    return mel_distance(known.sound[:, None], sound[:, None]) + model.noise_price * lost


def unlikely(residual: Tensor, levels: Tensor) -> Tensor:
    """The negative log likelihood of values with log amplitudes `levels`, without its constant.

    The distribution is Student's t with three degrees of freedom: residuals have outliers.
    """
    power = residual.square() + short.QUIET**2
    return (levels + 2 * torch.log1p(power * torch.exp(-2 * levels) / 3)).mean()


def analysed(sound: Tensor, bins: int, hop: int) -> Tensor:
    """The coefficients `(1, n / hop + 1, bins)` of a sound `(1, n)`."""
    cut = F.pad(sound, (hop, hop)).unfold(1, 2 * hop, hop)
    return cut @ torch.from_numpy(basis(hop, hop)[:bins]).T


def overlapped(coefficients: Tensor, hop: int) -> Tensor:
    """The sound `(1, (T - 1) hop)` of coefficients `(1, T, bins)`."""
    rows = torch.from_numpy(basis(hop, hop)[: coefficients.shape[-1]])
    halves = (coefficients @ rows).unflatten(2, (2, hop))
    return (halves[:, :-1, 1] + halves[:, 1:, 0]).flatten(1)
