"""How strongly a unit responds to a symbol, compared with chance: the peak prominence phi."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spiking_music.analysis.tally import AROUND, LAGS, PEAK, WINDOW, Tally

LEVEL = 0.95
FEWEST = 30  # a symbol with fewer onsets is not judged

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tuning:
    """Arrays `(units, symbols) float64`, NaN where a symbol is rare or a unit never changes.

    `phi`, the peak prominence; `low` and `high`, within which phi of shuffled onsets is at each
    pair with 95 %; `score`, phi in standard deviations of shuffled ones; `significant`, bool: the
    score is beyond `critical`, which the greatest of all pairs' shuffled scores passes with 5 %;
    `latency` in frames from the onset to the most events, within the peak.
    """

    phi: Array
    low: Array
    high: Array
    score: Array
    critical: float
    significant: npt.NDArray[np.bool_]
    latency: Array


def tuning(counted: Tally) -> Tuning:
    """Return how units respond to symbols.

    phi is the unit's mean activity at the lags of the peak, less that at the lags around it, in
    standard deviations of its activity: `(C_peak - C_around) / n / sqrt(p (1 - p))`. So it is 0 by
    chance, and if unit and note are merely frequent in the same passages; negative if a unit falls
    silent; equal except for the sign for a unit and its negation; and comparable between dense and
    sparse codes. The paper does not define it.
    The family-wise bound is the max statistic (Westfall and Young, 1993).
    """
    phi, shuffled = (_phi(counted, raw) for raw in (counted.prominence, counted.shuffled))
    centre, spread = shuffled.mean(0), shuffled.std(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(spread > 0, (phi - centre) / spread, np.nan)
        chance = np.where(spread > 0, (shuffled - centre) / spread, np.nan)
    greatest = np.nanmax(np.abs(chance), axis=(1, 2), initial=0.0)
    critical = float(np.quantile(greatest, LEVEL))
    low, high = np.quantile(shuffled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    # C at lag tau counts events tau frames before the onset, so a late answer has a negative lag.
    latency = -LAGS[PEAK][counted.pairs[:, :, PEAK].argmax(2)].astype(np.float64)
    latency[np.isnan(phi)] = np.nan
    beyond = np.abs(np.nan_to_num(score)) > critical
    return Tuning(phi, low, high, score, critical, beyond, latency)


def curves(counted: Tally) -> Array:
    """Return C at each lag in the units of phi: `(units, symbols, lags)`; NaN as in phi.

    0 is what independence within each piece would give.
    """
    mean = counted.pairs / _often(counted)[None, :, None]
    base = counted.expected / _often(counted)
    return (mean - base[:, :, None]) / _deviation(counted)[:, None, None]


def _phi(counted: Tally, prominence: Array) -> Array:
    return prominence / (WINDOW * AROUND) / _often(counted) / _deviation(counted)[:, None]


def _often(counted: Tally) -> Array:
    return np.where(counted.begun >= FEWEST, counted.begun, np.nan)


def _deviation(counted: Tally) -> Array:
    rate = counted.fired / max(counted.frames, 1)
    return np.where((rate > 0) & (rate < 1), np.sqrt(rate * (1 - rate)), np.nan)
