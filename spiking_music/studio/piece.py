"""A recording as the page shows it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.errors import AudioError
from spiking_music.report.spectrum import spectrogram
from spiking_music.studio.errors import TooLargeError

Picture = npt.NDArray[np.uint8]

RANGE_DB = 72.0


@dataclass(frozen=True, eq=False)
class Piece:
    """A recording: its `name`, `samples (n,) float32`, and its spectrogram `(bins, columns)`.

    In the spectrogram 255 is the loudest point and 0 is 72 dB below it.
    """

    name: str
    samples: Samples
    picture: Picture
    warnings: tuple[str, ...]


def read_piece(file: Path, name: str, sample_rate: int, longest: float) -> Piece:
    """Read a recording and call it `name`.

    Raises `AudioError` if it is not a recording, `TooLargeError` if it is longer than `longest` s.
    """
    try:
        # Checked before reading, since a small file may unpack to hours of sound.
        with soundfile.SoundFile(file) as opened:
            seconds = opened.frames / opened.samplerate
        if seconds > longest:
            raise TooLargeError(f"{name}: lasts longer than {longest:g} s; choose a shorter part")
        recording = read_audio(file, sample_rate)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{name}: cannot be read as audio; give a WAV or FLAC") from error
    except AudioError as error:
        raise AudioError(str(error).replace(str(file), name)) from error
    warnings = tuple(text.replace(str(file), name) for text in recording.warnings)
    picture = pictured(spectrogram(recording.samples, sample_rate))
    return Piece(name, recording.samples, picture, warnings)


def pictured(decibels: npt.NDArray[np.float32]) -> Picture:
    """Scale the upper 72 dB of a spectrogram `(bins, columns)` in dB to 0..255."""
    level = 1 + (decibels - decibels.max()) / RANGE_DB
    return np.rint(255 * np.clip(level, 0, 1)).astype(np.uint8)
