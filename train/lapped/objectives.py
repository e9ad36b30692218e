"""The cost of events: bits by a rate net, squared error, and the effect of each threshold."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from train.lapped.networks import FINE, Units

SILENCE = 1e-6  # energy of a crop
SHARPNESS = 2.0  # the surrogate's slope: its gradient reaches half a step around a threshold


def bits(size: Tensor, logits: tuple[Tensor, ...]) -> Tensor:
    """Bits of levels `size: (B, T, K)` from the logits of `Rate`; a sign costs one bit."""
    fires, second, more = logits
    some, two, above = size.clamp(max=1), (size - 1).clamp(0, 1), (size - 2).clamp(min=0)
    nats = F.softplus(fires) - some * fires
    nats = nats + some * F.softplus(second) - two * second
    nats = nats + two * F.softplus(more) - above * more + above * F.softplus(more)
    return nats / math.log(2) + some


def noise_share(wanted: Tensor, found: Tensor) -> Tensor:
    """Noise over signal of a whole batch, in dB; silence has no weight."""
    noise = (wanted - found).square().sum()
    return 10 * torch.log10((noise + SILENCE) / (wanted.square().sum() + SILENCE))


def firing_cost(
    units: Units,
    v: Tensor,
    thresholds: Tensor,
    points: Tensor,
    logits: tuple[Tensor, ...],
    price: float,
    wanted: Tensor,
) -> Tensor:
    """The cost of spikes near their thresholds, with a gradient for the thresholds only.

    The gradient is the surrogate's times the exact difference of cost between firing and not:
    squared error in steps plus `price` times the bits. A soft rate in its place does not train.

    `v: (B, T, K)` magnitudes in steps; `thresholds: (FINE + 1, B, T, K)`, see `reached`; `points:
    (FINE, K)`; `logits` of a rate net, without gradients; `wanted (B, T, K)`, the magnitudes that
    levels have to represent, which is `v` itself if nothing is added to them.
    """

    def cost(size: Tensor) -> Tensor:
        index = size.clamp(1, FINE).long() - 1
        value = size + points.expand(*v.shape[:2], *points.shape).gather(
            2, index.unsqueeze(2)
        ).squeeze(2)
        return (wanted - torch.where(size > 0, value, 0.0)) ** 2 + price * bits(size, logits)

    with torch.no_grad():
        fires = v > thresholds[0]
        first = cost(reached(v, thresholds)) - cost(torch.zeros_like(v))
        near = (v - thresholds[1] + 1).round().clamp(min=1)  # the nearest level above the first
        more = (cost(near + 1) - cost(near)) * fires
    place = thresholds.gather(0, near.clamp(max=FINE).long().unsqueeze(0)).squeeze(0)
    place = place + (near - FINE).clamp(min=0)
    return (
        units.fired((v - thresholds[0]) * SHARPNESS) * first
        + units.fired((v - place) * SHARPNESS) * more
    ).sum()


def reached(v: Tensor, thresholds: Tensor) -> Tensor:
    """How many levels of a bin fire if the first one does: at least one.

    `thresholds: (FINE + 1, B, T, K)` in steps; above the last one they are a step apart.
    """
    size = torch.ones_like(v)
    for level in range(1, FINE):
        size = size + (v > thresholds[level])
    return size + (v - thresholds[FINE] + 1).floor().clamp(min=0)


def count(v: Tensor, thresholds: Tensor) -> Tensor:
    """How many levels fire: magnitudes `v: (B, T, K)` in steps to `(B, T, K)`; see `reached`."""
    return reached(v, thresholds) * (v > thresholds[0])
