"""How a sound looks: power over time on a logarithmic frequency axis, in decibels."""

import numpy as np
import numpy.typing as npt

WINDOW = 2048
HOP = 512
BINS = 192
LOWEST_HZ = 27.5  # the lowest key of a piano
_FLOOR = 1e-12


def log_frequencies(sample_rate: int, bins: int = BINS) -> npt.NDArray[np.float64]:
    """Return the centres `(bins,)` in Hz, evenly spaced in octaves up to half the sample rate."""
    return np.geomspace(LOWEST_HZ, sample_rate / 2, bins)


def spectrogram(samples: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    """Return the power in dB, `(BINS, 1 + samples // HOP)`, of the signal `(samples,)`.

    Hann window of 2048 samples every 512, zeros beyond both ends; 0 dB is a full-scale sine.
    Between the lines of the transform the power is interpolated linearly.
    """
    padded = np.pad(samples, WINDOW // 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    hann = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    # A full-scale sine gives sum(hann) / 2 in its line.
    power = np.abs(np.fft.rfft(windows * hann, axis=1) / (hann.sum() / 2)) ** 2
    lines = np.fft.rfftfreq(WINDOW, 1 / sample_rate)
    place = np.interp(log_frequencies(sample_rate), lines, np.arange(lines.size))
    below = np.minimum(place.astype(np.int64), lines.size - 2)
    share = (place - below)[None]
    mixed = power[:, below] * (1 - share) + power[:, below + 1] * share
    decibels: npt.NDArray[np.float32] = (10 * np.log10(mixed + _FLOOR)).T.astype(np.float32)
    return decibels
