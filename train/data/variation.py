"""Vary crops, so that training on one piano serves other pianos and rooms."""

import numpy as np
import numpy.typing as npt
import soxr

from runtime.audio.samples import Samples
from train.config import SAMPLE_RATE

DETUNE = 0.15  # semitones: how much the tunings of pianos differ


def vary(sound: Samples, rng: np.random.Generator) -> Samples:
    """Change level, smooth colour and reverberation, as of another piano in another room.

    A sampled piano is one instrument without a room, but the codec must serve others too.
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


def retuned(sound: Samples, samples: int, rng: np.random.Generator) -> Samples:
    """Shift a crop a little up or down, since no two pianos have the same partials."""
    ratio = 2 ** (rng.uniform(-DETUNE, DETUNE) / 12)
    return soxr.resample(sound, ratio, 1.0)[:samples]


def _room(rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """A room's impulse response: decaying noise of unit energy, after 10 ms of silence."""
    decay = rng.uniform(0.05, 0.25)
    time = np.arange(int(0.7 * SAMPLE_RATE)) / SAMPLE_RATE
    response = rng.standard_normal(len(time)) * np.exp(-time / decay) * (time > 0.01)
    return response / np.sqrt(np.sum(response**2))
