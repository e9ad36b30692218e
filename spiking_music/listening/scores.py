"""Means of the ratings with intervals, and which condition wins against which."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest

from spiking_music.evaluation.bootstrap import LEVEL, RESAMPLES
from spiking_music.listening.results import Session

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Mean:
    """A condition's mean rating and its 95 % interval, None where one listener alone rated.

    Beside it the `median` and the lower and upper `quartiles`, the medians of either half of the
    ratings; of an odd number the middle one belongs to both. Source: ITU-R BS.1534-3, 4.1.2, 9.1.
    """

    name: str
    mean: float
    low: float | None
    high: float | None
    ratings: tuple[int, ...]

    @property
    def median(self) -> float:
        return median(self.ratings)

    @property
    def quartiles(self) -> tuple[float, float]:
        half = (len(self.ratings) + 1) // 2
        ordered = sorted(self.ratings)
        return median(ordered[:half]), median(ordered[-half:])


@dataclass(frozen=True)
class Duel:
    """How often `winner` was rated above `loser`, below it and the same, in one trial each.

    `p` is that of the exact two-sided sign test without ties, `corrected` for the number of
    duels by Holm; `significant` at 5 %.
    """

    winner: str
    loser: str
    wins: int
    losses: int
    ties: int
    p: float
    corrected: float

    @property
    def significant(self) -> bool:
        return self.corrected < SIGNIFICANT


def means(sessions: Sequence[Session]) -> list[Mean]:
    """Return the mean of each condition, the best first.

    The interval holds the percentiles of 2000 resamples of whole listeners, since the ratings of
    one are not independent. Source: Davison and Hinkley, "Bootstrap Methods", 1997, section 3.8.
    """
    return sorted((_mean(name, sessions) for name in _names(sessions)), key=lambda m: -m.mean)


def duels(sessions: Sequence[Session]) -> list[Duel]:
    """Return every pair once, the one with more wins as `winner`.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
    of Statistics 6, 1979.
    """
    counted = [_counted(one, other, sessions) for one, other in combinations(_names(sessions), 2)]
    values = [_sign_test(wins, losses) for _, _, wins, losses, _ in counted]
    corrected = holm(values)
    return [Duel(*fight, p, q) for fight, p, q in zip(counted, values, corrected, strict=True)]


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's step-down rule, in the order given."""
    order = np.argsort(values, kind="stable")
    steps = np.asarray(values)[order] * np.arange(len(values), 0, -1)
    corrected = np.empty(len(values))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return corrected.tolist()


def _sign_test(wins: int, losses: int) -> float:
    return float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0


def _names(sessions: Sequence[Session]) -> list[str]:
    return sorted(sessions[0].trials[0].ratings) if sessions else []


def _mean(name: str, sessions: Sequence[Session]) -> Mean:
    given = [[trial.ratings[name] for trial in session.trials] for session in sessions]
    ratings = tuple(rating for of_one in given for rating in of_one)
    low, high = _interval(given) if len(given) > 1 else (None, None)
    return Mean(name, float(np.mean(ratings)), low, high, ratings)


def _interval(given: Sequence[Sequence[int]]) -> tuple[float, float]:
    sums: npt.NDArray[np.float64] = np.array([sum(of_one) for of_one in given], np.float64)
    counts = np.array([len(of_one) for of_one in given])
    drawn = np.random.default_rng(0).integers(len(given), size=(RESAMPLES, len(given)))
    tail = 50 * (1 - LEVEL)
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), [tail, 100 - tail])
    return float(low), float(high)


def _counted(one: str, other: str, sessions: Sequence[Session]) -> tuple[str, str, int, int, int]:
    pairs = [(t.ratings[one], t.ratings[other]) for s in sessions for t in s.trials]
    wins = sum(a > b for a, b in pairs)
    losses = sum(a < b for a, b in pairs)
    ties = len(pairs) - wins - losses
    if losses > wins:
        return other, one, losses, wins, ties
    return one, other, wins, losses, ties
