"""Averaged weights, and batch-norm statistics measured for them, since those of the raw weights
do not fit."""

from collections.abc import Callable
from itertools import count

import torch
from torch import Tensor, nn

from train.networks.bottleneck import Bottleneck
from train.networks.inhibition import Inhibition
from train.networks.model import Model


@torch.no_grad()
def follow(average: nn.Module, trained: nn.Module, keep: float) -> None:
    """Update an exponential average of weights and buffers, in place; integers are copied."""
    for mean, now in zip(average.state_dict().values(), trained.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - keep)
        else:
            mean.copy_(now)


@torch.no_grad()
def recalibrate(model: Model, batch: Callable[[int], tuple[Tensor, Tensor]], batches: int) -> None:
    """Measure a model's bottleneck statistics again, in place, on so many `batches` for each norm.

    They are `batch(0), batch(1), ...`: audio `(B, 1, n)` float32 and mu `(B,)` int64. The latent's
    norm comes first, since its output is the input of the units' norm. On the `small` preset this
    gained 2 dB over averaging the statistics too.
    """
    bottleneck = model.bottleneck
    indices = count()
    for norm in norms(bottleneck):
        momentum = norm.momentum
        _measure_from_here(norm)
        for _ in range(batches):
            audio, mu = batch(next(indices))
            latent = model.latent(audio, mu)
            bottleneck(latent, mu) if isinstance(bottleneck, Inhibition) else bottleneck(latent)
        norm.momentum = momentum
        norm.eval()


def norms(bottleneck: nn.Module) -> tuple[nn.BatchNorm1d, ...]:
    """The batch norms of a bottleneck in order; none if it has no events."""
    if isinstance(bottleneck, Inhibition):
        return (bottleneck.latent_norm,)
    if not isinstance(bottleneck, Bottleneck):
        return ()
    return bottleneck.latent_norm, bottleneck.norm


def measured(bottleneck: nn.Module) -> bool:
    """Whether the batch norms of a bottleneck have seen any batch."""
    return all(norm.num_batches_tracked for norm in norms(bottleneck))


def settle(bottleneck: nn.Module, average: nn.Module) -> None:
    """Copy the statistics of a bottleneck to its `average`, in place; they then stay equal."""
    for norm, mean in zip(norms(bottleneck), norms(average), strict=True):
        for kept, buffer in zip(mean.buffers(), norm.buffers(), strict=True):
            kept.copy_(buffer)


def _measure_from_here(norm: nn.BatchNorm1d) -> None:
    norm.reset_running_stats()
    norm.momentum = None  # a plain mean over all batches
    norm.train()
