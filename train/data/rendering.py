"""Render a performance on a sampled piano, only the part that is read, and always the same.

Every sample is the sum of the notes that sound there, in the order of their onsets, and each term
depends on that note alone. So a window is bit for bit the same as that part of the whole.
"""

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.errors import PerformanceError
from train.config import SAMPLE_RATE
from train.data.performance import Performance
from train.data.piano import LONGEST, Piano

LAST_DAMPED_KEY = 88  # the highest keys of a grand piano have no dampers
DECAY_KEYS = (21, 40, 60, 80, 88)
DECAY_SECONDS = (0.22, 0.14, 0.09, 0.06, 0.05)  # of a falling damper, at these keys
DECAYS = 7  # time constants after which a tone counts as silent: -61 dB
LAST_FALL = round(DECAYS * DECAY_SECONDS[0] * SAMPLE_RATE)
AFTER = 3  # seconds that are rendered after the last release


@dataclass(frozen=True, eq=False)
class Rendering:
    """A performance on a `piano` as a source of music (see `sources.Source`).

    `onset`, `release`: (n,) int32 samples; `key`, `velocity`: (n,) uint8, sorted by onset. The
    dtypes are small because the notes of all of MAESTRO are in memory at once.
    """

    name: str
    frames: int
    piano: Piano
    onset: npt.NDArray[np.int32]
    release: npt.NDArray[np.int32]
    key: npt.NDArray[np.uint8]
    velocity: npt.NDArray[np.uint8]

    def read(self, start: int, frames: int) -> Samples:
        """Samples `start` to `start + frames`: `(frames,)` float32 at 22 050 Hz.

        An onset lies within 3.2 +- 1.4 ms of its MIDI time (1 ms of each tone is before the
        strike).
        """
        out = np.zeros(frames, np.float32)
        sounding = (self.onset < start + frames) & (self.release > start - LAST_FALL)
        for index in np.flatnonzero(sounding):
            key, velocity = int(self.key[index]), int(self.velocity[index])
            tone = self.piano.tone(key, int(self.piano.layer[velocity]))
            at = int(self.onset[index]) - start
            hold = int(self.release[index]) - int(self.onset[index])
            fall = _fall(key)
            begin, end = max(0, -at), min(len(tone.steps), hold + len(fall), frames - at)
            if begin >= end:
                continue
            sound = tone.steps[begin:end] * np.float32(self.piano.gain[velocity] * tone.step)
            if end > hold:
                sound[max(0, hold - begin) :] *= fall[max(0, begin - hold) : end - hold]
            out[at + begin : at + end] += sound
        return out


def rendering(name: str, performance: Performance, piano: Piano) -> Rendering:
    """A performance as a source of music, without the notes that a piano does not have.

    Raises PerformanceError when no note is left.
    """
    own = (performance.pitch >= 21) & (performance.pitch <= 108)
    if not own.any():
        raise PerformanceError(f"{name}: no note is on a piano's keys")
    key = performance.pitch[own]
    onset = np.rint(performance.onset[own] * SAMPLE_RATE).astype(np.int32)
    length = np.rint((performance.release - performance.onset)[own] * SAMPLE_RATE)
    length = np.where(key > LAST_DAMPED_KEY, LONGEST, np.minimum(length, LONGEST))
    return Rendering(
        name,
        round((performance.seconds + AFTER) * SAMPLE_RATE),
        piano,
        onset,
        onset + length.astype(np.int32),
        key.astype(np.uint8),
        performance.velocity[own].astype(np.uint8),
    )


def render(performance: Performance, piano: Piano) -> Samples:
    """A whole performance: `(samples,)` float32 at 22 050 Hz."""
    source = rendering("", performance, piano)
    return source.read(0, source.frames)


@functools.cache
def _fall(key: int) -> Samples:
    """The gain of a damped key from its release to silence."""
    decay = float(np.interp(key, DECAY_KEYS, DECAY_SECONDS)) * SAMPLE_RATE
    return np.exp(-np.arange(round(DECAYS * decay), dtype=np.float32) / np.float32(decay))
