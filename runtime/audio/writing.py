"""Write sound block by block as 16-bit PCM: to a file, or as a WAV to a pipe."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile

from runtime.audio.samples import Samples
from runtime.audio.wav import too_long, wav_header
from runtime.errors import AudioError, OutputError
from runtime.files import opened_output, replacing
from runtime.kinds import Note
from runtime.outputs import is_stream

Steps = npt.NDArray[np.int16]
Write = Callable[[Samples], None]


@contextmanager
def audio_file(
    path: Path,
    sample_rate: int,
    overwrite: bool = False,
    samples: int | None = None,
    note: Note = lambda message: None,
) -> Iterator[Write]:
    """Yield a function that writes blocks `(n,)`, full scale 1.0, to a `.flac` or `.wav` file.

    Values beyond full scale are clipped, never wrapped. The file appears only when it is complete.
    `samples` is how many will come, or None if that is not known. A pipe or device gets the WAV as
    it is made. A WAV beyond 4 GiB becomes an RF64, and `note` is called to say so.
    Raises `AudioError` for NaN or infinity, `OutputError` for another suffix or when the file
    cannot be written.
    """
    path = Path(path)
    if is_stream(path):
        with opened_output(path) as pipe:
            yield wav_stream(pipe, sample_rate, samples)
        return
    refuse_suffix(path)
    with replacing(path, overwrite) as temporary:
        file = _flac if path.suffix.lower() == ".flac" else _wav
        with file(temporary, path, sample_rate, samples, note) as write:
            yield write


def refuse_suffix(path: Path) -> None:
    """Raise `OutputError` when the suffix is neither `.wav` nor `.flac`."""
    if path.suffix.lower() not in (".wav", ".flac"):
        raise OutputError(f"{path}: audio is written as .wav or .flac; choose one of them")


def wav_stream(pipe: BinaryIO, sample_rate: int, samples: int | None) -> Write:
    """Write a WAV header to a pipe; return a function that writes blocks `(n,)`, full scale 1.0.

    The header states the length, or that it is not known if `samples` is None.
    """
    pipe.write(wav_header(sample_rate, samples))

    def write(block: Samples) -> None:
        pipe.write(_steps(block, "standard output").astype("<i2").tobytes())
        pipe.flush()

    return write


@contextmanager
def _flac(
    temporary: Path, path: Path, sample_rate: int, samples: int | None, note: Note
) -> Iterator[Write]:
    try:
        with soundfile.SoundFile(temporary, "w", sample_rate, 1, "PCM_16", format="FLAC") as file:
            yield lambda block: file.write(_steps(block, path))
    except soundfile.LibsndfileError as error:
        raise OutputError(f"{path}: cannot be written ({error})") from error


@contextmanager
def _wav(
    temporary: Path, path: Path, sample_rate: int, samples: int | None, note: Note
) -> Iterator[Write]:
    written, room = 0, samples is None or too_long(samples)
    with temporary.open("wb") as file:
        file.write(wav_header(sample_rate, samples or 0, room))

        def write(block: Samples) -> None:
            nonlocal written
            file.write(_steps(block, path).astype("<i2").tobytes())
            written += len(block)

        yield write
        file.seek(0)
        file.write(wav_header(sample_rate, written, room))
    if too_long(written):
        note(f"{path}: is longer than a WAV can be, and an RF64, which not every player reads")


def _steps(samples: Samples, name: Path | str) -> Steps:
    if not np.isfinite(samples).all():
        raise AudioError(f"{name}: the signal holds NaN or infinity; nothing was written")
    return np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
