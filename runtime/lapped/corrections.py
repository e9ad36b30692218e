"""Corrections of the noise's levels, which the encoder computes because it has the original."""

import numpy as np
import numpy.typing as npt

from runtime.lapped.noise import (
    BANDS,
    BLOCK,
    LARGEST_CORRECTION,
    PARTS,
    UNIT_DB,
    WINDOW,
    amplitudes,
    first_band,
    means,
    powers,
)

FLOOR = 1e-6  # of a band's mean power: anything below is inaudible
CHANGE = 0.2  # price of a unit, in logarithms of power: steadier noise sounds closer

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


def corrections(sound: Floats, decoded: Floats, levels: Floats, rate: int) -> Ints:
    """The corrections `(blocks, bands) int32` that bring each band closest to that of `sound`.

    `sound (n HOP,)` and `decoded`, which is without noise, begin together with the second part of
    `levels (n + 1, BANDS)`. The distance is the mean difference of log powers, plus `CHANGE` for
    each unit by which a correction differs from that of the block before. The noise is on average
    not louder than `sound` in any band and block, as far as corrections go down.
    """
    bands = slice(first_band(rate), BANDS)
    wanted, there = (powers(x, BANDS, rate)[:, bands, None] for x in (sound, decoded))
    hidden = means(np.square(amplitudes(levels[1:-1], rate)), BANDS, WINDOW // 2, rate)
    hidden = hidden[:, bands, None]
    units = np.arange(-LARGEST_CORRECTION, LARGEST_CORRECTION + 1)
    louder = (10 ** (units * UNIT_DB / 10)).astype(np.float32)
    found, last = [], np.zeros(hidden.shape[1])
    for start in range(0, len(hidden), PARTS * BLOCK):
        part = slice(start, start + PARTS * BLOCK)
        heard = np.log(there[part] + hidden[part] * louder + FLOOR)
        distance = np.abs(heard - np.log(wanted[part] + FLOOR)).mean(0)
        distance[hidden[part].mean(0) * louder > wanted[part].mean(0) + FLOOR] = np.inf
        last = units[(distance + CHANGE * np.abs(units - last[:, None])).argmin(1)]
        found.append(last)
    return np.array(found, np.int32)
