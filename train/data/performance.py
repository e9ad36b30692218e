"""A human piano performance as arrays of notes, read from MIDI."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import PerformanceError
from train.data.notes import Notes

SUSTAIN_PEDAL = 64
PEDAL_DOWN = 64
LONGEST = 86_400  # seconds: times beyond a day mean that the file is damaged


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
    def notes(self) -> Notes:
        """The onset and pitch of each note."""
        return Notes(self.onset, self.pitch)

    @property
    def seconds(self) -> float:
        """The time of the last release."""
        return float(self.release.max(initial=0.0))


@dataclass(frozen=True, eq=False)
class Pedal:
    """When the sustain pedal goes `down (p,)` and `up (q,)`: float64, in seconds."""

    down: npt.NDArray[np.float64]
    up: npt.NDArray[np.float64]


def read_midi(path: Path) -> Performance:
    """Read all tracks of a MIDI file as one, with the sustain pedal included in the releases.

    Raises PerformanceError when the file is not MIDI, is damaged, or holds no note.
    """
    tracks = _tracks(path)
    notes = _columns([track.notes.numpy() for track in tracks])
    struck = notes.get("velocity", np.zeros(0)) > 0
    if not struck.any():
        raise PerformanceError(f"{path}: the MIDI file holds no notes")
    notes = {name: column[struck] for name, column in notes.items()}
    order = np.lexsort((notes["pitch"], notes["time"]))
    onset, duration = (notes[name][order].astype(np.float64) for name in ("time", "duration"))
    pitch, velocity = (notes[name][order].astype(np.int64) for name in ("pitch", "velocity"))
    held = _hold(onset + duration, *_pedal(tracks))
    performance = Performance(onset, _until_restruck(onset, held, pitch), pitch, velocity)
    if not 0 <= onset[0] <= performance.seconds < LONGEST:
        raise PerformanceError(f"{path}: its times are damaged (to {performance.seconds:.0f} s)")
    return performance


def read_pedal(path: Path) -> Pedal:
    """Read when the sustain pedal goes down and when it comes up.

    Raises PerformanceError when the file is not MIDI.
    """
    time, down = _pedal(_tracks(path))
    before = np.concatenate([[False], down[:-1]]) if down.size else down
    return Pedal(time[down & ~before], time[~down & before])


def _tracks(path: Path) -> list[Any]:
    import symusic

    try:
        score: Any = symusic.Score(path, ttype="Second")
    except (RuntimeError, ValueError, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise PerformanceError(f"{path}: not a readable MIDI file ({reason})") from error
    return [track for track in score.tracks if not track.is_drum]


def _pedal(tracks: list[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """The time of each message of the sustain pedal, and whether it is down from then on."""
    controls = _columns([track.controls.numpy() for track in tracks])
    own = controls["number"] == SUSTAIN_PEDAL
    time, value = controls["time"][own].astype(np.float64), controls["value"][own]
    order = np.argsort(time, kind="stable")
    return time[order], value[order] >= PEDAL_DOWN


def _columns(tracks: list[dict[str, npt.NDArray[Any]]]) -> dict[str, npt.NDArray[Any]]:
    """All tracks as one table."""
    names = tracks[0] if tracks else ()
    return {name: np.concatenate([track[name] for track in tracks]) for name in names}


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
    order = np.argsort(pitch, kind="stable")
    same = pitch[order[:-1]] == pitch[order[1:]]
    struck, again = order[:-1][same], order[1:][same]
    release = release.copy()
    release[struck] = np.minimum(release[struck], onset[again])
    return np.maximum(release, onset)
