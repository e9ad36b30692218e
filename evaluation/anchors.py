"""Sounds that are known to be worse: low-pass anchors and a distorted one, as in a MUSHRA test."""

import functools

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

SAMPLE_RATE = 22_050
ANCHORS_HZ = (3500, 7000)  # low and middle anchor of ITU-R BS.1534-3, section 5.1
_TAPS = 511
_LEVELS = 8


def low_pass(samples: Samples, cutoff: float) -> Samples:
    """Return `samples (n,) float32`, n >= 1, below `cutoff` Hz, not delayed.

    A windowed sine of 511 taps: flat within 0.03 dB to 0.1 kHz below the cutoff, -6 dB there,
    less than -51 dB from 0.1 kHz above it on. Mask: ITU-R BS.1534-3, section 5.1.
    """
    filtered = np.convolve(samples, _kernel(cutoff))
    return filtered[_TAPS // 2 :][: len(samples)].astype(np.float32)


def distort(samples: Samples) -> Samples:
    """Return the distorted anchor: below 3.5 kHz, clipped at its own level, in 8 steps.

    The paper's anchor is "audio distorted by hand", so this one is ours: a low pass takes the
    brilliance, hard clipping at the root mean square adds the harshness of an overdriven
    amplifier, and 3 bits a sample leave the grain of coarse quantisation.
    """
    dull = low_pass(samples, ANCHORS_HZ[0])
    limit = float(np.sqrt(np.mean(np.square(dull, dtype=np.float64))))
    if limit == 0.0:
        return dull
    step = 2 * limit / (_LEVELS - 1)
    levels = np.rint((np.clip(dull, -limit, limit) + limit) / step)
    return (levels * step - limit).astype(np.float32)


@functools.cache
def _kernel(cutoff: float) -> npt.NDArray[np.float64]:
    share = 2 * cutoff / SAMPLE_RATE
    kernel = share * np.sinc(share * np.arange(-(_TAPS // 2), _TAPS // 2 + 1))
    kernel *= np.blackman(_TAPS)
    return kernel / kernel.sum()
