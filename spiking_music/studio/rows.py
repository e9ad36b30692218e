"""The rows of events that the page shows: the units of a model, or of a LAPPED one its bins."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.bundle import Manifest
from runtime.events import EventMatrix
from runtime.piece import Chunk
from runtime.spk.header import NOMINAL_LEVELS


def row_count(model: Manifest) -> int:
    """Return how many rows there are; a bin has the units of all its levels and both signs."""
    return model.units // (2 * NOMINAL_LEVELS) if model.lapped else model.units


def rows_of(model: Manifest, unit: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the row of each unit."""
    return unit % (2 * row_count(model)) // 2 if model.lapped else unit


def without(model: Manifest, chunk: Chunk, muted: frozenset[int]) -> Chunk:
    """Return a chunk without the events of some rows."""
    events = chunk.events
    kept = ~np.isin(rows_of(model, events.unit), sorted(muted))
    left = EventMatrix.from_coordinates(
        events.unit[kept], events.frame[kept], events.units, events.frames
    )
    return replace(chunk, events=left)
