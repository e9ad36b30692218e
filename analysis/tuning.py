"""How strongly a unit answers to a symbol, against what chance does: the peak prominence phi."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.tally import LAGS, NEAR, WINDOW, Tally

LEVEL = 0.95
FEWEST = 30  # onsets of a symbol below which nothing is said of it

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
    """Return how units answer to symbols.

    phi is the unit's mean activity at the lags of the peak, less what independence within each
    piece would give, in standard deviations of its activity: `(C / n - E) / sqrt(p (1 - p))`. So it
    is 0 by chance, negative where a unit falls silent, the same for a unit and its negation
    but for the sign, and comparable between dense and sparse codes. The paper leaves it open.
    The family-wise bound is the max statistic (Westfall and Young, 1993).
    """
    phi, shuffled = _prominence(counted, counted.peak), _prominence(counted, counted.shuffled)
    centre, spread = shuffled.mean(0), shuffled.std(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(spread > 0, (phi - centre) / spread, np.nan)
        chance = np.where(spread > 0, (shuffled - centre) / spread, np.nan)
    greatest = np.nanmax(np.abs(chance), axis=(1, 2), initial=0.0)
    critical = float(np.quantile(greatest, LEVEL))
    low, high = np.quantile(shuffled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    near = np.abs(LAGS) < NEAR
    # C at lag tau counts events tau frames before the onset, so a late answer has a negative lag.
    latency = -LAGS[near][counted.pairs[:, :, near].argmax(2)].astype(np.float64)
    latency[np.isnan(phi)] = np.nan
    beyond = np.abs(np.nan_to_num(score)) > critical
    return Tuning(phi, low, high, score, critical, beyond, latency)


def curves(counted: Tally) -> Array:
    """Return C as phi has it, but at each lag apart: `(units, symbols, lags)`; NaN as in phi."""
    mean = counted.pairs / _often(counted)[None, :, None]
    base = counted.expected / _often(counted)
    return (mean - base[:, :, None]) / _deviation(counted)[:, None, None]


def _prominence(counted: Tally, peak: Array) -> Array:
    excess = peak / WINDOW - counted.expected
    return excess / _often(counted) / _deviation(counted)[:, None]


def _often(counted: Tally) -> Array:
    return np.where(counted.begun >= FEWEST, counted.begun, np.nan)


def _deviation(counted: Tally) -> Array:
    rate = counted.fired / max(counted.frames, 1)
    return np.where((rate > 0) & (rate < 1), np.sqrt(rate * (1 - rate)), np.nan)
