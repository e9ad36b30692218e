"""Levels as events: unit `level (2 bins) + 2 bin + sign` fires where the bin passes that level.

Levels count from 0 and have no end, so that a higher one only makes N larger; the sign is 1 for
negative coefficients.
"""

import numpy as np
import numpy.typing as npt

from runtime.errors import FormatError
from runtime.events import EventMatrix

Levels = npt.NDArray[np.int32]


def events_of(levels: Levels, units: int = 0) -> EventMatrix:
    """Return the events of `levels (T, bins)`, signed whole numbers of levels passed.

    There are as many units as `units` and the highest level ask for.
    """
    frames, bins = levels.shape
    frame, bin = places(levels != 0)
    height = np.abs(levels[frame, bin].astype(np.int64))
    first = np.repeat(np.cumsum(height) - height, height)
    level = np.arange(len(first)) - first
    lowest = 2 * bin + (levels[frame, bin] < 0)
    unit = np.repeat(lowest, height) + 2 * bins * level
    most = 2 * bins * int(height.max(initial=1))
    return EventMatrix.from_coordinates(unit, np.repeat(frame, height), max(units, most), frames)


def places(mask: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.intp], ...]:
    """Return the row and the column of each true entry, as `nonzero` does, but faster for few."""
    return np.unravel_index(np.flatnonzero(mask), mask.shape)


def levels_of(events: EventMatrix, bins: int) -> Levels:
    """Return the levels `(T, bins) int32`, signed; the inverse of `events_of`.

    Raises `FormatError` for events that are no thermometer: a level without those below it, or
    both signs of a bin.
    """
    level, pair = np.divmod(events.unit.astype(np.int64), 2 * bins)
    counts = np.zeros((events.frames, 2 * bins), np.int32)
    tops = np.zeros((events.frames, 2 * bins), np.int32)
    place = (events.frame, pair)
    np.add.at(counts, place, 1)
    np.maximum.at(tops, place, level.astype(np.int32) + 1)
    positive, negative = counts[:, ::2], counts[:, 1::2]
    if (counts != tops).any() or (positive * negative).any():
        raise FormatError("events of a lapped model: a level fires without those below it")
    return positive - negative
