"""The counts in one piece, and their sum over many, from which all measures follow.

`C(tau) = sum_t z_t n_{t + tau}` (paper, section 4) is a sum over the few onsets, not over all
frames: for each, the events `tau` before it. A piece wraps around at its ends, so that every lag
has equally many terms, and the mean over all lags is exactly the value under independence.
"""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from runtime.events import Bits
from spiking_music.analysis.symbols import SYMBOLS, Index, Onsets

REACH = 50  # frames to each side, 1.16 s
NEAR = 10  # lags shorter than this are the peak, 0.23 s (paper, section 4)
LAGS = np.arange(-REACH, REACH + 1)
PEAK = np.abs(LAGS) < NEAR
WINDOW, AROUND = int(PEAK.sum()), int((~PEAK).sum())  # lags in the peak and around it
SURROGATES = 200

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts, float64 whole numbers but for `expected`.

    `pairs (units, symbols, lags)`: C at every lag of `LAGS`; `expected (units, symbols)`: C at any
    lag, were events and onsets of each piece independent; `shuffled (surrogates, units, symbols)`:
    `prominence`, each piece's onsets shifted together by chance; `fired
    (units,)`, `begun (symbols,)`, `frames ()`, `pieces ()`.
    """

    pairs: Counts
    expected: Counts
    shuffled: Counts
    fired: Counts
    begun: Counts
    frames: int
    pieces: int

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            *(getattr(self, field.name) + getattr(other, field.name) for field in fields(self))
        )

    @property
    def prominence(self) -> Counts:
        """C in the peak above C around it, `WINDOW * AROUND` times: `(units, symbols)`."""
        return AROUND * self.pairs[:, :, PEAK].sum(2) - WINDOW * self.pairs[:, :, ~PEAK].sum(2)


def tally(bits: Bits, onsets: Onsets, seed: int = 0, surrogates: int = SURROGATES) -> Tally:
    """Count one piece: `bits (units, T)` and the onsets in its T frames.

    `seed` determines the shifts of the shuffled onsets; give each piece a different one.
    Raises `ValueError` when events and onsets are of different lengths.
    """
    frames = bits.shape[1]
    if frames != onsets.frames:
        raise ValueError(f"events of {frames} frames, onsets of {onsets.frames}")
    events = np.ascontiguousarray(bits.T, np.float32)
    pairs = np.stack([triggered(events, onsets, -int(lag)) for lag in LAGS], axis=2)
    # What an onset sees of the prominence: the peak AROUND times, what is around it -WINDOW times.
    seen = len(LAGS) * _summed(events, NEAR - 1) - WINDOW * _summed(events, REACH)
    shuffled = [triggered(seen, onsets, int(s)) for s in _shifts(frames, surrogates, seed)]
    fired, begun = bits.sum(1).astype(np.float64), onsets.counts().astype(np.float64)
    expected = np.outer(fired, begun) / max(frames, 1)
    return Tally(pairs, expected, np.array(shuffled), fired, begun, frames, 1)


def triggered(values: npt.NDArray[np.float32], onsets: Onsets, shift: int) -> Counts:
    """Sum `values (T, units)` where a symbol begins, `shift` frames later: `(units, symbols)`.

    Exact for whole numbers up to 2^24.
    """
    total = np.zeros((len(SYMBOLS), values.shape[1]))
    if onsets.frame.size:
        present, first = np.unique(onsets.symbol, return_index=True)
        rows = values[(onsets.frame + shift) % onsets.frames]
        total[present] = np.add.reduceat(rows, first, axis=0)
    return total.T


def _summed(events: npt.NDArray[np.float32], reach: int) -> npt.NDArray[np.float32]:
    """The sum of the frames up to `reach` to each side, round the ends: `(T, units)`."""
    frames, units = events.shape
    if not frames:
        return events
    wrapped = events[np.arange(-reach, frames + reach) % frames]
    total = np.concatenate([np.zeros((1, units), np.float32), wrapped.cumsum(0)])
    return total[2 * reach + 1 :] - total[:frames]


def _shifts(frames: int, surrogates: int, seed: int) -> Index:
    """Shifts by chance, none of them short where the piece allows."""
    least = min(REACH, (frames - 1) // 2)
    return np.random.default_rng(seed).integers(least, max(frames - least, least + 1), surrogates)
