"""How selective a unit is: to how few notes, pitch classes or octaves it responds, how sharply."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spiking_music.analysis.symbols import KEYS, LOWEST
from spiking_music.analysis.tally import PEAK
from spiking_music.analysis.tuning import Tuning

PITCH_CLASS = (np.arange(KEYS) + LOWEST) % 12
OCTAVE = (np.arange(KEYS) + LOWEST) // 12 - 1  # 0..8; A0 to B0 are alone in theirs, and C8

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Selectivity:
    """A value a unit, `(units,)`; NaN, or -1 of `note`, of a unit that answers to no note.

    `note`, int64 in 0..87: the strongest answer, with its `latency` in frames and the `width` of
    its peak at half its height, in frames; `by_note`, `by_class`, `by_octave` in 0..1: 0 for equal
    answers to all, 1 for an answer to one; `answers`, how many notes it answers to, and
    `silenced`, how many it falls silent at; `octaves`, `fifths`: its mean phi at the other notes of
    the strongest one's pitch class, and of the class a fifth above, as a share of the strongest.
    """

    note: npt.NDArray[np.int64]
    latency: Array
    width: Array
    by_note: Array
    by_class: Array
    by_octave: Array
    answers: npt.NDArray[np.int64]
    silenced: npt.NDArray[np.int64]
    octaves: Array
    fifths: Array


def selectivity(tuned: Tuning, curves: Array) -> Selectivity:
    """Return how selective the units are; `curves (units, symbols, lags)` are those of `tuning`.

    Only responses beyond chance count: phi if it is significant and positive.
    """
    phi, certain = np.nan_to_num(tuned.phi[:, :KEYS]), tuned.significant[:, :KEYS]
    answer = np.where(certain & (phi > 0), phi, 0.0)
    unit, best = np.arange(len(phi)), answer.argmax(1)
    some = answer.max(1, initial=0.0) > 0
    judged = np.logical_not(np.isnan(tuned.phi[:, :KEYS]).all(0))
    return Selectivity(
        np.where(some, best, -1),
        np.where(some, tuned.latency[unit, best], np.nan),
        np.where(some, width(curves[unit, best]), np.nan),
        sparseness(answer[:, judged]),
        sparseness(_folded(answer, PITCH_CLASS, judged)),
        sparseness(_folded(answer, OCTAVE, judged)),
        (answer > 0).sum(1),
        (certain & (phi < 0)).sum(1),
        *(np.where(some, _related(tuned.phi[:, :KEYS], best, up), np.nan) for up in (0, 7)),
    )


def sparseness(answers: Array) -> Array:
    """Return 0 if the non-negative responses `(units, things)` are equal, 1 if only one is not 0.

    `(1 - mean(a)^2 / mean(a^2)) / (1 - 1/n)`; NaN without any response, or for a single thing.
    Source: Vinje and Gallant, "Sparse coding and decorrelation in primary visual cortex", 2000.
    """
    things = answers.shape[1]
    if things < 2:
        return np.full(len(answers), np.nan)
    square = np.square(answers).mean(1)
    with np.errstate(invalid="ignore"):
        return (1 - np.square(answers.mean(1)) / np.where(square > 0, square, np.nan)) / (
            1 - 1 / things
        )


def width(curves: Array) -> Array:
    """Return the lags in a row around the top of the peak that reach half its height: `(units,)`.

    The height is that above the mean of the lags outside the peak.
    """
    height = curves - curves[:, ~PEAK].mean(1, keepdims=True)
    top = np.where(PEAK, height, -np.inf).argmax(1)
    high = height >= height[np.arange(len(curves)), top][:, None] / 2
    return np.array(
        [_run(row[place:]) + _run(row[place::-1]) - 1 for row, place in zip(high, top, strict=True)]
    )


def _related(phi: Array, best: npt.NDArray[np.int64], up: int) -> Array:
    """The mean phi at the notes some semitones above the best, in all octaves, best = 1."""
    key = np.arange(KEYS)
    related = (key - best[:, None] - up) % 12 == 0
    known = related & (key != best[:, None]) & ~np.isnan(phi)
    total = np.where(known, phi, 0.0).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(total / known.sum(1) / phi[np.arange(len(phi)), best])


def _run(row: npt.NDArray[np.bool_]) -> int:
    """How many are true before the first that is not."""
    return len(row) if row.all() else int(row.argmin())


def _folded(answer: Array, fold: npt.NDArray[np.int64], judged: npt.NDArray[np.bool_]) -> Array:
    """The strongest answer in each class or octave that has judged notes."""
    present = np.unique(fold[judged])
    strongest = [answer[:, judged & (fold == one)].max(1) for one in present]
    return np.stack(strongest, axis=1) if strongest else answer[:, :0]
