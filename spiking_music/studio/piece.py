"""A recording as the page shows it."""

import shlex
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runtime.audio.reading import opened_audio
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
    most, length, blocks = round(longest * sample_rate), 0, []
    try:
        with opened_audio(file, sample_rate) as recording:
            # Counted while reading, since a small file may unpack to hours of sound.
            for block in recording:
                length += len(block)
                if length > most:
                    raise TooLargeError(_too_long(name, longest))
                blocks.append(block)
    except AudioError as error:
        raise AudioError(str(error).replace(str(file), name)) from error
    samples = np.concatenate(blocks)
    warnings = tuple(text.replace(str(file), name) for text in recording.warnings)
    return Piece(name, samples, pictured(spectrogram(samples, sample_rate)), warnings)


def _too_long(name: str, longest: float) -> str:
    own = shlex.quote(name)
    return (
        f"{name}: lasts longer than {longest:g} s; open a part of it, as made by: ffmpeg -i {own} "
        f"-t {longest:g} part.wav, or hear it whole in the report of: spiking-music demo {own}"
    )


def pictured(decibels: npt.NDArray[np.float32]) -> Picture:
    """Scale the upper 72 dB of a spectrogram `(bins, columns)` in dB to 0..255."""
    level = 1 + (decibels - decibels.max()) / RANGE_DB
    return np.rint(255 * np.clip(level, 0, 1)).astype(np.uint8)
