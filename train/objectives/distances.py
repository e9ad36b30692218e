"""How far a decoded sound is from its original, in spectra with several window lengths."""

import functools

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from train.config import SAMPLE_RATE

Array = npt.NDArray[np.float32]

# The windows of the mel distance, which training also minimises, and their bands.
MEL_BANDS = {2048: 160, 1024: 96, 512: 64, 256: 40}
STFT_WINDOWS = (2048, 1024, 512)
FLOOR = np.float32(1e-3)  # -60 dB of one partial at full scale: anything below is inaudible


def mel_distance(original: Samples, decoded: Samples) -> float:
    """Return the mean absolute difference of log mel magnitudes over four windows, in nepers.

    Both signals are `(n,) float32` at 22 050 Hz, n > 1024. All windows have equal weight.
    """
    distances = []
    for window, bands in MEL_BANDS.items():
        filters = mel_filters(window, bands)
        logarithms = (
            np.log(filters @ magnitudes(sound, window) + FLOOR) for sound in (original, decoded)
        )
        distances.append(_mean_difference(*logarithms))
    return float(np.mean(distances))


def stft_distance(original: Samples, decoded: Samples) -> float:
    """Return the multi-resolution STFT distance of two signals `(n,) float32`, n > 1024.

    It is the mean over three windows of spectral convergence, `|| |X| - |Y| || / || |X| ||`, plus
    the mean absolute difference of log magnitudes in nepers.
    Source: Yamamoto et al., "Parallel WaveGAN", ICASSP 2020, equations 4 to 6.
    """
    distances = []
    for window in STFT_WINDOWS:
        one, other = (magnitudes(sound, window) for sound in (original, decoded))
        convergence = np.linalg.norm(one - other) / max(float(np.linalg.norm(one)), float(FLOOR))
        logarithmic = _mean_difference(np.log(one + FLOOR), np.log(other + FLOOR))
        distances.append(float(convergence) + logarithmic)
    return float(np.mean(distances))


def magnitudes(sound: Samples, window: int) -> Array:
    """Return `|STFT|`, `(window / 2 + 1, 1 + n // hop) float32`, at a hop of a quarter window.

    The signal is mirrored at its ends; the window is a periodic Hann window.
    """
    padded = np.pad(sound, window // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[:: window // 4]
    return np.abs(np.fft.rfft(frames * _hann(window), axis=1)).T.astype(np.float32)


def _mean_difference(one: Array, other: Array) -> float:
    return float(np.mean(np.abs(one - other), dtype=np.float64))


@functools.cache
def _hann(window: int) -> Array:
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


@functools.cache
def mel_filters(window: int, bands: int, lowest: float = 0.0) -> Array:
    """Triangular filters on the HTK mel scale: `(bands, window / 2 + 1)`, each of unit area.

    The first one begins at `lowest` Hz.
    """
    first, bins = (
        2595 * np.log10(1 + hertz / 700)
        for hertz in (lowest, np.linspace(0, SAMPLE_RATE / 2, window // 2 + 1))
    )
    edges = np.linspace(first, bins[-1], bands + 2)
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.maximum(np.minimum(rise, fall), 0)
    return (filters / np.maximum(filters.sum(1, keepdims=True), 1e-3)).astype(np.float32)
