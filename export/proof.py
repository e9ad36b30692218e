"""Why a layer spikes the same on every conforming back end, for all inputs: bounds, no probes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.fixed_point import FLOAT32_EXACT, THRESHOLD
from neuromorphic.integers.layer import CURRENT_LIMIT, PAYLOAD_MAX, IntegerLayer
from neuromorphic.integers.network import BLOCK
from neuromorphic.integers.nir_forms import RESIDUE, portable_scale


@dataclass(frozen=True)
class Proof:
    """Bounds over all units and all payloads `|x| <= payload_max`, and what follows from them.

    A unit fires where `a = sum(w x) + 2**shift b + 1/2 > 0`, with `w`, `x`, `b` integers. Since `a`
    is never nearer to 0 than 1/2, `>` and `>=` agree. Since the chip's current and voltage,
    `(sum|w| m >> shift) + |b|` and the threshold at most, stay below `wrap_limit`, nothing wraps.
    Since every sum, in halves, stays below 2^24, float32 adds without rounding, in any order. Since
    half a step of the portable graph's `v` exceeds what its leak and one rounding leave of the last
    step, its LIF forgets. So any back end that adds and compares, in integers of 24 bits or more
    or in floats of 24 bits or more, gives the same spikes.
    """

    payload_max: int
    largest_chip_value: int
    wrap_limit: int
    smallest_margin: float
    largest_sum: float
    float32_limit: int
    portable_margin: float
    portable_residue: float

    @property
    def holds(self) -> bool:
        """Tell whether every bound is kept."""
        return (
            self.largest_chip_value < self.wrap_limit
            and self.smallest_margin > 0
            and 2 * self.largest_sum < self.float32_limit
            and self.portable_margin > self.portable_residue
        )


def prove(layer: IntegerLayer) -> Proof:
    """Return the bounds of a layer, from its weights alone."""
    low, high = layer.current_bounds()
    bias = np.abs(layer.bias.astype(np.int64))
    sums = layer.sum_bounds() + (bias << layer.shift) + 0.5
    return Proof(
        payload_max=PAYLOAD_MAX,
        largest_chip_value=int((np.maximum(high, -low) + bias + 1 + THRESHOLD).max()),
        wrap_limit=CURRENT_LIMIT,
        smallest_margin=0.5,
        largest_sum=float(sums.max()),
        float32_limit=FLOAT32_EXACT,
        portable_margin=float(portable_scale(layer).min()) / 2,
        portable_residue=RESIDUE,
    )


def smallest_margin(layer: IntegerLayer, payload: npt.NDArray[np.int8]) -> float:
    """Return the least `|a|` (see `Proof`) that `payload (M, T) int8` reaches; 1/2 is the bound."""
    weight = layer.weight.astype(np.float64)
    level = layer.bias.astype(np.float64)[:, None] * 2.0**layer.shift + 0.5
    parts = (payload[:, start : start + BLOCK] for start in range(0, payload.shape[1], BLOCK))
    return min((float(np.abs(weight @ part + level).min()) for part in parts), default=np.inf)
