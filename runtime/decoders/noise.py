"""Gaussian noise as a function of (seed, frame), whatever range of frames is asked for."""

import numpy as np
import numpy.typing as npt

from runtime.errors import SpikingMusicError

_PER_COUNT = 8  # one count of Philox-4x64 makes four 64-bit words, eight 32-bit halves


def frame_noise(seed: int, first: int, frames: int, hop: int) -> npt.NDArray[np.float32]:
    """Return unit gaussian noise `(frames * hop,)` for the frames from `first` on.

    Asking for frames 0..9 and then 10..19 gives the same numbers as asking for 0..19, so windows
    that overlap share their noise. It is made from raw Philox words by the Box-Muller transform,
    because numpy guarantees that the words never change but does not guarantee its own gaussian.
    `hop` must be a multiple of 8. Raises `SpikingMusicError` for a seed outside 0..2**64-1.
    """
    if not 0 <= seed < 2**64:
        raise SpikingMusicError(f"seed {seed}: choose one from 0 to 2**64 - 1")
    if hop % _PER_COUNT:
        raise ValueError(f"hop {hop} is not a multiple of {_PER_COUNT}")
    counts = hop // _PER_COUNT
    raw = np.random.Philox(key=seed, counter=first * counts).random_raw(frames * counts * 4)
    halves = raw.astype("<u8", copy=False).view("<u4").reshape(-1, 2)
    radius = np.sqrt(-2.0 * np.log((halves[:, 0] + 1.0) * 2.0**-32)).astype(np.float32)
    angle = (halves[:, 1] * (2.0**-31 * np.pi)).astype(np.float32)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()
