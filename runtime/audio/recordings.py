"""Read and write whole recordings; `reading` and `writing` do it block by block."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runtime.audio.reading import opened_audio
from runtime.audio.samples import Samples
from runtime.audio.writing import audio_file

# Which files of a folder are recordings; a file that is named itself may have any suffix.
AUDIO_SUFFIXES = (
    *(".wav", ".wave", ".bwf", ".rf64", ".w64"),
    *(".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".mpga"),
    *(".aiff", ".aif", ".aifc", ".au", ".snd", ".caf", ".voc", ".avr", ".nist", ".sph", ".ircam"),
)


@dataclass(frozen=True, eq=False)
class Recording:
    """A mono recording: `samples (n,) float32`, and facts about its file.

    `source_rate` in Hz, `source_channels` and `source_frames` are as in the file; `warnings` are
    lines for the user.
    """

    samples: Samples
    source_rate: int
    source_channels: int
    source_frames: int
    warnings: tuple[str, ...]


def read_audio(path: Path, sample_rate: int | None = None) -> Recording:
    """Read a recording, average its channels, and resample it if `sample_rate` is given.

    The result has exactly `max(1, round(source_frames * sample_rate / source_rate))` samples (half
    to even). There is a warning if the recording is silent or clipped.
    Raises `AudioError` when the file does not exist, is a folder, is not audio, is empty or
    truncated, holds NaN or infinity, or has a rate outside 1..768 kHz. A truncated Ogg cannot be
    recognised, since Ogg does not state its length; it is read as far as it goes.
    """
    with opened_audio(Path(path), sample_rate) as reader:
        samples = np.concatenate([*reader])
        source = reader.source_rate, reader.source_channels, reader.source_frames
        return Recording(samples, *source, reader.warnings)


def write_audio(path: Path, samples: Samples, sample_rate: int, overwrite: bool = False) -> None:
    """Write `samples (n,)`, full scale 1.0, as 16-bit PCM: FLAC for `.flac`, WAV for `.wav`.

    Values beyond full scale are clipped, never wrapped. Raises `AudioError` for NaN or infinity,
    `OutputError` for another suffix or when the file cannot be written.
    """
    with audio_file(path, sample_rate, overwrite, len(samples)) as write:
        write(samples)
