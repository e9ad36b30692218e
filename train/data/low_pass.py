"""A low-pass filter without delay."""

import functools

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from train.config import SAMPLE_RATE

_TAPS = 511


def low_pass(samples: Samples, cutoff: float) -> Samples:
    """Return `samples (n,) float32`, n >= 1, filtered below `cutoff` Hz, without delay.

    A windowed sine of 511 taps: flat within 0.03 dB to 0.1 kHz below the cutoff, -6 dB there,
    less than -51 dB from 0.1 kHz above it on. Mask: ITU-R BS.1534-3, section 5.1.
    """
    filtered = np.convolve(samples, _kernel(cutoff))
    return filtered[_TAPS // 2 :][: len(samples)].astype(np.float32)


@functools.cache
def _kernel(cutoff: float) -> npt.NDArray[np.float64]:
    from scipy.signal import firwin  # here, since it is slow to import and rarely needed

    kernel: npt.NDArray[np.float64] = firwin(_TAPS, cutoff, window="blackman", fs=SAMPLE_RATE)
    return kernel
