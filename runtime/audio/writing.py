"""Sound written block by block, as 16-bit PCM: to a file, or as a WAV to a pipe."""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from runtime.errors import AudioError, OutputError
from runtime.files import replacing
from runtime.kinds import Samples

Steps = npt.NDArray[np.int16]
Write = Callable[[Samples], None]

# RIFF, size, WAVE, fmt, its size, PCM, channels, rate, bytes a second, bytes a frame, bits a
# sample, data, size
_WAV = struct.Struct("<4sI4s4sIHHIIHH4sI")
_UNKNOWN = 0xFFFF_FFFF  # the size of what is not over, or too large to be told


@contextmanager
def audio_file(path: Path, sample_rate: int, overwrite: bool = False) -> Iterator[Write]:
    """Yield what takes blocks `(n,)`, full scale 1.0, of a file: `.flac` or `.wav`.

    Values beyond full scale are clipped, never wrapped; the file is there whole or not at all.
    Raises `AudioError` for NaN or infinity, `OutputError` for another suffix or when the file
    cannot be written.
    """
    path = Path(path)
    kind = {".wav": "WAV", ".flac": "FLAC"}.get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"{path}: audio is written as .wav or .flac; choose one of them")
    with replacing(path, overwrite) as temporary:
        try:
            with soundfile.SoundFile(temporary, "w", sample_rate, 1, "PCM_16", format=kind) as file:
                yield lambda samples: file.write(_steps(samples, path))
        except soundfile.LibsndfileError as error:
            raise OutputError(f"{path}: cannot be written ({error})") from error


def wav_stream(pipe: BinaryIO, sample_rate: int, samples: int | None) -> Write:
    """Begin a WAV in a pipe and return what takes its blocks `(n,)`, full scale 1.0.

    The header tells the length, or where `samples` is None that it is not known.
    """
    size = _UNKNOWN if samples is None or 2 * samples > _UNKNOWN - 36 else 2 * samples
    riff = _UNKNOWN if size == _UNKNOWN else size + 36
    form = (b"WAVE", b"fmt ", 16, 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    pipe.write(_WAV.pack(b"RIFF", riff, *form, b"data", size))

    def write(block: Samples) -> None:
        pipe.write(_steps(block, "standard output").astype("<i2").tobytes())
        pipe.flush()

    return write


def _steps(samples: Samples, name: Path | str) -> Steps:
    if not np.isfinite(samples).all():
        raise AudioError(f"{name}: the signal holds NaN or infinity and is not written")
    return np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
