"""Convert a network's input, numbers of any kind, to the integers that spikes carry."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic

Array = npt.NDArray[np.float64]
LEAST = 1e-290  # of the largest input; what is smaller counts as 0
Payload = npt.NDArray[Any]  # int8; int32 of a LAPPED model


@dataclass(frozen=True)
class Entry:
    """How input becomes integers: `x * 2**exponent`, in so many bits."""

    exponent: int
    bits: int

    @property
    def is_graded(self) -> bool:
        """Whether spikes carry a value."""
        return self.bits > 1


def to_payload(x: Array, exponent: int, widths: Arithmetic = LAVA) -> Payload:
    """Return `x (M, T)` as the integers that spikes carry, rounded and clipped."""
    most = widths.payload_max
    least = 0 if widths.payload_bits == 1 else -most
    return np.clip(np.round(x * 2.0**exponent), least, most).astype(np.int8)


def best_entry(x: Array, widths: Arithmetic = LAVA) -> Entry:
    """Return the scale for `x`: 1 for spikes and integers that fit, else the most accurate one."""
    if np.isin(x, (0, 1)).all():
        return Entry(0, 1)
    if np.array_equal(to_payload(x, 0, widths), x):
        return Entry(0, widths.payload_bits)
    fitting = int(np.floor(np.log2(widths.payload_max / max(np.abs(x).max(), LEAST))))

    def error(exponent: int) -> float:  # in units of `2**-fitting`, in which no square overflows
        held = to_payload(x, exponent, widths) * 2.0 ** (fitting - exponent)
        return float(np.square(held - x * 2.0**fitting).sum())

    # Some outliers may be clipped.
    return Entry(min((fitting, fitting + 1, fitting + 2), key=error), widths.payload_bits)
