"""Codecs in use today, on the same clips: Opus and FLAC, with the sizes of their files."""

import io

import numpy as np
import soundfile
import soxr

from runtime.audio.samples import Samples
from train.config import SAMPLE_RATE

OPUS_KBPS = (6, 12, 24)
_OPUS_RATE = 24_000  # Hz, the nearest that Opus has
_LOWEST, _SPAN = 6.0, 250.0  # kbit/s: what libsndfile makes of its compression levels 1..0
_LONGEST_DELAY = 0.01  # seconds
_FINENESS = 8  # steps of delay a sample


def opus(samples: Samples, kbps: float) -> tuple[Samples, int]:
    """Code `samples (n,) float32` at 22 050 Hz by Ogg/Opus; return the sound and its file's bits.

    `kbps`, 6..256, is the requested rate; the encoder's rate varies, and the container adds to it.
    The codec's delay is removed, so that waveforms can be compared.
    """
    sound = soxr.resample(samples, SAMPLE_RATE, _OPUS_RATE)
    level = 1 - (kbps - _LOWEST) / _SPAN
    decoded, bits = _through(
        sound, _OPUS_RATE, format="OGG", subtype="OPUS", compression_level=level
    )
    back = soxr.resample(decoded, _OPUS_RATE, SAMPLE_RATE)
    return aligned(samples, _fitted(back, len(samples))), bits


def flac(samples: Samples) -> tuple[Samples, int]:
    """Code `samples (n,) float32` at 22 050 Hz by FLAC in 16 bits; return the sound and bits."""
    return _through(samples, SAMPLE_RATE, format="FLAC", subtype="PCM_16")


def aligned(original: Samples, delayed: Samples) -> Samples:
    """Shift `delayed (n,) float32` to where it fits `original (n,)` best, by at most 10 ms.

    To an eighth of a sample, by the peak of their cross-correlation; silence stays as it is.
    """
    size = 2 * len(original)
    one, other = np.fft.rfft(original, size), np.fft.rfft(delayed, size)
    correlation = np.fft.irfft(other * one.conj(), _FINENESS * size)
    most = min(round(_LONGEST_DELAY * SAMPLE_RATE), len(original)) * _FINENESS
    lags = np.arange(-most, most + 1)
    lag = lags[np.argmax(correlation[lags])] / _FINENESS if correlation.any() else 0.0
    shift = np.exp(2j * np.pi * np.arange(len(one)) * lag / size)
    return np.fft.irfft(other * shift, size)[: len(original)].astype(np.float32)


def _through(sound: Samples, rate: int, **how: object) -> tuple[Samples, int]:
    file = io.BytesIO()
    soundfile.write(file, sound, rate, **how)
    bits = 8 * len(file.getvalue())
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return decoded, bits


def _fitted(samples: Samples, length: int) -> Samples:
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
