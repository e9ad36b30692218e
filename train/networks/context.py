"""Conformers on both sides of the bottleneck, and mu on both sides (paper section 3).

SPARSE "integrates context" before `L` and after `H`; MU_SPARSE also adds a learned embedding of mu
to the encoder's output and to the decoder's input.
"""

import torch
from torch import Tensor, nn

from train.config import MUS
from train.config import Conformer as Config
from train.networks.conformer import Conformer

MU_GAIN = 16.0  # on the embedding, so that Adam's small steps have an effect in a short training


class Context(nn.Module):
    """`signal: (B, inputs, T)` float32 and `mu: (B,)` int64 to `(B, channels, T)` float32.

    Without `with_mu` the second argument is ignored. It starts as a linear map of the signal, the
    identity if the widths are equal, so that it can be added to a network trained without context.
    """

    def __init__(self, inputs: int, channels: int, config: Config, with_mu: bool) -> None:
        super().__init__()
        same = inputs == channels
        self.widen = nn.Identity() if same else nn.Conv1d(inputs, channels, 1)
        self.mu = nn.Embedding(MUS, channels) if with_mu else None
        self.conformer = Conformer(channels, config)
        self.last = nn.Conv1d(channels, channels, 1)
        nn.init.dirac_(self.last.weight)
        for parameter in (self.last.bias, None if self.mu is None else self.mu.weight):
            if parameter is not None:
                nn.init.zeros_(parameter)

    def forward(self, signal: Tensor, mu: Tensor | None) -> Tensor:
        wide: Tensor = self.widen(signal)
        if self.mu is not None and mu is not None:
            wide = wide + MU_GAIN * self.mu(mu).unsqueeze(2)
        context: Tensor = self.last(self.conformer(wide))
        return context

    @torch.no_grad()
    def extend(self, low: int, high: int) -> None:
        """Make each mu outside the trained range, low to high, act like the nearest one in it."""
        if self.mu is not None:
            self.mu.weight.copy_(self.mu.weight[torch.arange(MUS).clamp(low, high)])
