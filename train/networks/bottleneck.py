"""The event bottleneck, `z = H(BN(L(enc(x))))` (paper section 2), trained on a chip's own grid."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import snntorch
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neuromorphic.integers.exact import ExactLayer
from neuromorphic.integers.layer import (
    BIAS_MAX,
    CURRENT_LIMIT,
    PAYLOAD_MAX,
    WEIGHT_MAX,
    IntegerLayer,
)
from neuromorphic.integers.network import INPUT
from train.networks.batch_norm import BatchNorm

NEVER = 5.0  # standard deviations at which a unit can be called dead or constant
SUM_MAX = 7500  # sum of a unit's |weights|: the portable NIR graph is exact below 2^20 / 127
PAYLOAD_SCALE = 32.0  # payload units a standard deviation: four of them fit


class Heaviside(torch.autograd.Function):
    """`H(l) = 1 if l > 0 else 0`; its pseudo-derivative is `max(0, 1 - |l|)` (paper section 2)."""

    @staticmethod
    def forward(ctx: Any, level: Tensor) -> Tensor:
        ctx.save_for_backward(level)
        return (level > 0).to(level.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (level,) = ctx.saved_tensors
        return gradients[0] * torch.clamp(1 - level.abs(), min=0)


def straight_through(exact: Tensor, rounded: Tensor) -> Tensor:
    """Return the value of `rounded`, with the gradient of `exact`."""
    return exact + (rounded - exact).detach()


def memoryless() -> snntorch.Leaky:
    """A neuron that fires where its input is positive, and keeps nothing."""
    return snntorch.Leaky(
        beta=0.0, threshold=0.0, spike_grad=Heaviside.apply, reset_mechanism="none"
    )


def payload_of(normal: Tensor) -> Tensor:
    """Payloads of a normalised latent, of any shape: float32, integers in -127..127."""
    scaled = PAYLOAD_SCALE * normal
    return straight_through(scaled, scaled.round()).clamp(-PAYLOAD_MAX, PAYLOAD_MAX)


class Bottleneck(nn.Module):
    """`latent: (B, M, T)` float32 to `events: (B, N, T)` of zeros and ones.

    With `on_grid` the forward pass is the chip's: the latent is normalised per channel and rounded
    to 8-bit payloads, and the weights are rounded to 8-bit integers with one scale per unit. Once
    batch norm keeps its statistics, its threshold is where `freeze` puts it, so that the events in
    training are those of the chip.
    """

    def __init__(self, latent: int, units: int, on_grid: bool) -> None:
        super().__init__()
        self.on_grid = on_grid
        self.latent_norm = BatchNorm(latent, affine=False, momentum=0.02)
        self.linear = nn.Linear(latent, units, bias=False)
        self.norm = BatchNorm(units, momentum=0.02)
        self.neuron = memoryless()

    def payload(self, latent: Tensor) -> Tensor:
        """The payloads of graded spikes: `(B, M, T)` float32, integers in -127..127."""
        return payload_of(self.latent_norm(latent))

    def integer_weight(self) -> Tensor:
        """The weights on the grid: `(N, M)` float32, integers in -127..127, one scale per unit."""
        weight = self.linear.weight
        size = weight.detach().abs()
        limit = torch.minimum(
            WEIGHT_MAX / size.amax(1, keepdim=True), SUM_MAX / size.sum(1, keepdim=True)
        )
        scaled = weight * limit
        return straight_through(scaled, scaled.round())

    def forward(self, latent: Tensor) -> Tensor:
        # Half precision would round the sums, but a chip computes them exactly.
        with torch.autocast(latent.device.type, enabled=False):
            return self._fired(latent.float())

    def _fired(self, latent: Tensor) -> Tensor:
        if not self.on_grid:
            return self._over(F.conv1d(latent, self.linear.weight.unsqueeze(2)))
        payload = self.payload(latent)
        events = self._over(F.conv1d(payload, self.integer_weight().unsqueeze(2)))
        if self.norm.training:
            return events
        return straight_through(events, network_events(payload.detach(), freeze(self).exact))

    def _over(self, current: Tensor) -> Tensor:
        level = self.norm(current)
        events: Tensor = self.neuron(level, torch.zeros_like(level))[0]
        return events


def freeze(bottleneck: Bottleneck) -> IntegerLayer:
    """The integer layer that a chip runs: batch norm becomes a threshold, folded in float64.

    A unit fires when `gamma (k x - mean) / sd + beta > 0`; for gamma > 0 that is
    `k x > mean - beta sd / gamma`, and a negative gamma flips the signs of the row. A threshold
    further than `NEVER` standard deviations from the mean is moved to that distance: the unit is
    dead (or constant) either way, and the bias of all others keeps its resolution.
    """
    norm = bottleneck.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    gamma, beta, mean, variance = (
        tensor.detach().cpu().double().numpy()
        for tensor in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    sign = np.where(gamma < 0, -1, 1)
    weight = sign[:, None] * bottleneck.integer_weight().detach().cpu().numpy().astype(np.int64)
    distance = np.clip(beta / gamma, -NEVER, NEVER)
    threshold = sign * (mean - distance * np.sqrt(variance + norm.eps))
    shift = _shift(weight, threshold)
    # The nearest threshold on the grid; at shift 0 this is floor(threshold) + 1, which is exact.
    bias = -np.floor(threshold / 2**shift + 0.5 + 0.5 / 2**shift).astype(np.int64)
    return IntegerLayer(weight.astype(np.int32), bias.astype(np.int32), shift)


def _shift(weight: npt.NDArray[np.int64], threshold: npt.NDArray[np.float64]) -> int:
    """The smallest shift at which thresholds fit the bias and no payload can wrap the current."""
    largest_sum = np.abs(weight).sum(1).max() * PAYLOAD_MAX
    needed = max(np.abs(threshold).max() / (BIAS_MAX - 1), largest_sum / (CURRENT_LIMIT - 1))
    return max(0, math.ceil(math.log2(needed)))


def network_events(payload: Tensor, layers: Sequence[ExactLayer]) -> Tensor:
    """What a chip makes of `payload: (B, M, T)`, in torch: events `(B, N, T)`, both float32.

    The sums stay below 2^24, so they are exact in float32.
    """
    spikes: list[Tensor] = []
    for layer in layers:
        given = [payload if arm.source == INPUT else spikes[arm.source] for arm in layer.arms]
        weight, offset = (
            torch.tensor(values, dtype=torch.float32, device=payload.device)
            for values in (np.hstack([layer.weights(arm) for arm in layer.arms]), layer.offset)
        )
        heard = given[0] if len(given) == 1 else torch.cat(given, 1)
        spikes.append((F.conv1d(heard, weight.unsqueeze(2), offset) > 0).float())
    return spikes[-1]
