"""Whether a layer's sums fit the accumulators of chips: for all inputs, or for those seen alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.catalogue import chip_names, load_chip
from neuromorphic.integers.layer import IntegerLayer

ALL, SEEN, NONE = "all inputs", "the recordings of the probe alone", "neither"


@dataclass(frozen=True)
class Accumulator:
    """The largest sum that `chip` holds, beside those that the recordings and all inputs reach.

    `holds_for` is one of `ALL`, `SEEN` and `NONE`: bits are equal there as far as this chip goes.
    """

    chip: str
    limit: int
    recordings: int
    all_inputs: int
    holds_for: str


def accumulators(layer: IntegerLayer, payload: npt.NDArray[np.int8]) -> tuple[Accumulator, ...]:
    """Compare `layer` with every chip whose accumulator is published; `payload (M, T)` was seen."""
    low, high = layer.current_bounds()
    most, seen = int(np.maximum(high, -low).max()), layer.peak_current(payload)
    found = []
    for name in chip_names():
        limits = load_chip(name).limits
        known = limits["sum_max"].range() if "sum_max" in limits else None
        if known is not None:
            limit = int(known[0])
            holds = ALL if most <= limit else SEEN if seen <= limit else NONE
            found.append(Accumulator(name, limit, seen, most, holds))
    return tuple(found)
