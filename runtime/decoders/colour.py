"""Give a signal the average spectrum of what the waveform decoder misses, or take it away.

Diffusion adds white noise. Music falls by tens of decibels towards high frequencies, so even a
little remaining white noise would drown it there. If diffusion works on a whitened signal, the
remaining noise has the spectrum of music.
"""

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples

LOWEST = 32.0  # Hz: where a spectrum's first value lies; the last lies at half the sample rate


@functools.lru_cache(8)
def gains(spectrum: tuple[float, ...], samples: int, rate: int) -> npt.NDArray[np.float32]:
    """Return the factor at each bin of an FFT over `samples`: `(samples // 2 + 1,) float32`.

    `spectrum` is in dB at frequencies spaced evenly in octaves from 32 Hz to `rate / 2` Hz,
    constant below; an empty one is flat.
    """
    frequency = np.fft.rfftfreq(samples, 1 / rate)
    if not spectrum:
        return np.ones(len(frequency), np.float32)
    octaves = np.linspace(np.log2(LOWEST), np.log2(rate / 2), len(spectrum))
    level = np.interp(np.log2(np.maximum(frequency, LOWEST)), octaves, spectrum)
    return np.power(10.0, level / 20).astype(np.float32)


def coloured(white: Samples, spectrum: Sequence[float], rate: int) -> Samples:
    """Give a signal `(n,) float32` the colour of a spectrum."""
    factor = gains(tuple(spectrum), len(white), rate)
    return np.fft.irfft(np.fft.rfft(white) * factor, len(white)).astype(np.float32)


def whitened(signal: Samples, spectrum: Sequence[float], rate: int) -> Samples:
    """Remove the colour of a spectrum from a signal `(n,) float32`: the inverse of `coloured`."""
    factor = gains(tuple(spectrum), len(signal), rate)
    return np.fft.irfft(np.fft.rfft(signal) / factor, len(signal)).astype(np.float32)
