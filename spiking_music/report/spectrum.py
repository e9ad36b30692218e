"""Spectrograms: power in dB over time, on a logarithmic frequency axis."""

import numpy as np
import numpy.typing as npt

WINDOW = 2048
HOP = 512
BINS = 192
LOWEST_HZ = 27.5  # the lowest key of a piano
_FLOOR = 1e-12


def log_frequencies(sample_rate: int) -> npt.NDArray[np.float64]:
    """Return the centres `(BINS,)` in Hz, evenly spaced in octaves up to half the sample rate."""
    return np.geomspace(LOWEST_HZ, sample_rate / 2, BINS)


def spectrogram(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    """Return the power in dB, `(BINS, 1 + samples // HOP)`, of the signal `(samples,)`.

    Hann window of 2048 samples every 512, zeros beyond both ends; 0 dB is a full-scale sine.
    A band holds its strongest line, or, where it is narrower than the lines' distance, the power
    interpolated between them.
    """
    padded = np.pad(samples, WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    # A full-scale sine gives sum(hann) / 2 in its line.
    power = np.abs(np.fft.rfft(windows * hann, axis=1) / (hann.sum() / 2)) ** 2
    decibels = 10 * np.log10(_banded(power, sample_rate) + _FLOOR)
    return decibels.T.astype(np.float32)


def _banded(power: npt.NDArray[np.floating], sample_rate: int) -> npt.NDArray[np.floating]:
    """Bring power from the lines of the transform `(T, lines)` to the bands `(T, BINS)`."""
    centres = log_frequencies(sample_rate)
    lines = np.fft.rfftfreq(WINDOW, 1 / sample_rate)
    place = np.interp(centres, lines, np.arange(lines.size))
    below = np.minimum(place.astype(np.int64), lines.size - 2)
    share = place - below
    between = power[:, below] * (1 - share) + power[:, below + 1] * share
    half = (centres[1] / centres[0]) ** 0.5
    first = np.searchsorted(lines, centres / half)
    last = np.searchsorted(lines, centres * half)
    # reduceat takes one line where a band holds none; that band is interpolated anyway.
    strongest = np.maximum.reduceat(power, np.minimum(first, lines.size - 1), axis=1)
    return np.where(last > first, np.maximum(strongest, between), between)
