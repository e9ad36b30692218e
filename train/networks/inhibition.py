"""Groups of units that inhibit each other: each sees the latent minus what the others represent.

Eighty units that decide independently represent the latent poorly. Here the units form groups.
First each group in turn sees the remainder of the latent after the groups before it. Then, in
sweeps over the groups, each unit takes the state that makes the remainder smaller, given all
others. The units of a group decide at the same time, so a frame takes `groups * (1 + sweeps)`
sub-steps. Each sub-step is one that a chip computes: 8-bit payloads and spikes of other units,
both times 8-bit weights, and an integer threshold. Training uses the same arithmetic.

A sparse code pays for its events: a unit fires where it shortens the remainder by more than the
price of an event, which raises its threshold. The price follows the density of the events. If it
depends on mu, it comes to the units as payloads, so that one network of a chip serves all rates.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neuromorphic.integers.exact import Arm, ExactLayer
from neuromorphic.integers.layer import BIAS_MAX, PAYLOAD_MAX, WEIGHT_MAX
from neuromorphic.integers.network import INPUT
from train.networks.batch_norm import BatchNorm
from train.networks.bottleneck import PAYLOAD_SCALE, Heaviside, payload_of, straight_through
from train.networks.price import CHANNELS, Price

SHIFT = 6  # of the payload's sums: the exponent of doubled weights is then -7, the least on Loihi
REACH = 0.95 * 2**20  # of a unit's sum: below 2^20 the portable NIR graph is exact
COMMITMENT = 0.25  # weight of the loss that keeps the encoder near what the code represents
PRICED = ("offset", "price.value", "price.wanted", "told.weight")  # of a code that pays for events


class Inhibited(NamedTuple):
    """`heard: (B, M, T)`, the latent that the events represent; `events: (B, N, T)`, 0 and 1;
    `remainder`: a loss, scalar."""

    heard: Tensor
    events: Tensor
    remainder: Tensor


class SubStep(NamedTuple):
    """What `units` of the code compute in one sub-step, in integers stored as float32.

    They fire if `weight @ payload + 2**SHIFT * (2**exponent * lateral @ events + bias)` is at
    least 0: `weight (G, M)`, `lateral (G, N)` on the current events, `bias (G,)`; `scale` `(G,)` is
    the contribution of 1 in the latent's remainder to these sums.
    """

    units: slice
    weight: Tensor
    lateral: Tensor
    exponent: int
    bias: Tensor
    scale: Tensor

    def level(self, payload: Tensor, events: Tensor) -> Tensor:
        """How far each unit is above its threshold for `payload (n, M)` and `events (n, N)`."""
        inhibition = 2**self.exponent * (events @ self.lateral.T) + self.bias
        return (payload @ self.weight.T + 2**SHIFT * inhibition + 0.5) / self.scale

    def layer(self, name: str, now: Mapping[int, int], size: int) -> ExactLayer:
        """The sub-step as a layer; group `g` of `size` units was last decided by layer `now[g]`."""
        weight, lateral, bias = (
            tensor.detach().cpu().numpy().astype(np.int64)
            for tensor in (self.weight, self.lateral, self.bias)
        )
        arms = [Arm(INPUT, weight, -SHIFT)]
        for group, source in sorted(now.items()):
            part = lateral[:, group * size : (group + 1) * size]
            if part.any():
                arms.append(Arm(source, part, self.exponent))
        return ExactLayer(name, tuple(arms), bias)


class Inhibition(nn.Module):
    """`latent: (B, M, T)` float32 to events of `units` units in `groups`, refined in `sweeps`.

    With a `price`, an event must lower the sum of squares in a frame by `price * M / N`.
    """

    ready: Tensor

    def __init__(
        self, latent: int, units: int, groups: int, sweeps: int, price: Price | None = None
    ) -> None:
        super().__init__()
        self.groups, self.sweeps, self.size = groups, sweeps, units // groups
        self.latent_norm = BatchNorm(latent, affine=False, momentum=0.02)
        self.read = nn.Parameter(torch.zeros(units, latent))
        self.bias = nn.Parameter(torch.zeros(units))
        self.take = nn.Parameter(torch.zeros(units, latent))
        self.register_buffer("ready", torch.zeros((), dtype=torch.bool))
        self.price = price
        self.offset = None if price is None else nn.Parameter(torch.zeros(latent))
        self.told: nn.Embedding | None = None
        if price is not None and price.varies:  # what the decoders hear of mu besides the events
            self.told = nn.Embedding(len(price.value), latent)
            nn.init.zeros_(self.told.weight)

    @property
    def hears_price(self) -> bool:
        """Whether the price comes to the units as payloads, since it depends on mu."""
        return self.price is not None and self.price.varies

    def payload(self, latent: Tensor, mu: Tensor | None = None) -> Tensor:
        """The payloads of graded spikes: `(B, M, T)` float32, integers in -127..127.

        If the price depends on `mu: (B,)`, `CHANNELS` channels more tell it.
        """
        payload = payload_of(self.latent_norm(latent))
        if self.price is None or mu is None or not self.hears_price:
            return payload
        price = self.price.payloads()[mu].unsqueeze(2).expand(-1, -1, payload.shape[2])
        return torch.cat([payload, price], 1)

    def hear(self, events: Tensor, mu: Tensor | None = None) -> Tensor:
        """What decoders take of events `(B, N, T)` at `mu: (B,)`: `(B, M, T)` float32."""
        heard = self._represented(events.transpose(1, 2)).transpose(1, 2)
        if self.told is None or self.price is None or mu is None:
            return heard
        return heard + self.told(self.price.row(mu)).unsqueeze(2)

    def forward(self, latent: Tensor, mu: Tensor | None = None) -> Inhibited:
        if mu is None:
            mu = torch.zeros(len(latent), dtype=torch.int64, device=latent.device)
        # Half precision would round the sums, but a chip computes them exactly.
        with torch.autocast(latent.device.type, enabled=False):
            return self._coded(latent.float(), mu)

    def _coded(self, latent: Tensor, mu: Tensor) -> Inhibited:
        batch, channels, time = latent.shape
        payload = self.payload(latent, mu).transpose(1, 2).flatten(0, 1)
        said = payload[:, :channels] / PAYLOAD_SCALE
        if self.training and not self.ready:
            self._begin(said.detach())
        first = self._first(payload.detach())
        left = (said.detach() - self._represented(first)).square().mean()
        settled = self._settled(payload.detach(), first.detach())
        represented = self._represented(settled)
        rest = (said.detach() - represented).square().mean()
        commitment = F.mse_loss(said, represented.detach())
        first, events = (e.unflatten(0, (batch, time)).transpose(1, 2) for e in (first, settled))
        # The gradient of the latent is that of what the events represent.
        through = (said - said.detach()).unflatten(0, (batch, time)).transpose(1, 2)
        return Inhibited(
            self.hear(events, mu) + through,
            events,
            0.5 * (left + rest) + COMMITMENT * commitment + self._paid(first, events, mu),
        )

    def _represented(self, events: Tensor) -> Tensor:
        """The latent `(..., M)` that `events (..., N)` stand for."""
        latent = (2 * events - 1) @ self.take
        return latent if self.offset is None else latent + self.offset

    def _paid(self, first: Tensor, events: Tensor, mu: Tensor) -> Tensor:
        """The price of the first events `(B, N, T)`, a loss; training lets it follow the last."""
        if self.price is None:
            return first.new_zeros(())
        paid = (self.price.of(mu) * first.mean((1, 2))).mean()
        if self.training:
            self.price.steer(events.mean((1, 2)), mu)
        return paid

    def _first(self, payload: Tensor) -> Tensor:
        """The events `(n, N)` of the first pass, with a gradient through each decision."""
        events = payload.new_zeros(len(payload), len(self.take))
        for step in self.first_pass():
            fired = Heaviside.apply(step.level(payload, events))
            events = torch.cat(
                [events[:, : step.units.start], fired, events[:, step.units.stop :]], 1
            )
        return events

    @torch.no_grad()
    def _settled(self, payload: Tensor, events: Tensor) -> Tensor:
        events = events.clone()
        steps = self.sweep()
        for _ in range(self.sweeps):
            for step in steps:
                events[:, step.units] = (step.level(payload, events) > 0).float()
        return events

    def first_pass(self) -> list[SubStep]:
        """The sub-steps in which each group sees what the groups before it left of the latent."""
        made = []
        for units in self._slices():
            explained = self.read[units] @ self.take[: units.start].T
            inhibition = F.pad(-explained, (0, len(self.take) - units.start))
            bias = self.bias[units] - self._unmoved(self.read[units])
            made.append(_on_grid(units, self._and_price(self.read[units], 0.0), inhibition, bias))
        return made

    @torch.no_grad()
    def sweep(self) -> list[SubStep]:
        """The sub-steps in which each unit, given all others, makes the remainder smaller.

        Without the unit, a remainder `r` is `|r - take|^2` if it fires and `|r + take|^2` if not;
        so it fires where `4 take r` is above the price.
        """
        alike = self.take @ self.take.T
        others = alike.diag().diag() - alike
        bias, read = -self._unmoved(self.take), self.take.data
        if self.price is not None:
            raised = float(self.price.highest()) * self.take.shape[1] / (4 * len(self.take))
            read = self._and_price(read, raised)
            bias = bias if self.hears_price else bias - raised
        return [_on_grid(u, read[u], others[u], bias[u]) for u in self._slices()]

    def _and_price(self, rows: Tensor, raised: float) -> Tensor:
        """Rows `(G, M)` with weights for the price's payloads, which cost up to `raised`."""
        if not self.hears_price:
            return rows
        weight = raised * PAYLOAD_SCALE / (CHANNELS * PAYLOAD_MAX)
        return F.pad(rows, (0, CHANNELS), value=-weight)

    def _unmoved(self, rows: Tensor) -> Tensor:
        """What rows `(G, M)` see of the part of the latent that no event moves: `(G,)`."""
        return rows.new_zeros(len(rows)) if self.offset is None else rows @ self.offset

    @torch.no_grad()
    def freeze(self) -> tuple[ExactLayer, ...]:
        """The layers for a chip: one for each sub-step, and one that passes on the whole code."""
        steps = [("first", self.first_pass())]
        steps += [(f"sweep{number + 1}", self.sweep()) for number in range(self.sweeps)]
        layers: list[ExactLayer] = []
        now: dict[int, int] = {}  # the layer that last decided each group
        for name, groups in steps:
            for group, step in enumerate(groups):
                layers.append(step.layer(f"{name}group{group}", now, self.size))
                now[group] = len(layers) - 1
        every = np.eye(len(self.take), dtype=np.int64)
        arms = (Arm(now[group], every[:, units]) for group, units in enumerate(self._slices()))
        layers.append(ExactLayer("code", tuple(arms), np.full(len(every), -1)))
        return tuple(layers)

    def _slices(self) -> list[slice]:
        starts = range(0, len(self.take), self.size)
        return [slice(start, start + self.size) for start in starts]

    @torch.no_grad()
    def _begin(self, said: Tensor) -> None:
        """Start each group with the principal axes of what is left of `said (n, M)`.

        The axes of a group are rotated at random, so that its units share the variance.
        """
        generator = torch.Generator().manual_seed(0)
        rest = said
        for units in self._slices():
            axes = torch.linalg.svd(rest - rest.mean(0), full_matrices=False)[2][: self.size]
            turn = torch.randn(self.size, self.size, generator=generator).to(said.device)
            axes = torch.linalg.qr(turn)[0] @ axes
            along = rest @ axes.T
            self.read[units] = axes / along.std(0).clamp(min=1e-6)[:, None]
            self.take[units] = axes * along.abs().mean(0)[:, None]
            rest = rest - torch.where(along > 0, 1.0, -1.0) @ self.take[units]
        self.ready.fill_(True)


def _on_grid(units: slice, read: Tensor, inhibition: Tensor, bias: Tensor) -> SubStep:
    """Round `read @ said + inhibition @ signs + bias > 0` to the chip's grid, straight through.

    `signs` are +-1, but events are 1 and 0; the difference goes into the weights and the bias. Each
    unit has its own scale, at which no weight and no sum leaves its range.
    """
    lateral, threshold = 2 * inhibition, bias - inhibition.sum(1)
    with torch.no_grad():
        largest = PAYLOAD_MAX / PAYLOAD_SCALE * read.abs().sum(1)
        largest = largest + lateral.abs().sum(1) + threshold.abs()
        scale = torch.minimum(
            REACH / largest.clamp(min=1e-9),
            PAYLOAD_SCALE * WEIGHT_MAX / read.abs().amax(1).clamp(min=1e-9),
        )
        grain = scale / 2**SHIFT
        needed = float((grain[:, None] * lateral).abs().max()) / WEIGHT_MAX
        exponent = max(0, math.ceil(math.log2(max(needed, 1e-9))))
    weight = scale[:, None] / PAYLOAD_SCALE * read
    side = grain[:, None] / 2**exponent * lateral
    mantissa = (grain * threshold).clamp(-BIAS_MAX, BIAS_MAX)
    weight, side, mantissa = (straight_through(v, v.round()) for v in (weight, side, mantissa))
    return SubStep(units, weight, side, exponent, mantissa, scale)
