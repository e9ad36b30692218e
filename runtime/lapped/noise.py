"""Noise in the treble, in bands whose levels a small net predicts from the events.

The file may carry corrections of these levels: integer multiples of `UNIT_DB`, for the bands from
`first_band` on, one row for each block of `BLOCK` hops.
"""

import functools

import numpy as np
import numpy.typing as npt

from runtime.decoders.noise import frame_noise

WINDOW, HOP = 1024, 512  # of the noise's own spectrum, samples
BANDS = 32
PARTS = 4  # levels in a hop of the lapped transform: part p covers HOP (p - 1) to HOP (p + 1)
POOLS = 40
FEATURES = 2 * POOLS + 1
BLOCK = 16  # hops of the transform, 1.49 s
UNIT_DB = 3.0
FIRST_HZ = 1200.0
LARGEST_CORRECTION = 12
NEPER = np.log(10) / 20  # a decibel

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@functools.cache
def mel_edges(count: int, bins: int, rate: int) -> npt.NDArray[np.int64]:
    """Edges `(count + 1,)` of bands of equal mel width over `bins`, each at least one bin wide."""
    top = 2595 * np.log10(1 + rate / 2 / 700)
    hertz = 700 * (10 ** (np.linspace(0, top, count + 1) / 2595) - 1)
    edges = np.round(hertz / (rate / 2) * bins).astype(int)
    for i in range(1, count + 1):
        edges[i] = max(edges[i], edges[i - 1] + 1)
    return edges


def means(values: Floats, count: int, bins: int, rate: int) -> Floats:
    """Means `(T, count)` over `count` mel bands of `bins`; `values (T, n)` may lack the highest."""
    edges = mel_edges(count, bins, rate)
    begun = edges[:-1] < values.shape[1]
    found = np.zeros((len(values), count), np.float32)
    found[:, begun] = np.add.reduceat(values[:, :bins], edges[:-1][begun], axis=1)
    found /= np.diff(edges)
    return found


def amplitudes(levels: Floats, rate: int) -> Floats:
    """Amplitudes `(T, WINDOW / 2 + 1)` of log amplitudes `(T, BANDS)` at the centres of bands."""
    below, share = between(rate)
    centres: Floats = np.exp(np.clip(levels, -14, 2))
    lower = centres[:, below]
    return lower + (centres[:, below + 1] - lower) * share


@functools.cache
def between(rate: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """For each bin the band whose centre is below, and its place from there to the next one."""
    edges = mel_edges(BANDS, WINDOW // 2, rate)
    middle = (edges[:-1] + edges[1:] - 1) / 2
    place = np.interp(np.arange(WINDOW // 2 + 1), middle, np.arange(BANDS))
    below = np.minimum(place.astype(np.int64), BANDS - 2)
    return below, (place - below).astype(np.float32)


@functools.cache
def first_band(rate: int) -> int:
    """The first band whose centre is above `FIRST_HZ`: corrections start here."""
    edges = mel_edges(BANDS, WINDOW // 2, rate)
    return int(np.argmax((edges[:-1] + edges[1:]) / 2 * rate / WINDOW > FIRST_HZ))


def band_count(rate: int) -> int:
    """The number of bands that have corrections."""
    return BANDS - first_band(rate)


def features(values: Floats, step: Floats, hop: int, rate: int) -> Floats:
    """The net's input `(T, FEATURES)` for dequantised `values (T, K)` at `step (T,)`."""
    energy = np.log10(means(values * values, POOLS, hop, rate) + 1e-9) / 2 + 2
    some = np.sqrt(means((values != 0).astype(np.float32), POOLS, hop, rate)) * 3
    size = np.log10(step)[:, None] + 1
    return np.concatenate([energy, some, size], 1, dtype=np.float32)


def corrected(levels: Floats, corrections: Ints, rate: int) -> Floats:
    """Log amplitudes `(PARTS T, BANDS)` adjusted by corrections `(T, bands)`, one row a frame."""
    moved = levels.copy()
    moved[:, first_band(rate) :] += np.repeat(corrections, PARTS, 0) * np.float32(UNIT_DB * NEPER)
    return moved


def powers(sound: Floats, count: int, rate: int) -> Floats:
    """Mean power `(n - 1, count)` of mel bands in `sound (n HOP,)`, a row for each part inside."""
    cut = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * window()
    spectrum = np.fft.rfft(cut, axis=1)
    power: Floats = np.square(spectrum.real) + np.square(spectrum.imag)
    return means(power, count, WINDOW // 2, rate)


@functools.cache
def window() -> Floats:
    """The root of a raised cosine, `(WINDOW,)`: the squares of two neighbours add up to one."""
    return np.sin(np.arange(WINDOW) * (np.pi / WINDOW)).astype(np.float32)


def noise(levels: Floats, seed: int, first: int, rate: int) -> Floats:
    """Noise `((parts - 1) HOP,)` with log amplitudes `(parts, BANDS)`, from part `first` on.

    The first and the last half window, which lack a neighbour, are left out. A part of a
    recording always has the same noise, whichever window it is computed in.
    """
    amplitude = amplitudes(levels, rate)
    drawn = frame_noise(seed, first, len(levels), 2 * HOP + 8).reshape(len(levels), 2 * HOP + 8)
    pairs = drawn[:, : 2 * (HOP + 1)].reshape(len(levels), HOP + 1, 2)
    spectrum = (pairs[..., 0] + 1j * pairs[..., 1]).astype(np.complex64) * amplitude
    halves = (np.fft.irfft(spectrum, axis=1) * window()).astype(np.float32).reshape(-1, 2, HOP)
    return (halves[:-1, 1] + halves[1:, 0]).ravel()
