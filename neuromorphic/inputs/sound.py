"""A recording as the energies of a bank of filters, step by step."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import SpikingMusicError

Array = npt.NDArray[Any]
SUFFIXES = (".wav", ".flac")
LOWEST = 50.0  # Hz: the centre of the first filter
HIGHEST = 0.45  # of the sample rate: the centre of the last
LARGEST = 2**27  # the most values of an input


def filtered(path: Path, shape: tuple[int, ...], step: float) -> Array:
    """Return the amplitude in each band and step: `(T, N) float64`, full scale 1.0.

    The N filters are gammatones of fourth order, spaced evenly in equivalent rectangular bandwidths
    (Glasberg and Moore 1990) from 50 Hz to 0.45 of the sample rate; a value is the root mean square
    of a filter's output over a step of `step` s. Raises `AudioError` for a file that is no
    recording, and `SpikingMusicError` for a network that does not take (N,) and for a step that is
    shorter than a sample.
    """
    from scipy.signal import gammatone, lfilter

    from runtime.audio.recordings import read_audio

    if len(shape) != 1:
        raise SpikingMusicError(f"{path}: is sound, for an input of shape (N,); it takes {shape}")
    recording = read_audio(path, None)
    rate, samples = recording.source_rate, np.asarray(recording.samples, np.float64)
    ends = np.arange(0, len(samples) + rate * step, rate * step).round().astype(int)
    if not 1 <= rate * step < np.inf or len(ends) * shape[0] > LARGEST:
        raise SpikingMusicError(f"{path}: steps of {step:g} s do not suit {rate} samples a second")
    ends = np.unique(np.minimum(ends, len(samples)))
    bands = [
        np.add.reduceat(lfilter(*gammatone(centre, "iir", fs=rate), samples) ** 2, ends[:-1])
        for centre in _centres(shape[0], rate)
    ]
    found: Array = np.sqrt(np.array(bands).T / np.diff(ends)[:, None])
    return found


def _centres(bands: int, rate: float) -> Array:
    def erbs(hertz: Any) -> Any:
        return 21.4 * np.log10(1 + 0.00437 * hertz)

    even = np.linspace(erbs(LOWEST), erbs(HIGHEST * rate), bands)
    found: Array = (10 ** (even / 21.4) - 1) / 0.00437
    return found
