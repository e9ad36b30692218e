"""What a unit may respond to: the onsets of 88 notes, 24 chords struck together, the pedal.

Chords and pedal are rows like the notes, so that the same computation serves all three.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from train.data.annotated import AnnotatedRecording
from train.data.notes import Notes

LOWEST, KEYS = 21, 88
CLASSES: Final = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
NOTES: Final = tuple(f"{CLASSES[p % 12]}{p // 12 - 1}" for p in range(LOWEST, LOWEST + KEYS))
CHORDS: Final = tuple(f"{root} {kind}" for kind in ("major", "minor") for root in CLASSES)
PEDAL: Final = ("pedal down", "pedal up")
SYMBOLS: Final = (*NOTES, *CHORDS, *PEDAL)
TOGETHER = 0.05  # seconds: notes this close are struck as one

_THIRDS = (4, 3)  # semitones, of the major and of the minor triad
_TRIADS: Final = {
    frozenset({root, (root + third) % 12, (root + 7) % 12}): 12 * kind + root
    for kind, third in enumerate(_THIRDS)
    for root in range(12)
}

Index = npt.NDArray[np.int64]
Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Onsets:
    """Which symbol begins in which of `frames`: `frame (K,)` and `symbol (K,)`, int64.

    Sorted by symbol, then by frame; a symbol that begins twice in a frame counts once. Paper
    section 4: `n`, for every note and more.
    """

    frame: Index
    symbol: Index
    frames: int

    def counts(self) -> Index:
        """Return how often each symbol begins: `(symbols,) int64`."""
        return np.bincount(self.symbol, minlength=len(SYMBOLS))


def onsets(music: AnnotatedRecording, frames: int, frames_per_second: float) -> Onsets:
    """Return the onsets in a recording of so many frames; onsets outside them are left out."""
    time, symbol = _played(music)
    frame = np.floor(time * frames_per_second).astype(np.int64)
    inside = (frame >= 0) & (frame < frames)
    cells = np.unique(symbol[inside] * frames + frame[inside])
    return Onsets(cells % max(frames, 1), cells // max(frames, 1), frames)


def chords(notes: Notes) -> tuple[Seconds, Index]:
    """Return when a major or minor triad is struck, and which of `CHORDS`.

    Notes that begin within 50 ms of a first are one stroke; it is a triad if its pitch classes are
    the three of one, whatever is doubled.
    """
    time: list[float] = []
    chord: list[int] = []
    start = 0
    while start < len(notes.onset):
        stop = int(np.searchsorted(notes.onset, notes.onset[start] + TOGETHER, side="right"))
        found = _TRIADS.get(frozenset((notes.pitch[start:stop] % 12).tolist()))
        if found is not None:
            time.append(float(notes.onset[start]))
            chord.append(found)
        start = stop
    return np.array(time, np.float64), np.array(chord, np.int64)


def _played(music: AnnotatedRecording) -> tuple[Seconds, Index]:
    key = music.notes.pitch - LOWEST
    own = (key >= 0) & (key < KEYS)
    when, chord = chords(music.notes)
    times, symbols = [music.notes.onset[own], when], [key[own], chord + KEYS]
    if music.pedal is not None:
        for place, moved in enumerate((music.pedal.down, music.pedal.up)):
            times.append(moved)
            symbols.append(np.full(len(moved), KEYS + len(CHORDS) + place))
    return np.concatenate(times), np.concatenate(symbols).astype(np.int64)
