"""Convert samples of any common shape, dtype and rate to the mono float32 signal of a model."""

from typing import Any

import numpy as np
import numpy.typing as npt
import soxr

from runtime.audio.reading import RATES, mixed
from runtime.audio.samples import Samples
from runtime.errors import AudioError

MOST_CHANNELS = 32
_BLOCK = 1 << 16  # samples that are resampled at once


def mono_signal(samples: npt.ArrayLike, rate: float, wanted: int) -> Samples:
    """Return `samples` at `rate` Hz as one signal `(n,) float32` at `wanted` Hz.

    `samples` are `(n,)` or `(n, channels)`, a list or an array: floats with full scale 1.0, or
    `uint8`, `int16` or `int32`, whose full scale is that of the dtype. Channels are averaged. The
    result has `max(1, round(n wanted / rate))` samples. Raises `AudioError` for a rate outside
    1..768 kHz, no samples, another shape or dtype, NaN and infinity.
    """
    if (
        not isinstance(rate, int | float | np.number)
        or rate % 1
        or not RATES[0] <= rate <= RATES[1]
    ):
        raise AudioError(f"a rate of {rate!r} Hz: give a whole number in {RATES[0]}..{RATES[1]}")
    signal = _mixed(_floats(_array(samples)))
    if not np.isfinite(signal).all():
        raise AudioError("the samples hold NaN or infinity, or values beyond float32; repair them")
    return _resampled(signal, int(rate), wanted)


def _array(samples: npt.ArrayLike) -> npt.NDArray[Any]:
    try:
        return np.asarray(samples)
    except (ValueError, TypeError, RuntimeError) as error:  # rows of several lengths, say
        raise AudioError(
            f"the samples are no array ({error}); give (n,) or (n, channels)"
        ) from error


def _floats(array: npt.NDArray[Any]) -> Samples:
    """Scale values to a full scale of 1.0."""
    if array.dtype.kind == "f" or not array.size:  # an empty list is of floats
        with np.errstate(over="ignore"):
            return array.astype(np.float32)
    if array.dtype in (np.int16, np.int32):
        return (array / -float(np.iinfo(array.dtype).min)).astype(np.float32)
    if array.dtype == np.uint8:  # as in WAV, silence is 128
        return ((array - 128.0) / 128).astype(np.float32)
    raise AudioError(
        f"samples of {array.dtype} have no full scale; give floats from -1 to 1, int16 or int32"
    )


def _mixed(array: Samples) -> Samples:
    """Average the channels, if there are several."""
    if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] > MOST_CHANNELS):
        raise AudioError(
            f"samples of shape {array.shape}: give (n,) or (n, channels), with at most "
            f"{MOST_CHANNELS} channels; .T swaps the axes of an array"
        )
    if not array.size:
        raise AudioError(f"samples of shape {array.shape}: there are none; give at least one")
    return array if array.ndim == 1 else mixed(array)


def _resampled(signal: Samples, rate: int, wanted: int) -> Samples:
    if rate == wanted:
        return signal
    stream = soxr.ResampleStream(rate, wanted, 1)
    blocks = [
        stream.resample_chunk(signal[start : start + _BLOCK])
        for start in range(0, len(signal), _BLOCK)
    ]
    blocks.append(stream.resample_chunk(np.zeros(0, np.float32), last=True))
    length = max(1, round(len(signal) * wanted / rate))
    found = np.concatenate(blocks)[:length]
    return np.pad(found, (0, length - len(found)))
