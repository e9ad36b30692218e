"""Anchors, known to be worse than the original, as in a MUSHRA test: low-pass, and distorted."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np

from runtime.audio.samples import Samples
from train.data.low_pass import low_pass

ANCHORS_HZ = (3500, 7000)  # low and middle anchor of ITU-R BS.1534-3, section 5.1
_LEVELS = 8


def distort(samples: Samples) -> Samples:
    """Return the distorted anchor: below 3.5 kHz, clipped at its own level, in 8 steps.

    The paper's anchor is "audio distorted by hand", so this one is ours: a low pass removes the
    brilliance, hard clipping at the root mean square adds the harshness of an overdriven
    amplifier, and 3 bits per sample add the grain of coarse quantisation.
    """
    dull = low_pass(samples, ANCHORS_HZ[0])
    limit = float(np.sqrt(np.mean(np.square(dull, dtype=np.float64))))
    if limit == 0.0:
        return dull
    step = 2 * limit / (_LEVELS - 1)
    levels = np.rint((np.clip(dull, -limit, limit) + limit) / step)
    return (levels * step - limit).astype(np.float32)


LOW_ANCHOR, MIDDLE_ANCHOR = (f"low-pass {hertz / 1000} kHz" for hertz in ANCHORS_HZ)
DISTORTED = "distorted"
ANCHORS: Final[Mapping[str, Callable[[Samples], Samples]]] = {
    LOW_ANCHOR: partial(low_pass, cutoff=ANCHORS_HZ[0]),
    MIDDLE_ANCHOR: partial(low_pass, cutoff=ANCHORS_HZ[1]),
    DISTORTED: distort,
}
