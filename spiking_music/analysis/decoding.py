"""Can onsets be decoded from the events? A logistic regression per note, tested on unseen pieces.

The same is done with a mel spectrogram of the original sound, at the same frame rate and with 80
bands, to see how much about the notes the code has kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.events import Bits
from spiking_music.analysis.symbols import KEYS, LOWEST
from spiking_music.evaluation.transcription import note_f1
from train.data.notes import Notes
from train.objectives.distances import magnitudes, mel_filters

AROUND = 3  # frames on each side that a regression sees
BANDS = 80  # bands of the mel spectrogram
HELD_OUT = 4  # every fourth piece is used for testing
MOST_PIECES = 200  # pieces of which a part is kept
SECONDS = 40.0  # kept of each piece, from its middle
MOST_FRAMES = 20_000  # frames to train on
STEPS = 100
FAINT = 0.03  # of the variance of a feature
WEIGHT_DECAY = 1e-4
THRESHOLDS = np.linspace(0.1, 0.7, 7)
_WINDOW = 2048

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Stretch:
    """A part of a piece: `seen (features, T)`, bool or float32; `notes`, seconds from its start."""

    seen: Matrix | Bits
    notes: Notes


@dataclass(frozen=True)
class Decoding:
    """How well onsets are decoded, on `pieces` that were not trained on.

    `f1`, 0..1: onset within 50 ms and exact pitch, at the `threshold` that is best in training;
    `average_precision`, 0..1, over frames and all notes; `chance`, its value for guessing.
    """

    f1: float
    average_precision: float
    chance: float
    threshold: float
    pieces: int


def middle(frames: int, frames_per_second: float) -> slice:
    """Return the middle frames of a piece, which are used for decoding."""
    kept = min(frames, int(SECONDS * frames_per_second))
    start = (frames - kept) // 2
    return slice(start, start + kept)


def mel(samples: Samples, hop: int) -> Matrix:
    """Return the log mel spectrogram `(80, T) float32` of `samples (n,)`, T = ceil(n / hop).

    Its hop is the codec's, 512, a quarter of its window.
    """
    if hop * 4 != _WINDOW:
        raise ValueError(f"a hop of {hop} samples, where the mel spectrogram has {_WINDOW // 4}")
    frames = -(-len(samples) // hop)
    padded = np.pad(samples, (0, max(_WINDOW, frames * hop) - len(samples)))
    spectrum = mel_filters(_WINDOW, BANDS) @ magnitudes(padded, _WINDOW)
    return np.log(spectrum + np.float32(1e-3))[:, :frames]


def decoding(stretches: Sequence[Stretch], frames_per_second: float) -> Decoding | None:
    """Return how well the notes of every fourth stretch are decoded, after training on the others.

    None for fewer than four stretches, and if the training or the test part holds no notes.
    """
    held = list(stretches[HELD_OUT - 1 :: HELD_OUT])
    known = [s for place, s in enumerate(stretches) if place % HELD_OUT != HELD_OUT - 1]
    if not held or not all(any(s.notes.onset.size for s in part) for part in (held, known)):
        return None
    seen, begun = _frames(known, frames_per_second)
    mean, scale = seen.mean(0), seen.std(0) + np.float32(1e-3)
    weights = _fitted((seen - mean) / scale, begun)

    def heard(stretch: Stretch) -> Matrix:
        return _logistic(_biased((context(stretch.seen) - mean) / scale) @ weights)

    tuned = known[:HELD_OUT]
    odds, held_odds = ([heard(stretch) for stretch in part] for part in (tuned, held))
    threshold = max(THRESHOLDS, key=lambda t: _f1(tuned, odds, t, frames_per_second))
    truth = np.concatenate([_begun(stretch, frames_per_second) for stretch in held])
    return Decoding(
        _f1(held, held_odds, threshold, frames_per_second),
        average_precision(truth.ravel() > 0, np.concatenate(held_odds).ravel()),
        float(truth.mean()),
        float(threshold),
        len(held),
    )


def context(seen: Matrix | Bits) -> Matrix:
    """Return each frame with those around it: `(features, T)` to `(T, 7 features) float32`."""
    padded = np.pad(seen.astype(np.float32), ((0, 0), (AROUND, AROUND)))
    return np.concatenate(
        [padded[:, place : place + seen.shape[1]] for place in range(2 * AROUND + 1)]
    ).T


def average_precision(truth: npt.NDArray[np.bool_], odds: Matrix) -> float:
    """Return the mean precision at the ranks of the true entries, most likely first: 0..1."""
    ranked = truth[np.argsort(-odds, kind="stable")]
    precision = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    return float(precision[ranked].mean()) if ranked.any() else float("nan")


def picked(odds: Matrix, threshold: float, frames_per_second: float) -> Notes:
    """Return the notes at local maxima of `odds (T, 88)` that reach a threshold."""
    padded = np.pad(odds, ((1, 1), (0, 0)))
    peak = (odds >= threshold) & (odds > padded[:-2]) & (odds >= padded[2:])
    frame, key = np.nonzero(peak)
    return Notes((frame.astype(np.float64) + 0.5) / frames_per_second, key + LOWEST)


def _f1(
    stretches: Sequence[Stretch],
    odds: Sequence[Matrix],
    threshold: float,
    frames_per_second: float,
) -> float:
    scores = [
        note_f1(stretch.notes, picked(heard, threshold, frames_per_second))
        for stretch, heard in zip(stretches, odds, strict=True)
    ]
    return float(np.mean([score for score in scores if score is not None] or [0.0]))


def _frames(stretches: Sequence[Stretch], frames_per_second: float) -> tuple[Matrix, Matrix]:
    """Return evenly spread frames of all stretches: features and struck keys."""
    step = -(-sum(stretch.seen.shape[1] for stretch in stretches) // MOST_FRAMES)
    return (
        np.concatenate([context(stretch.seen)[::step] for stretch in stretches]),
        np.concatenate([_begun(stretch, frames_per_second)[::step] for stretch in stretches]),
    )


def _begun(stretch: Stretch, frames_per_second: float) -> Matrix:
    """Return which keys are struck in which frame: `(T, 88) float32` of 0 and 1."""
    begun = np.zeros((stretch.seen.shape[1], KEYS), np.float32)
    frame = (stretch.notes.onset * frames_per_second).astype(np.int64)
    key = stretch.notes.pitch - LOWEST
    inside = (frame < len(begun)) & (key >= 0) & (key < KEYS)
    begun[frame[inside], key[inside]] = 1
    return begun


def _fitted(seen: Matrix, begun: Matrix) -> Matrix:
    """Return the weights `(features + 1, 88)` of the regressions, by accelerated gradient descent.

    For uncorrelated features of equal variance the curvature of the loss is at most 1/4, so a step
    size of 4 is right for all. Source: Nesterov's method, as in Beck and Teboulle, 2009.
    """
    white = _whitening(seen)
    seen = _biased(seen @ white)
    weights = np.zeros((seen.shape[1], KEYS), np.float32)
    weights[-1] = np.log((begun.sum(0) + 0.5) / (len(begun) - begun.sum(0) + 0.5))
    before = weights
    for step in range(STEPS):
        ahead = weights + np.float32(step / (step + 3)) * (weights - before)
        slope = seen.T @ (_logistic(seen @ ahead) - begun) / np.float32(len(seen))
        before = weights
        weights = (ahead - 4 * (slope + WEIGHT_DECAY * ahead)).astype(np.float32)
    return np.concatenate([white @ weights[:-1], weights[-1:]])


def _whitening(seen: Matrix) -> Matrix:
    """The matrix that makes standardised features uncorrelated; faint directions are kept faint."""
    values, vectors = np.linalg.eigh(seen.T @ seen / np.float32(len(seen)))
    scale: Matrix = (vectors / np.sqrt(np.maximum(values, 0) + FAINT)).astype(np.float32)
    return scale


def _biased(seen: Matrix) -> Matrix:
    return np.concatenate([seen, np.ones((len(seen), 1), np.float32)], axis=1, dtype=np.float32)


def _logistic(drive: Matrix) -> Matrix:
    return (0.5 * (1 + np.tanh(drive / 2))).astype(np.float32)
