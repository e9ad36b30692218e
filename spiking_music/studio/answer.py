"""What a unit responds to: the average sound around its onsets, made audible.

Powers are averaged, since waveforms would cancel: a unit does not fire in phase with them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal import ShortTimeFFT

from runtime.audio.samples import Samples
from spiking_music.studio.errors import StudioError

Powers = npt.NDArray[np.float64]

BEFORE, AFTER = 0.15, 0.6  # seconds around an onset
_WINDOW, _HOP = 2048, 256
_ROUNDS = 32  # of Griffin and Lim; more hardly change the sound
_PEAK = 0.5  # of full scale


@dataclass(frozen=True, eq=False)
class Answer:
    """The triggered average of one unit: `sound (n,) float32`, over how many `onsets`."""

    sound: Samples
    onsets: int


def answer(samples: Samples, fires: npt.NDArray[np.bool_], hop: int, sample_rate: int) -> Answer:
    """Return what is louder than usual around the frames in which a unit begins to fire.

    `samples (n,)`, `fires (T,)`, `hop` samples a frame. The mean power of each frequency over
    0.15 s before to 0.6 s after each onset, less its mean over the whole piece, is made audible by
    the algorithm of Griffin and Lim (IEEE Trans. ASSP 32, 1984).
    Raises `StudioError` when the unit never begins to fire.
    """
    begins = np.flatnonzero(fires & ~np.concatenate([[False], fires[:-1]]))
    if not begins.size:
        raise StudioError("this unit never fires here; choose another one")
    transform = _transform(sample_rate)
    before, after = (round(seconds * sample_rate / _HOP) for seconds in (BEFORE, AFTER))
    padded = np.pad(samples.astype(np.float64), (before * _HOP, after * _HOP + _WINDOW))
    power = np.abs(transform.stft(padded, p0=0)) ** 2
    # Padding is silence, next to which everything would be louder than usual.
    inside = power[:, before : max(before + 1, power.shape[1] - after)]
    places = begins[:, None] * hop // _HOP + np.arange(before + after)
    usual = inside.mean(axis=1, keepdims=True)
    mean = power[:, np.minimum(places, power.shape[1] - 1)].mean(axis=1)
    return Answer(_audible(np.sqrt(np.maximum(mean - usual, 0)), transform), len(begins))


def _transform(sample_rate: int) -> ShortTimeFFT:
    window = np.hanning(_WINDOW + 1)[:-1]
    return ShortTimeFFT(window, _HOP, sample_rate, scale_to=None)


def _audible(magnitude: Powers, transform: ShortTimeFFT) -> Samples:
    length = (magnitude.shape[1] - 1) * _HOP
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, magnitude.shape)
    spectrum = magnitude * np.exp(1j * angles)
    for _ in range(_ROUNDS):
        again = transform.stft(transform.istft(spectrum, k1=length), p0=0, p1=magnitude.shape[1])
        spectrum = magnitude * np.exp(1j * np.angle(again))
    sound = transform.istft(spectrum, k1=length)
    peak = np.abs(sound).max(initial=0.0)
    return (sound * (_PEAK / peak if peak else 0.0)).astype(np.float32)
