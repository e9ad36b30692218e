"""How neuromorphic engineers turn sound into spikes: four codes, each with a linear decoder.

An encoder makes signed spikes `(channels, T) int8`, -1, 0 or 1, at a `scale` that sets how many.
The decoder replays what a channel stands for and filters it, with taps fitted by least squares on
other sound: the field's linear reconstruction. The implementations are ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from scipy.signal import fftconvolve, gammatone, lfilter

RATE = 22_050
TAPS = 257  # of a fitted filter, centred: 12 ms
RIDGE = 1e-3  # of the mean power of what is filtered
GROWTH, RECOVERY_S = 1.1, 5e-3  # of a threshold that adapts
KERNEL = np.hanning(26)[1:-1]  # of Ben's spiker: 1.1 ms
CHANNELS, LOWEST_HZ, HIGHEST_HZ = 32, 50.0, 8000.0
RESPONSE = 2048  # samples of a band's impulse response, 93 ms
DECAY = float(np.exp(-1 / (RATE * 10e-3)))  # of an integrator, a sample

Function = TypeVar("Function", bound=Callable[..., Any])
Sound = npt.NDArray[np.float64]
Signals = npt.NDArray[np.float64]  # (channels, T)
Spikes = npt.NDArray[np.int8]  # (channels, T)


def _compiled(function: Function) -> Function:
    """The function compiled by numba where it is there; without it, it takes minutes a clip."""
    try:
        from numba import njit
    except ImportError:
        return function
    return cast(Function, njit(function))


@dataclass(frozen=True)
class EventCode:
    """A `name`; `encode(signals, scale)` to spikes; `replay(spikes, scale)` to `(channels, T)`.

    `prepare(sound)` is what spikes are made of, and `split(sound)` what each channel of the replay
    has to become: their sum is the sound.
    """

    name: str
    encode: Callable[[Signals, float], Spikes]
    replay: Callable[[Spikes, float], Signals]
    prepare: Callable[[Sound], Signals] = lambda sound: sound[None]
    split: Callable[[Sound], Signals] = lambda sound: sound[None]


def encoded(
    code: EventCode, sound: Sound, wanted: Callable[[Spikes], bool]
) -> tuple[Spikes, float]:
    """Return the spikes at the smallest scale, within 2 %, that has few enough to be `wanted`."""
    signals = code.prepare(sound)
    low, high = 1e-3, 100.0  # of their root mean square; more is fewer spikes
    level = float(np.sqrt(np.mean(np.square(signals)))) + 1e-9
    while high / low > 1.02:
        middle = (low * high) ** 0.5
        if wanted(code.encode(signals, middle * level)):
            high = middle
        else:
            low = middle
    return code.encode(signals, high * level), high * level


@dataclass(frozen=True, eq=False)
class LinearDecoder:
    """Filters `(channels, TAPS)` and gains `(channels,)` that turn a replay into sound."""

    taps: Signals
    gains: Sound

    def __call__(self, replay: Signals) -> Sound:
        """Return the sound `(T,)` of a replay `(channels, T)`."""
        return np.asarray(self.gains @ _filtered(replay, self.taps))


def fitted(replays: Sequence[Signals], wanted: Sequence[Signals]) -> LinearDecoder:
    """Fit a filter a channel, then a gain a channel for the sum, over several sounds."""
    taps = np.stack([
        _least_squares([replay[c] for replay in replays], [part[c] for part in wanted])
        for c in range(len(replays[0]))
    ])  # fmt: skip
    parts = np.concatenate([_filtered(replay, taps) for replay in replays], axis=1)
    whole = np.concatenate([part.sum(0) for part in wanted])
    gram = parts @ parts.T
    gram += 1e-6 * np.trace(gram) / len(gram) * np.eye(len(gram)) + 1e-12 * np.eye(len(gram))
    return LinearDecoder(taps, np.linalg.solve(gram, parts @ whole))


def _filtered(signals: Signals, taps: Signals) -> Signals:
    return np.asarray(fftconvolve(signals, taps, mode="same", axes=1))


def _least_squares(given: Sequence[Sound], wanted: Sequence[Sound]) -> Sound:
    """Return the centred filter that brings signals closest to those wanted."""
    half = TAPS // 2
    square, product = np.zeros(TAPS), np.zeros(TAPS)
    for x, y in zip(given, wanted, strict=True):
        square += fftconvolve(x, x[::-1])[len(x) - 1 :][:TAPS]
        product += fftconvolve(y, x[::-1])[len(x) - 1 - half :][:TAPS]
    lags = np.abs(np.subtract.outer(np.arange(TAPS), np.arange(TAPS)))
    matrix = square[lags] + (RIDGE * square[0] + 1e-12) * np.eye(TAPS)
    return np.asarray(np.linalg.solve(matrix, product))


def send_on_delta(signals: Signals, scale: float) -> Spikes:
    """A spike for each change by `scale`, signed (Miskowicz 2006)."""
    return _tracked(signals[0], scale, growth=1.0)


def threshold_adaptive(signals: Signals, scale: float) -> Spikes:
    """Send-on-delta whose threshold grows with each spike and recovers (as in arXiv 2503.11206)."""
    return _tracked(signals[0], scale, GROWTH)


def _tracked(sound: Sound, scale: float, growth: float) -> Spikes:
    recovery = float(np.exp(-1 / (RATE * RECOVERY_S)))
    return np.asarray(_track(sound, scale, growth, recovery))[None]


@_compiled
def _track(sound: Sound, scale: float, growth: float, recovery: float) -> Spikes:
    spikes = np.zeros(len(sound), np.int8)
    held, threshold = 0.0, scale
    for t in range(len(sound)):
        if abs(sound[t] - held) >= threshold:
            spikes[t] = 1 if sound[t] > held else -1
            held += spikes[t] * threshold
            threshold *= growth
        threshold = scale + (threshold - scale) * recovery
    return spikes


def steps(spikes: Spikes, scale: float) -> Signals:
    """The staircase of send-on-delta."""
    return _staircase(spikes, scale, growth=1.0)


def adaptive_steps(spikes: Spikes, scale: float) -> Signals:
    """The staircase of the adaptive thresholds, which follow from the spikes."""
    return _staircase(spikes, scale, GROWTH)


def _staircase(spikes: Spikes, scale: float, growth: float) -> Signals:
    held = np.zeros(spikes.shape[1])
    threshold, before = scale, 0
    for t in np.flatnonzero(spikes[0]):
        threshold = scale + (threshold - scale) * np.exp((before - t) / (RATE * RECOVERY_S))
        held[t] = spikes[0, t] * threshold
        threshold, before = threshold * growth, t
    return np.cumsum(held)[None]


def bens_spiker(signals: Signals, scale: float) -> Spikes:
    """A spike where subtracting a kernel lessens the error (Schrauwen, Van Campenhout 2003).

    The code is for positive signals: one channel has the positive half-waves, one the negative.
    """
    kernel = scale * KERNEL
    return np.stack([_bens(np.maximum(sign * signals[0], 0), kernel) for sign in (1, -1)])


@_compiled
def _bens(signal: Sound, kernel: Sound) -> Spikes:
    left = np.zeros(len(signal) + len(kernel))
    left[: len(signal)] = signal
    spikes = np.zeros(len(signal), np.int8)
    for t in range(len(signal)):
        gain = 0.0
        for i in range(len(kernel)):
            gain += abs(left[t + i]) - abs(left[t + i] - kernel[i])
        if gain > 0:
            spikes[t] = 1
            left[t : t + len(kernel)] -= kernel
    return spikes


def kernels(spikes: Spikes, scale: float) -> Signals:
    """The sum of the kernels of Ben's spiker."""
    positive, negative = fftconvolve(spikes.astype(float), scale * KERNEL[None], axes=1)
    return np.asarray(positive - negative)[None, : spikes.shape[1]]


def membranes(sound: Sound) -> Signals:
    """Leaky integrators behind a filter bank, half-wave rectified, as they are without reset."""
    return np.asarray(lfilter([1.0], [1.0, -DECAY], np.maximum(bands(sound), 0), axis=1))


def lif_bank(signals: Signals, scale: float) -> Spikes:
    """Spikes of the integrators, whose reset subtracts the threshold."""
    return np.stack([_lif(membrane, scale, DECAY) for membrane in signals])


@_compiled
def _lif(membrane: Sound, threshold: float, decay: float) -> Spikes:
    """Spikes of an integrator whose `membrane (T,)` is that without any reset."""
    spikes = np.zeros(len(membrane), np.int8)
    reset = 0.0  # what resets have taken away
    for t in range(len(membrane)):
        reset *= decay
        if membrane[t] - reset > threshold:
            spikes[t] = 1
            reset += threshold
    return spikes


def bands(sound: Sound) -> Signals:
    """Gammatone bands `(CHANNELS, T)` of a sound, evenly spaced in equivalent rectangular width."""
    return np.asarray(fftconvolve(sound[None], _filters(), axes=1))[:, : len(sound)]


@cache
def _filters() -> Signals:
    """Impulse responses; the recursive filters that scipy offers overflow at the lowest bands."""
    ends = 21.4 * np.log10(1 + 0.00437 * np.array([LOWEST_HZ, HIGHEST_HZ]))  # Glasberg, Moore 1990
    hertz = (10 ** (np.linspace(*ends, CHANNELS) / 21.4) - 1) / 0.00437
    return np.stack([gammatone(f, "fir", numtaps=RESPONSE, fs=RATE)[0] for f in hertz])


def band_parts(sound: Sound) -> Signals:
    """Bands whose sum is the sound: each bin of its spectrum goes to the nearest channel."""
    ends = 21.4 * np.log10(1 + 0.00437 * np.array([LOWEST_HZ, HIGHEST_HZ]))
    hertz = np.fft.rfftfreq(len(sound), 1 / RATE)
    place = (21.4 * np.log10(1 + 0.00437 * hertz) - ends[0]) / (ends[1] - ends[0]) * (CHANNELS - 1)
    nearest = np.clip(np.rint(place), 0, CHANNELS - 1)
    spectrum = np.fft.rfft(sound)
    parts = [np.fft.irfft(spectrum * (nearest == c), len(sound)) for c in range(CHANNELS)]
    return np.stack(parts)


def as_they_are(spikes: Spikes, scale: float) -> Signals:
    """The spikes, each as high as the threshold that it stands for."""
    return scale * spikes.astype(np.float64)


CODES = (
    EventCode("send-on-delta", send_on_delta, steps),
    EventCode("threshold-adaptive", threshold_adaptive, adaptive_steps),
    EventCode("Ben's spiker", bens_spiker, kernels),
    EventCode("LIF filter bank, 32 channels", lif_bank, as_they_are, membranes, band_parts),
)
