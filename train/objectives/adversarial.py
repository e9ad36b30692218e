"""Losses of discriminator and generator (Defossez et al. 2022, section 3.4).

All are means over batch and scales, from the discriminator's output for real and decoded sound.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from train.networks.discriminator import Opinions
from train.parallel import summed

TINY = 1e-12


def discriminator_loss(real: Opinions, decoded: Opinions) -> Tensor:
    """Hinge loss `max(0, 1 - D(x)) + max(0, 1 + D(y))` of the discriminator: a scalar."""
    losses = [
        F.relu(1 - logits).mean() + F.relu(1 + others).mean()
        for (logits, _), (others, _) in zip(real, decoded, strict=True)
    ]
    return torch.stack(losses).mean()


def generator_loss(decoded: Opinions) -> Tensor:
    """Hinge loss `max(0, 1 - D(y))` of the generator of `y` (equation 1): a scalar."""
    return torch.stack([F.relu(1 - logits).mean() for logits, _ in decoded]).mean()


def feature_distance(real: Opinions, decoded: Opinions) -> Tensor:
    """L1 distance of feature maps, relative to the mean of the real ones (equation 2): a scalar.

    The sizes are averaged over the whole batch and all processes, and have no gradient.
    """
    pairs = [
        (feature.detach(), other)
        for (_, features), (_, others) in zip(real, decoded, strict=True)
        for feature, other in zip(features, others, strict=True)
    ]
    distances = torch.stack([F.l1_loss(other, feature) for feature, other in pairs])
    sizes = torch.stack([feature.abs().mean() for feature, _ in pairs])
    totals, processes = summed(torch.stack([sizes, torch.ones_like(sizes)]))
    return (distances / (totals / processes).clamp(min=TINY)).mean()
