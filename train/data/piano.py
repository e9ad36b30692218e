"""A sampled grand piano: some keys are recorded, and resampled for the keys between them.

It has no sympathetic resonance, half pedal, release noise or room.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import soxr

from runtime.audio.samples import Samples
from train.config import SAMPLE_RATE

LOUDEST = -26.5  # dB, mean level of a key in the loudest layer, so that rendered peaks are below 1
LONGEST = 11 * SAMPLE_RATE  # samples: longer tones are cut
TONES = 88 * 16  # tones cached at once: all of a piano with 16 layers, at most 0.7 GB


@dataclass(frozen=True)
class Recording:
    """One recorded key: `key`, the top `velocity` it serves (MIDI), `level` in dB, its sound."""

    key: int
    velocity: int
    level: float
    load: Callable[[], Samples]


class Tone(NamedTuple):
    """A held key in one layer: `steps: (n,)` int16 times `step`, half the memory of floats."""

    steps: npt.NDArray[np.int16]
    step: float


class Piano:
    """Recorded keys by (key, velocity layer).

    `layer`: (128,) int64, the layer that serves a MIDI velocity; `gain`: (128,) float64, the factor
    that makes loudness continuous in velocity within a layer; `tone(key, layer)`: a tone, cached.
    """

    def __init__(self, recordings: list[Recording]) -> None:
        tops = sorted({r.velocity for r in recordings})
        self._keys = [{r.key: r for r in recordings if r.velocity == top} for top in tops]
        self._evenness = [_evenness(keys) for keys in self._keys]
        velocity = np.arange(128)
        self.layer = np.minimum(np.searchsorted(tops, velocity), len(tops) - 1)
        level = np.array([np.mean([r.level for r in keys.values()]) for keys in self._keys])
        edges = np.array([0, *tops])
        within = np.interp(velocity, (edges[:-1] + edges[1:]) / 2, level) - level[self.layer]
        self.gain = 10 ** ((LOUDEST - level[-1] + within) / 20)
        self.tone = functools.lru_cache(TONES)(self._tone)

    def _tone(self, key: int, layer: int) -> Tone:
        near = min(self._keys[layer], key=lambda k: abs(k - key))
        sound = self._keys[layer][near].load() * np.float32(self._evenness[layer][near])
        if near != key:
            sound = soxr.resample(sound, SAMPLE_RATE, SAMPLE_RATE * 2 ** ((near - key) / 12))
        sound = sound[:LONGEST]
        step = float(np.abs(sound).max(initial=1e-9)) / 32767
        return Tone(np.rint(sound / np.float32(step)).astype(np.int16), step)


def _evenness(keys: dict[int, Recording]) -> dict[int, float]:
    """Gains that pull each key's level to a smooth curve over the keyboard, by at most 6 dB."""
    key = np.array(sorted(keys))
    level = np.array([keys[k].level for k in key])
    smooth = np.polynomial.Polynomial.fit(key, level, 4)(key)
    pull = 0.7 * np.clip(smooth - level, -6, 6)
    return {int(k): float(10 ** (p / 20)) for k, p in zip(key, pull, strict=True)}
