"""The short frames in which diffusion makes what the events do not tell.

They are a lapped transform of the sound with the hop of the noise, 512 samples: short enough for
the temporal envelope of the treble. Both transforms are orthonormal, so that values can be held to
the cells of the long frames.
"""

import numpy as np
import numpy.typing as npt

from runtime.lapped.noise import HOP, amplitudes
from runtime.lapped.transform import analysis, frames

BINS = HOP
PATCH = 16  # bins that the nets take together
PATCHES = BINS // PATCH
FEATURES = 2 * PATCH + 1
QUIET = 1e-5  # of a coefficient: anything below is inaudible

Floats = npt.NDArray[np.float32]


def analysed(sound: Floats) -> Floats:
    """The coefficients `(n + 1, BINS)` of a sound `(n HOP,)`."""
    return analysis(frames(sound, HOP), BINS)


def base_levels(levels: Floats, rate: int) -> Floats:
    """Log amplitudes `(T, BINS)` of coefficients that sound like noise of `levels (T, BANDS)`."""
    amplitude = amplitudes(levels, rate)
    middle = (amplitude[:, 1:] + amplitude[:, :-1]) / np.float32(2 * np.sqrt(HOP))
    return np.log(middle).astype(np.float32, copy=False)


def features(base: Floats, levels: Floats, step: Floats) -> Floats:
    """The envelope net's input `(FEATURES, T, PATCHES)`.

    `base (T, BINS)` are the coefficients of the decoded waveform, `levels (T, BINS)` log amplitudes
    of the noise, `step (T,)` that of the events.
    """
    beside = np.pad(base, ((0, 0), (1, 1)))
    power = np.square(base) + np.square(beside[:, 2:] - beside[:, :-2])  # steadier than the square
    heard = np.log(power + QUIET**2) / 4 + 1
    size = np.broadcast_to(np.log(step)[:, None, None] / 2 + 1, (len(base), PATCHES, 1))
    parts = [x.reshape(len(base), PATCHES, PATCH) for x in (heard, levels / 2 + 2)]
    return np.concatenate([*parts, size], 2, dtype=np.float32).transpose(2, 0, 1)
