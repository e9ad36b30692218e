"""How reliable the mean over a few clips is: its interval by the bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class Figure:
    """A measure over clips: `mean`, `sd`, the 95 % interval `low`..`high` of the mean, `clips`.

    The interval is None for one clip, which tells nothing of others.
    """

    mean: float
    sd: float
    low: float | None
    high: float | None
    clips: int


def figure(values: Sequence[float], seed: int = 0) -> Figure | None:
    """Return the figure of the finite values; None if there are none.

    The interval holds the percentiles of the means of 2000 resamples, drawn with replacement from
    `seed`. The standard deviation divides by n.
    Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13.
    """
    if not values:
        return None
    array = np.asarray(values, np.float64)
    if len(array) == 1:
        return Figure(float(array[0]), 0.0, None, None, 1)
    drawn = np.random.default_rng(seed).integers(len(array), size=(RESAMPLES, len(array)))
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(array[drawn].mean(1), [tail, 100 - tail])
    return Figure(float(array.mean()), float(array.std()), float(low), float(high), len(array))
