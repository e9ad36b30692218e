"""The price of an event in a code whose groups inhibit each other, steered by the density."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neuromorphic.integers.layer import PAYLOAD_MAX
from train.config import MUS

FALL = 0.01  # of the density that is wanted, towards the final one, in a step of training
GAIN = 0.02  # of the price, for each step at which there are twice as many events as wanted
CHANNELS = 2  # of the payload that tell the price, so that its weights need no more than 8 bits


class Price(nn.Module):
    """What an event must save, in the units of a latent's remainder: one price, or one for each mu.

    Each price moves until its events have the density wanted, which falls from one half to that of
    `densities`: one, or one for each mu from `lowest` on. Any other mu counts as the nearest.
    """

    final: Tensor
    value: Tensor
    wanted: Tensor

    def __init__(self, densities: Tensor, lowest: int = 0) -> None:
        super().__init__()
        self.varies, self._lowest = len(densities) > 1, lowest
        self.register_buffer("final", densities, persistent=False)
        self.register_buffer("value", torch.zeros_like(densities))
        self.register_buffer("wanted", torch.full_like(densities, 0.5))

    def row(self, mu: Tensor) -> Tensor:
        """Which of the prices holds at `mu: (B,)` int64: `(B,)` int64."""
        return (mu - self._lowest).clamp(0, len(self.value) - 1)

    def of(self, mu: Tensor) -> Tensor:
        """The prices `(B,)` at `mu: (B,)` int64."""
        return self.value[self.row(mu)]

    @torch.no_grad()
    def steer(self, density: Tensor, mu: Tensor) -> None:
        """Move the prices by the densities `(B,)` of clips at `mu: (B,)`."""
        self.wanted.lerp_(self.final, FALL)
        rows = self.row(mu)
        excess = density / self.wanted[rows] - 1
        clips = F.one_hot(rows, len(self.value)).float()
        self.value += GAIN * (excess @ clips) / clips.sum(0).clamp(min=1)
        self.value.clamp_(min=0)

    def mus(self) -> Tensor:
        """The mu of each price, `(len(value),)` int64."""
        return self._lowest + torch.arange(len(self.value))

    def highest(self) -> Tensor:
        """The price of the largest payload."""
        return self.value.max()

    @torch.no_grad()
    def payloads(self) -> Tensor:
        """The price at each mu as payloads: `(MUS, CHANNELS)` float32, integers in 0..127."""
        every = torch.arange(MUS, device=self.value.device)
        share = self.of(every) / self.highest().clamp(min=1e-9)
        total = (CHANNELS * PAYLOAD_MAX * share).round()
        return torch.stack(
            [(total + channel).div(CHANNELS).floor() for channel in range(CHANNELS)], 1
        )


class PriceChannels(nn.Module):
    """Appends the price at `mu: (B,)` to a payload `(B, M, T)`: `(B, M + CHANNELS, T)`."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(MUS, CHANNELS)

    def forward(self, payload: Tensor, mu: Tensor) -> Tensor:
        told = self.table(mu).unsqueeze(2).expand(-1, -1, payload.shape[2])
        return torch.cat([payload, told], 1)
