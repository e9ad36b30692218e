"""Residual vector quantisation, the baseline's bottleneck (Zeghidour et al. 2021; EnCodec 3.2).

Each codebook quantises the residual of the ones before it. Codebooks start from k-means on the
first batch and follow exponential averages of the vectors assigned to them; unused codes are
replaced by vectors of the batch. Gradients pass straight through the *sum* only: if they passed
through every stage, a later residual would cancel the commitment gradient of an earlier one.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.config import Rvq as Config
from train.parallel import gathered

KMEANS_ITERATIONS = 10
DEAD_SHARE = 0.1  # a code is dead below this share of the usage it would have if all were equal
SMOOTHING = 1e-5


class Quantised(NamedTuple):
    """`latent: (B, M, T)` float32, `indices: (B, Q, T)` int64, `commitment`: scalar."""

    latent: Tensor
    indices: Tensor
    commitment: Tensor


class Codebook(nn.Module):
    """`codes` vectors of `channels`, held as running sums and counts of the vectors assigned."""

    sums: Tensor
    counts: Tensor

    def __init__(self, codes: int, channels: int, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("sums", torch.zeros(codes, channels))
        self.register_buffer("counts", torch.zeros(codes))

    def vectors(self) -> Tensor:
        """The codes: `(K, M)` float32."""
        total = self.counts.sum()
        smooth = (self.counts + SMOOTHING) / (total + len(self.counts) * SMOOTHING) * total
        return self.sums / smooth.clamp(min=SMOOTHING).unsqueeze(1)

    def nearest(self, vectors: Tensor) -> Tensor:
        """Indices `(n,)` of the codes nearest to `vectors: (n, M)`."""
        return torch.cdist(vectors, self.vectors()).argmin(1)  # float32 under autocast too

    @torch.no_grad()
    def start(self, vectors: Tensor, generator: torch.Generator) -> None:
        """Initialise the codes by k-means on `vectors: (n, M)`."""
        usual = len(vectors) / len(self.sums)
        self.counts.fill_(usual)
        self.sums.copy_(usual * _drawn(vectors, len(self.sums), generator))
        for _ in range(KMEANS_ITERATIONS):
            sums, counts = self._chosen(vectors, self.nearest(vectors))
            means = usual * sums / counts.clamp(min=1).unsqueeze(1)
            self.sums.copy_(torch.where(counts[:, None] > 0, means, self.sums))

    @torch.no_grad()
    def follow(self, vectors: Tensor, generator: torch.Generator) -> None:
        """Move the codes towards the vectors `(n, M)` nearest to them, and replace dead codes."""
        sums, counts = self._chosen(vectors, self.nearest(vectors))
        self.sums.lerp_(sums, 1 - self.decay)
        self.counts.lerp_(counts, 1 - self.decay)
        usual = self.counts.mean()
        dead = self.counts < DEAD_SHARE * usual
        fresh = _drawn(vectors, len(self.sums), generator)
        self.sums.copy_(torch.where(dead[:, None], usual * fresh, self.sums))
        self.counts.copy_(torch.where(dead, usual, self.counts))

    def _chosen(self, vectors: Tensor, indices: Tensor) -> tuple[Tensor, Tensor]:
        counts = torch.zeros_like(self.counts).index_add_(
            0, indices, vectors.new_ones(len(vectors))
        )
        return torch.zeros_like(self.sums).index_add_(0, indices, vectors), counts


class ResidualQuantiser(nn.Module):
    """`latent: (B, M, T)` to the sum of its codes, one from each codebook per frame."""

    step: Tensor

    def __init__(self, channels: int, config: Config) -> None:
        super().__init__()
        self.codebooks = nn.ModuleList(
            Codebook(config.codes, channels, config.decay) for _ in range(config.quantisers)
        )
        self.register_buffer("step", torch.zeros((), dtype=torch.int64))

    def forward(self, latent: Tensor) -> Quantised:
        """Quantise; in training the codebooks learn from the batch (of all processes)."""
        frames = latent.float().transpose(1, 2).flatten(0, 1)
        residual, total = frames, torch.zeros_like(frames)
        commitment, indices = frames.new_zeros(()), []
        for number, codebook in enumerate(self.codebooks):
            assert isinstance(codebook, Codebook)
            if self.training:
                everyone = gathered(residual.detach())
                generator = torch.Generator().manual_seed(int(self.step) * 1000 + number)
                if self.step == 0:
                    codebook.start(everyone, generator)
            chosen = codebook.nearest(residual)
            quantised = codebook.vectors()[chosen]
            if self.training:
                codebook.follow(everyone, generator)
            commitment = commitment + F.mse_loss(residual, quantised)
            residual, total = residual - quantised, total + quantised
            indices.append(chosen)
        if self.training:
            self.step += 1
        straight = frames + (total - frames).detach()
        batch, _, time = latent.shape
        return Quantised(
            straight.unflatten(0, (batch, time)).transpose(1, 2),
            torch.stack(indices, 1).unflatten(0, (batch, time)).transpose(1, 2),
            commitment / len(self.codebooks),
        )


def _drawn(vectors: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Random rows of `vectors`, `(count, M)`, the same on every device."""
    rows = torch.randint(len(vectors), (count,), generator=generator)
    return vectors[rows.to(vectors.device)]
