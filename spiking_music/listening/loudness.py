"""Equalise loudness, so that no condition wins by being louder."""

import warnings
from collections.abc import Sequence

import numpy as np
import pyloudnorm

from runtime.audio.samples import Samples

LUFS = -23.0  # EBU R 128
CEILING = 0.98  # of full scale


def matched(sounds: Sequence[Samples], rate: int) -> list[Samples]:
    """Return `sounds (n,) float32` at one loudness: -23 LUFS, or less if one would clip.

    Loudness is gated, as in ITU-R BS.1770-4. Silence and sounds shorter than 0.4 s have none and
    are not changed.
    """
    levels = [_loudness(sound, rate) for sound in sounds]
    louder = [
        sound if level is None else sound * np.float32(10 ** ((LUFS - level) / 20))
        for sound, level in zip(sounds, levels, strict=True)
    ]
    peak = max((float(np.abs(sound).max(initial=0.0)) for sound in louder), default=0.0)
    scale = np.float32(min(1.0, CEILING / peak)) if peak else np.float32(1.0)
    return [(sound * scale).astype(np.float32) for sound in louder]


def _loudness(sound: Samples, rate: int) -> float | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it may take the logarithm of silence
        try:
            level = pyloudnorm.Meter(rate).integrated_loudness(sound.astype(np.float64))
        except ValueError:
            return None
    return float(level) if np.isfinite(level) else None
