"""How the treble of a decoded sound differs from that of its original, whatever its waveform."""

import functools
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from train.config import SAMPLE_RATE
from train.objectives.distances import FLOOR, magnitudes

LOWEST_HZ = 2000.0
BANDS = 4  # from there up, of equal ratio
OCTAVES = (1, 2, 4, 8, 16, 32)  # Hz of modulation
_LONG, _SHORT = 1024, 256  # windows, samples

Array = npt.NDArray[np.float64]


def log_spectral_distance(original: Samples, decoded: Samples) -> float:
    """Return the root mean square difference of levels above 2 kHz, in dB, mean over the frames.

    Both signals are `(n,) float32` at 22 050 Hz, n > 1024; the windows have 1024 samples.
    Source: Gray and Markel, "Distance measures for speech processing", 1976, on the spectra.
    """
    first = int(np.ceil(LOWEST_HZ / SAMPLE_RATE * _LONG))
    one, other = (
        20 * np.log10(magnitudes(sound, _LONG)[first:] + FLOOR) for sound in (original, decoded)
    )
    return float(np.sqrt(np.square(one - other).mean(0)).mean())


def modulation_distance(original: Samples, decoded: Samples) -> float:
    """Return how far the powers of the envelopes' modulation are apart, in dB.

    The envelopes are those of four bands above 2 kHz, in frames of 2.9 ms; their spectra are
    compared in the five octaves from 1 to 32 Hz. Signals are `(n,) float32` at 22 050 Hz, of a
    second or more.
    """
    one, other = (10 * np.log10(_modulation(sound)) for sound in (original, decoded))
    return float(np.abs(one - other).mean())


def _modulation(sound: Samples) -> Array:
    """The power `(BANDS, octaves)` of the envelopes' modulation."""
    power = np.square(magnitudes(sound, _SHORT), dtype=np.float64)
    envelope = np.sqrt(np.add.reduceat(power, _edges(), axis=0))
    spectrum = np.abs(np.fft.rfft(envelope * np.hanning(envelope.shape[1]))) ** 2
    hertz = np.fft.rfftfreq(envelope.shape[1], _SHORT / 4 / SAMPLE_RATE)
    within = [(low <= hertz) & (hertz < high) for low, high in pairwise(OCTAVES)]
    means = [spectrum[:, some].mean(1) for some in within]
    return np.stack(means, 1) / envelope.shape[1] + FLOOR**2


@functools.cache
def _edges() -> npt.NDArray[np.int64]:
    hertz = np.geomspace(LOWEST_HZ, SAMPLE_RATE / 2, BANDS + 1)[:-1]
    return np.ceil(hertz / SAMPLE_RATE * _SHORT).astype(np.int64)
