"""What the events tell for certain: the cell of each coefficient, between two thresholds."""

import numpy as np
import numpy.typing as npt

from runtime.lapped import chip

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


def cells(q: Ints, step: Floats, units: chip.Units) -> tuple[Floats, Floats]:
    """The least and the largest coefficient `(T, bins)` with levels `q (T, bins)` at `step (T,)`.

    Where `n` levels fire, the magnitude lies between the thresholds of levels `n` and `n + 1` of
    the chip; where none fires, it lies below the first, and the sign is open.
    """
    size = np.abs(q)
    above = _threshold(size, units) * step[:, None]
    below = np.where(size, _threshold(np.maximum(size - 1, 0), units) * step[:, None], -above)
    negative = q < 0
    return np.where(negative, -above, below), np.where(negative, -below, above)


def _threshold(level: Ints, units: chip.Units) -> Floats:
    """The thresholds `(T, bins)` of levels counted from 0, in steps of the chunk."""
    row = np.minimum(level, len(units.theta) - 1)
    theta = units.theta[row, np.arange(units.bins)]
    return (theta * (level + chip.OFFSET) / chip.GRID).astype(np.float32)
