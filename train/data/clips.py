"""Clips to measure a codec on: the middle 5.944 s of recordings, with their notes if known."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.errors import AudioError, DataError, SpikingMusicError
from train.config import CLIP_FRAMES, HOP, SAMPLE_RATE
from train.data.low_pass import low_pass
from train.data.notes import Notes

Item = TypeVar("Item")

CLIP_SAMPLES = CLIP_FRAMES * HOP
_SHORTEST = 2048  # samples; the longest window of the distances
_BELOW_NYQUIST = 0.95  # share of the Nyquist frequency above which a resampler rolls off


@dataclass(frozen=True, eq=False)
class Clip:
    """A clip: its `name`, `samples (n,) float32` at 22 050 Hz, and what is known about it.

    `bandwidth` in Hz, if its recording had a lower rate; sound above it is not compared. `notes`
    played in it, if a list of them exists.
    """

    name: str
    samples: Samples
    bandwidth: float | None = None
    notes: Notes | None = None


def read_clip(file: Path, notes: Notes | None = None) -> Clip:
    """Return the middle of a recording, with the notes played in it.

    `notes` are those of the whole recording, by default read from a `.tsv` beside it that has onset
    in seconds and MIDI number in columns 1 and 3, as in MAPS.
    Raises `AudioError` when the recording cannot be read or is shorter than 0.1 s.
    """
    recording = read_audio(file, SAMPLE_RATE)
    if len(recording.samples) < _SHORTEST:
        raise AudioError(f"{file}: is shorter than 0.1 s; remove it from the data")
    if notes is None:
        listed = file.with_suffix(".tsv")
        notes = listed_notes(listed) if listed.is_file() else None
    narrow = recording.source_rate < SAMPLE_RATE
    part = middle(len(recording.samples))
    return Clip(
        file.stem,
        recording.samples[part],
        _BELOW_NYQUIST * recording.source_rate / 2 if narrow else None,
        None if notes is None else played_in(part, notes),
    )


def read_clips(
    items: Sequence[Item], read: Callable[[Item], Clip], limit: int | None = None
) -> tuple[list[Clip], list[str]]:
    """Return the clips of at most `limit` items, spread evenly, and why others were skipped.

    An item that cannot be read is replaced by another. Raises `DataError` when none is left.
    """
    clips: list[Clip] = []
    skipped: list[str] = []
    step = 1 if limit is None else max(1, len(items) // limit)
    for index in sorted(range(len(items)), key=lambda index: index % step > 0):
        if len(clips) == limit:
            break
        try:
            clips.append(read(items[index]))
        except SpikingMusicError as error:
            skipped.append(str(error))
    if not clips:
        reason = f"; the first: {skipped[0]}" if skipped else ""
        raise DataError(f"none of {len(items)} recordings can be measured{reason}")
    return clips, skipped


def middle(samples: int) -> slice:
    """Return the slice of the middle 5.944 s of so many samples, or all of a shorter recording."""
    start = max(0, (samples - CLIP_SAMPLES) // 2)
    return slice(start, min(samples, start + CLIP_SAMPLES))


def played_in(part: slice, notes: Notes) -> Notes:
    """Return the notes that begin in a part of a recording, in seconds from its start."""
    return notes.between(part.start / SAMPLE_RATE, part.stop / SAMPLE_RATE)


def listed_notes(file: Path) -> Notes:
    """Return the notes of a `.tsv` with onset in seconds and MIDI number in columns 1 and 3.

    Raises `AudioError` for any other file.
    """
    try:
        onset, pitch = np.loadtxt(file, usecols=(0, 2), ndmin=2).T
    except (ValueError, OSError) as error:
        raise AudioError(f"{file}: not a list of notes ({error}); take it out") from error
    if not all(math.isfinite(value) for value in (*onset, *pitch)):
        raise AudioError(f"{file}: holds NaN or infinity; remove it")
    order = np.argsort(onset, kind="stable")
    return Notes(onset[order], pitch[order].astype(np.int64))


def within(samples: Samples, clip: Clip) -> Samples:
    """Return samples `(n,)`, original or copy, limited to the bandwidth of the clip's recording."""
    return samples if clip.bandwidth is None else low_pass(samples, clip.bandwidth)
