"""Prove by bounds that layers spike the same on every conforming back end, for any input."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.synapses import FLOAT32_EXACT
from neuromorphic.integers.exact import ExactLayer, levels
from neuromorphic.integers.fixed_point import THRESHOLD
from neuromorphic.integers.layer import CURRENT_LIMIT, PAYLOAD_MAX
from neuromorphic.integers.network import BLOCK
from neuromorphic.integers.nir_forms import RESIDUE, portable_scale


@dataclass(frozen=True)
class Proof:
    """Bounds over all units and all payloads `|x| <= payload_max`, and what follows from them.

    A unit fires if `a = sum(w x) + 2**shift b + 1/2 > 0`, with `w`, `x`, `b` integers; in a network
    of several layers the `x` include spikes of other layers. Since `a`
    is never nearer to 0 than 1/2, `>` and `>=` agree. Since the chip's current and voltage,
    `(sum|w| m >> shift) + |b|` and the threshold at most, stay below `wrap_limit`, nothing wraps.
    Since every sum, in halves, stays below 2^24, float32 adds without rounding, in any order. Since
    half a step of the portable graph's `v` exceeds what its leak and one rounding leave of the last
    step, its LIF keeps nothing that matters. So any back end that adds and compares, in integers or
    floats of 24 bits or more, gives the same spikes.
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
        """Whether every bound is met."""
        return (
            self.largest_chip_value < self.wrap_limit
            and self.smallest_margin > 0
            and 2 * self.largest_sum < self.float32_limit
            and self.portable_margin > self.portable_residue
        )


def prove(layers: Sequence[ExactLayer]) -> Proof:
    """Return the bounds of layers, from their weights alone."""
    on_chip = [
        layer.chip_bounds(PAYLOAD_MAX) + np.abs(layer.bias) + 1 + THRESHOLD for layer in layers
    ]
    sums = [layer.bounds(PAYLOAD_MAX) + np.abs(layer.bias) * 2.0**layer.shift for layer in layers]
    return Proof(
        payload_max=PAYLOAD_MAX,
        largest_chip_value=max(int(values.max()) for values in on_chip),
        wrap_limit=CURRENT_LIMIT,
        smallest_margin=0.5,
        largest_sum=max(float(values.max()) for values in sums) + 0.5,
        float32_limit=FLOAT32_EXACT,
        portable_margin=min(float(portable_scale(layer).min()) for layer in layers) / 2,
        portable_residue=RESIDUE,
    )


def smallest_margin(layers: Sequence[ExactLayer], payload: npt.NDArray[np.int8]) -> float:
    """Return the least `|a|` (see `Proof`) that `payload (M, T) int8` reaches; 1/2 is the bound."""
    parts = (payload[:, start : start + BLOCK] for start in range(0, payload.shape[1], BLOCK))
    margins = (float(np.abs(level).min()) for part in parts for level in levels(layers, part))
    return min(margins, default=np.inf)
