"""Sources of music: anything that can be read from any sample on, at 22 050 Hz."""

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from runtime.audio.reading import opened_audio
from runtime.audio.recordings import AUDIO_SUFFIXES, read_audio
from runtime.audio.samples import Samples
from runtime.errors import AudioError, DataError
from runtime.files import replacing
from train.config import SAMPLE_RATE


def recordings(folder: Path) -> list[Path]:
    """Every audio file below a folder, sorted; raises DataError when there is none."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    if not files:
        raise DataError(f"{folder}: holds no recordings ({', '.join(AUDIO_SUFFIXES)})")
    return files


class Source(Protocol):
    """Music of `frames` samples at 22 050 Hz; `name` is what a message calls it."""

    @property
    def name(self) -> str: ...

    @property
    def frames(self) -> int: ...

    def read(self, start: int, frames: int) -> Samples:
        """Samples `start` to `start + frames`, all inside: `(frames,)` float32, always the same.

        Raises AudioError when they cannot be read.
        """


@dataclass(frozen=True, eq=False)
class AudioFile:
    """A recording as a source of music; at another rate it is converted once, into `cache`."""

    path: Path
    rate: int
    frames: int
    cache: Path
    _converting: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def name(self) -> str:
        return str(self.path)

    def read(self, start: int, frames: int) -> Samples:
        """See `Source.read`; thread-safe."""
        path = self.path
        if self.rate != SAMPLE_RATE:
            with self._converting:
                path = prepared(self.path, self.cache)
        try:
            sound, _ = soundfile.read(path, frames, start, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise _damaged(self.path) from error
        if len(sound) < frames or not np.isfinite(sound).all():
            raise _damaged(self.path)
        mono: Samples = sound.mean(1)
        return mono


def audio_file(path: Path, cache: Path) -> AudioFile:
    """A recording, of which only the header is read.

    Raises AudioError when it is damaged, or does not state the length.
    """
    with opened_audio(path, SAMPLE_RATE) as reader:
        if reader.samples is None:
            raise AudioError(f"{path}: does not state its length; convert it to WAV or FLAC")
        return AudioFile(path, reader.source_rate, reader.samples, cache)


def prepared(file: Path, cache: Path) -> Path:
    """A recording converted to mono FLAC at 22 050 Hz, once, in `cache`.

    Raises AudioError when it cannot be read.
    """
    digest = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    path = cache / f"{file.stem}-{digest}.flac"
    if not path.exists():
        sound = read_audio(file, SAMPLE_RATE).samples
        cache.mkdir(parents=True, exist_ok=True)
        with replacing(path, overwrite=True) as temporary:
            soundfile.write(temporary, sound, SAMPLE_RATE, "PCM_16", format="FLAC")
    return path


def _damaged(path: Path) -> AudioError:
    return AudioError(
        f"{path}: is truncated or damaged; download it again or remove it from the data"
    )
