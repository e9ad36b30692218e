"""Whole recordings and what is played in them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runtime.kinds import Samples
from train.data.notes import Notes

Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Pedal:
    """When the sustain pedal goes `down (p,)` and `up (q,)`, seconds, float64."""

    down: Seconds
    up: Seconds


@dataclass(frozen=True, eq=False)
class Music:
    """A recording: its `name`, `samples (n,) float32` at 22 050 Hz, notes, and pedal if known."""

    name: str
    samples: Samples
    notes: Notes
    pedal: Pedal | None = None
