"""A human piano performance as arrays of notes, read from MIDI."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import SpikingMusicError

SUSTAIN_PEDAL = 64
PEDAL_DOWN = 64


class PerformanceError(SpikingMusicError):
    """A MIDI file that cannot be read as a piano performance."""


@dataclass(frozen=True, eq=False)
class Performance:
    """Notes sorted by onset.

    `onset`, `release`: (n,) float64 seconds, where a release is when the damper falls (key up,
    pedal up, or the same key struck again); `pitch`, `velocity`: (n,) int64, MIDI 0..127.
    """

    onset: npt.NDArray[np.float64]
    release: npt.NDArray[np.float64]
    pitch: npt.NDArray[np.int64]
    velocity: npt.NDArray[np.int64]

    @property
    def seconds(self) -> float:
        """The time of the last release."""
        return float(self.release.max(initial=0.0))


def read_midi(path: Path) -> Performance:
    """Read a MIDI file, all tracks together, with the sustain pedal folded into the releases.

    Raises PerformanceError when the file is not MIDI or holds no note.
    """
    import symusic

    try:
        score: Any = symusic.Score(path, ttype="Second")
    except (RuntimeError, ValueError, OSError) as error:
        raise PerformanceError(f"{path}: not a readable MIDI file ({error})") from error
    notes = [n for track in score.tracks if not track.is_drum for n in track.notes if n.velocity]
    pedal = [
        c
        for track in score.tracks
        if not track.is_drum
        for c in track.controls
        if c.number == SUSTAIN_PEDAL
    ]
    if not notes:
        raise PerformanceError(f"{path}: the MIDI file holds no notes")
    notes.sort(key=lambda n: (n.start, n.pitch))
    pedal.sort(key=lambda c: c.time)
    onset = np.array([n.start for n in notes])
    key_up = np.array([n.start + n.duration for n in notes])
    pitch = np.array([n.pitch for n in notes], np.int64)
    velocity = np.array([n.velocity for n in notes], np.int64)
    held = _hold(
        key_up, np.array([c.time for c in pedal]), np.array([c.value >= PEDAL_DOWN for c in pedal])
    )
    return Performance(onset, _until_restruck(onset, held, pitch), pitch, velocity)


def _hold(
    key_up: npt.NDArray[np.float64], time: npt.NDArray[np.float64], down: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Move each key-up under a pressed pedal to the moment at which the pedal comes up."""
    if not len(time):
        return key_up
    end = max(float(key_up.max()), float(time[-1])) + 0.5
    lifted = np.where(down, np.inf, time)
    next_lift = np.minimum.accumulate(lifted[::-1])[::-1]
    last = np.searchsorted(time, key_up, side="right") - 1
    pressed = (last >= 0) & down[np.maximum(last, 0)]
    return np.where(pressed, np.minimum(next_lift[np.maximum(last, 0)], end), key_up)


def _until_restruck(
    onset: npt.NDArray[np.float64], release: npt.NDArray[np.float64], pitch: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    release = release.copy()
    for key in np.unique(pitch):
        index = np.flatnonzero(pitch == key)
        release[index[:-1]] = np.minimum(release[index[:-1]], onset[index[1:]])
    return np.maximum(release, onset)
