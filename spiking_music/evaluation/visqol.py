"""ViSQOL, a model of how listeners would rate a decoded sound."""

import math
import warnings
from collections.abc import Callable

import numpy as np
import soxr

from runtime.audio.samples import Samples
from runtime.errors import MissingPackageError
from runtime.extras import how_to_install

SAMPLE_RATE = 48_000  # of its audio mode


def load_visqol() -> Callable[[Samples, Samples, int], float | None]:
    """Return the function from original, decoded `(n,) float32` and their rate to MOS-LQO.

    The score is 1..4.73, higher is better; None if ViSQOL gives none, as for silence.
    Raises `MissingPackageError` if visqol-python is not installed.
    Source: Chinen et al., "ViSQOL v3", QoMEX 2020, audio mode.
    """
    try:
        from visqol import VisqolApi
    except ModuleNotFoundError as error:
        raise MissingPackageError(f"{how_to_install('visqol')}; it needs a C compiler") from error
    api = VisqolApi()
    api.create(mode="audio")

    def measure(original: Samples, decoded: Samples, rate: int) -> float | None:
        reference, degraded = (
            soxr.resample(sound.astype(np.float64), rate, SAMPLE_RATE)
            for sound in (original, decoded)
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # it divides by the level of silence
            try:
                score = api.measure_from_arrays(reference, degraded, SAMPLE_RATE).moslqo
            except (ValueError, RuntimeError):
                return None
        return float(score) if math.isfinite(score) else None

    return measure
