"""Where training music comes from: MAESTRO's own layout, rendered MIDI, or any folder of audio."""

import csv
import hashlib
import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from runtime.audio import read_audio
from runtime.errors import AudioError, SpikingMusicError
from runtime.files import replacing
from train.data.performance import read_midi
from train.data.piano import SAMPLE_RATE, Piano, render

SPLITS = ("train", "validation", "test")
DETUNE = 0.15  # semitones: what tunings of pianos differ by
AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")

Samples = npt.NDArray[np.float32]


class DataError(SpikingMusicError):
    """A data folder that cannot be used, with what is missing."""


@dataclass(frozen=True)
class Piece:
    """One performance of MAESTRO: its `title`, official `split`, files (audio may be missing)."""

    title: str
    split: str
    midi: Path
    audio: Path


def maestro(root: Path, split: str) -> list[Piece]:
    """The pieces of one split of MAESTRO v3, from its CSV or JSON metadata.

    Raises DataError when the folder holds no metadata or the split is unknown.
    """
    if split not in SPLITS:
        raise DataError(f"split {split!r} is unknown: choose one of {', '.join(SPLITS)}")
    rows = _metadata(root)
    return [
        Piece(
            f"{row['canonical_composer']}: {row['canonical_title']}",
            row["split"],
            root / row["midi_filename"],
            root / row["audio_filename"],
        )
        for row in rows
        if row["split"] == split
    ]


def _metadata(root: Path) -> list[dict[str, str]]:
    tables = sorted(root.glob("maestro*.csv"))
    if tables:
        with tables[0].open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    tables = sorted(root.glob("maestro*.json"))
    if not tables:
        raise DataError(f"{root}: no maestro*.csv or maestro*.json here; give MAESTRO's top folder")
    columns: dict[str, dict[str, str]] = json.loads(tables[0].read_text(encoding="utf-8"))
    return [{name: columns[name][key] for name in columns} for key in columns["split"]]


def rendered(pieces: list[Piece], piano: Piano, cache: Path) -> list[Path]:
    """The sound of pieces: their own WAV where it exists, else FLAC rendered once into `cache`."""
    cache.mkdir(parents=True, exist_ok=True)

    def audio(piece: Piece) -> Path:
        if piece.audio.exists():
            return prepared(piece.audio, cache)
        path = cache / f"{piece.midi.stem}.flac"
        if not path.exists():
            _store(path, render(read_midi(piece.midi), piano))
        return path

    return [audio(piece) for piece in pieces]


def prepared(file: Path, cache: Path) -> Path:
    """A recording at 22 050 Hz: itself, or a mono FLAC of it, made once in `cache`.

    Raises AudioError when it cannot be read.
    """
    if sample_rate_of(file) == SAMPLE_RATE:
        return file
    cache.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:8]
    path = cache / f"{file.stem}-{digest}.flac"
    if not path.exists():
        _store(path, read_audio(file, SAMPLE_RATE).samples)
    return path


def sample_rate_of(file: Path) -> int:
    """The rate of a recording in Hz; raises AudioError when it is no audio file."""
    try:
        return int(soundfile.info(file).samplerate)
    except soundfile.LibsndfileError as error:
        raise AudioError(f"{file}: is no audio file; take it out of the data") from error


def _store(path: Path, sound: Samples) -> None:
    with replacing(path, overwrite=True) as temporary:
        soundfile.write(temporary, sound, SAMPLE_RATE, "PCM_16", format="FLAC")


def audio_files(root: Path) -> list[Path]:
    """Every audio file below a folder, sorted; raises DataError when there is none."""
    files = sorted(p for p in root.rglob("*") if p.suffix.lower() in AUDIO_SUFFIXES)
    if not files:
        raise DataError(f"{root}: no audio files ({', '.join(AUDIO_SUFFIXES)}) in this folder")
    return files


class Crops:
    """Random crops of a set of 22 050 Hz files: a pure function of (seed, step), read ahead."""

    def __init__(self, files: list[Path], batch: int, samples: int, seed: int) -> None:
        lengths = np.array([soundfile.info(f).frames for f in files])
        self.read = math.ceil(samples * 2 ** (DETUNE / 12)) + 1
        keep = lengths >= self.read
        if not keep.any():
            raise DataError(f"none of {len(files)} files is as long as a crop of {samples} samples")
        self.files = [f for f, k in zip(files, keep, strict=True) if k]
        self.room = lengths[keep] - self.read + 1
        self.batch, self.samples, self.seed = batch, samples, seed

    def __call__(self, step: int) -> Samples:
        """The batch of a step: `(batch, samples)` float32, varied as another piano would be."""
        return np.stack([self._crop(step * self.batch + item) for item in range(self.batch)])

    def _crop(self, number: int) -> Samples:
        rng = np.random.default_rng([self.seed, number])
        index = int(rng.choice(len(self.files), p=self.room / self.room.sum()))
        start = int(rng.integers(self.room[index]))
        sound, _ = soundfile.read(
            self.files[index], self.read, start, dtype="float32", always_2d=True
        )
        return vary(_retuned(sound.mean(1), self.samples, rng), rng)


def vary(sound: Samples, rng: np.random.Generator) -> Samples:
    """Play a crop as another piano in another room might: level, smooth colour, reverberation.

    One sampled piano is one instrument in no room; the codec must serve others.
    """
    gain = 10 ** (rng.uniform(-12, 6) / 20)
    colour = rng.normal(0, 3, 8) * (rng.random() < 0.5)
    wet = rng.uniform(0, 0.6) * (rng.random() < 0.5)
    size = 2 * len(sound)
    spectrum = np.fft.rfft(sound, size)
    octave = np.log2(np.fft.rfftfreq(size, 1 / SAMPLE_RATE) + 40)
    spectrum *= 10 ** (np.interp(octave, np.linspace(5.3, 13.4, 8), colour) / 20)
    if wet:
        spectrum *= 1 + wet * np.fft.rfft(_room(rng), size)
    varied = gain * np.fft.irfft(spectrum, size)[: len(sound)]
    return (varied / max(1.0, np.abs(varied).max())).astype(np.float32)


def _retuned(sound: Samples, samples: int, rng: np.random.Generator) -> Samples:
    """Play a crop a little higher or lower: no two pianos have the same partials."""
    ratio = 2 ** (rng.uniform(-DETUNE, DETUNE) / 12)
    return soxr.resample(sound, ratio, 1.0)[:samples]


def _room(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A room's impulse response: decaying noise of unit energy, after 10 ms of silence."""
    decay = rng.uniform(0.05, 0.25)
    time = np.arange(int(0.7 * SAMPLE_RATE)) / SAMPLE_RATE
    response = rng.standard_normal(len(time)) * np.exp(-time / decay) * (time > 0.01)
    return response / np.sqrt(np.sum(response**2))


def ahead(
    make: Callable[[int], Samples], first: int, last: int, depth: int = 2
) -> Iterator[Samples]:
    """Yield `make(step)` for every step from first to last, made in a thread ahead of its use."""
    with ThreadPoolExecutor(1) as pool:
        queue = [pool.submit(make, step) for step in range(first, min(first + depth, last))]
        for step in range(first, last):
            if step + depth < last:
                queue.append(pool.submit(make, step + depth))
            yield queue.pop(0).result()
