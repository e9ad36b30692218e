"""The loss of each training stage, for one crop."""

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from runtime.lapped import noise as bands
from runtime.lapped.corrections import corrections
from runtime.lapped.transform import basis
from train.lapped.model import Crop, Model, turned, used
from train.lapped.objectives import SILENCE, bits, count, firing_cost, noise_share
from train.objectives.losses import mel_distance

RATE_WEIGHT = 1 / 3000
FIRING_WEIGHT = 1 / 100


def units_loss(model: Model, crop: Crop, step: int) -> Tensor:
    """Bits and squared error: of the thresholds in even steps, of the host's moves in odd ones."""
    q = crop.levels(model.chip())
    bins = used(q, 64, 1024)
    v = crop.sizes(model.scale, model.config.hop)[..., :bins]
    thresholds = model.thresholds(bins)[:, None, None].expand(-1, *v.shape)
    size = q[..., :bins].abs()
    if step % 2:
        thresholds = moved(model, v)
        size = count(v, thresholds)
    logits = model.rate(size.detach())
    points = model.refiner.points.detach()[:, model.refiner.region[:bins]]
    fixed = tuple(logit.detach() for logit in logits)
    firing = firing_cost(model.units, v, thresholds, points, fixed, model.config.price, v)
    return RATE_WEIGHT * bits(size.detach(), logits).sum() + FIRING_WEIGHT * firing


def moved(model: Model, v: Tensor) -> Tensor:
    """The thresholds `(FINE + 1, 1, T, K)` that a host chooses for magnitudes `v (1, T, K)`."""
    first, above = model.mover(v).unbind(1)
    thresholds = model.thresholds(v.shape[-1]).detach()[:, None, None]
    return thresholds + torch.stack([first, above, above, above])


@torch.no_grad()
def moved_levels(model: Model, crop: Crop) -> Tensor:
    """Signed levels `(1, T, bins)` with thresholds moved by the host."""
    q = crop.levels(model.chip())
    bins = used(q, 16, q.shape[-1])
    v = crop.sizes(model.scale, model.config.hop)[..., :bins]
    size = count(v, moved(model, v))
    return F.pad(size * crop.coefficients[:, :bins].sign(), (0, q.shape[-1] - bins))


def refiner_loss(model: Model, crop: Crop, step: int) -> Tensor:
    """Noise over signal of the decoded sound, in dB, with the thresholds of chip or host."""
    q = crop.levels(model.chip())
    bins = used(q)
    q = q[..., :bins]
    if step % 2:
        q = moved_levels(model, crop)[..., :bins]
    scale = model.scale[:bins] * crop.step
    wanted = turned(crop.coefficients[None, :, :bins])
    return noise_share(wanted, model.refiner(turned(q)) * scale)


def joint_loss(model: Model, crop: Crop, step: int) -> Tensor:
    """All parts end to end: thresholds or their moves, reconstruction, and refiner.

    A threshold is judged by the refined events: what the refiner adds at a bin is subtracted from
    the value that firing there has to represent.
    """
    q = crop.levels(model.chip())
    bins = used(q, 32)
    v = crop.sizes(model.scale, model.config.hop)[..., :bins]
    sign = crop.coefficients[None, :, :bins].sign()
    thresholds = model.thresholds(bins)[:, None, None].expand(-1, *v.shape)
    size = q[..., :bins].abs()
    if step % 2:
        thresholds = moved(model, v)
        size = count(v, thresholds).detach()
    fired = turned(size * sign)
    values = model.refiner(fired)
    added = turned(values - model.refiner.points_of(fired)).detach()
    logits = model.rate(size)
    points = model.refiner.points.detach()[:, model.refiner.region[:bins]]
    fixed = tuple(logit.detach() for logit in logits)
    price, left = model.config.price, v - sign * added
    firing = firing_cost(model.units, v, thresholds, points, fixed, price, left)
    wanted = turned(crop.coefficients[None, :, :bins])
    heard = noise_share(wanted, values * model.scale[:bins] * crop.step)
    return RATE_WEIGHT * bits(size, logits).sum() + FIRING_WEIGHT * firing + heard


def noise_loss(model: Model, crop: Crop, step: int) -> Tensor:
    """Mel distance of the decoded sound, plus the price of the SI-SNR lost to the noise."""
    with torch.no_grad():
        decoded, features = heard(model, crop, crop.levels(model.chip()))
    hidden = noise_of(model.noise(features), len(crop.sound), model.config.sample_rate)
    return hidden_loss(torch.from_numpy(crop.sound)[None], decoded, hidden, model.noise_price)


def hidden_loss(sound: Tensor, decoded: Tensor, hidden: Tensor, price: float) -> Tensor:
    """The loss of noise `hidden (1, n)` in what is `decoded (1, n)` of a `sound (1, n)`."""
    missed = (sound - decoded).square().sum() + SILENCE
    lost = 10 * torch.log10(1 + hidden.square().sum() / missed)
    return mel_distance(sound[:, None], (decoded + hidden)[:, None]) + price * lost


@torch.no_grad()
def corrections_of(model: Model, crop: Crop) -> npt.NDArray[np.int32]:
    """The corrections `(blocks, bands)` of the noise of a crop."""
    decoded, features = heard(model, crop, crop.levels(model.chip()))
    parts = len(crop.sound) // bands.HOP + 1
    levels = model.noise(features)[0, :parts]
    return corrections(crop.sound, decoded[0].numpy(), levels.numpy(), model.config.sample_rate)


def heard(model: Model, crop: Crop, q: Tensor) -> tuple[Tensor, Tensor]:
    """The sound `(1, n)` of levels `q` without noise, and the features `(1, T, F)` of these."""
    config = model.config
    bins = used(q, 16, config.bins)
    values = turned(model.refiner(turned(q[..., :bins])))[0] * model.scale[:bins] * crop.step
    halves = (values @ torch.from_numpy(basis(config.bins, config.hop)[:bins])).unflatten(
        1, (2, config.hop)
    )
    sound = (halves[:-1, 1] + halves[1:, 0]).flatten()[None, : len(crop.sound)]
    plain = model.refiner.points_of(q)[0] * model.scale * crop.step
    steps = np.full(len(plain), crop.step, np.float32)
    return sound, torch.from_numpy(
        bands.features(plain.numpy(), steps, config.hop, config.sample_rate)
    )[None]


def noise_of(levels: Tensor, samples: int, rate: int) -> Tensor:
    """Noise `(1, samples)` of log amplitudes `(1, PARTS T, BANDS)`; see `runtime.lapped.noise`."""
    below, share = (torch.from_numpy(one) for one in bands.between(rate))
    centres = torch.exp(levels.clamp(-14, 2))
    amplitude = centres[..., below] * (1 - share) + centres[..., below + 1] * share
    drawn = torch.view_as_complex(torch.randn(*amplitude.shape, 2)) * amplitude
    parts = torch.fft.irfft(drawn) * torch.from_numpy(bands.window())
    halves = parts.unflatten(2, (2, bands.HOP))
    joined = F.pad(halves[:, :, 0], (0, 0, 0, 1)) + F.pad(halves[:, :, 1], (0, 0, 1, 0))
    return joined.flatten(1)[:, bands.HOP : bands.HOP + samples]  # the first part begins before it
