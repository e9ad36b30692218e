"""Conformers on both sides of the bottleneck, and mu on both sides (paper section 3).

SPARSE "integrates context" before `L` and after `H`; MU_SPARSE also adds a learned embedding of mu
to the encoder's output and to the decoder's input.
"""

from torch import Tensor, nn

from train.config import Conformer as Config
from train.networks.conformer import Conformer

MUS = 32  # paper section 3: an integer in 0..31


class Context(nn.Module):
    """`signal: (B, inputs, T)` float32 and `mu: (B,)` int64 to `(B, channels, T)` float32.

    Without `with_mu` the second argument is not looked at.
    """

    def __init__(self, inputs: int, channels: int, config: Config, with_mu: bool) -> None:
        super().__init__()
        same = inputs == channels
        self.widen = nn.Identity() if same else nn.Conv1d(inputs, channels, 1)
        self.mu = nn.Embedding(MUS, channels) if with_mu else None
        self.conformer = Conformer(channels, config)

    def forward(self, signal: Tensor, mu: Tensor | None) -> Tensor:
        wide: Tensor = self.widen(signal)
        if self.mu is not None and mu is not None:
            wide = wide + self.mu(mu).unsqueeze(2)
        context: Tensor = self.conformer(wide)
        return context
