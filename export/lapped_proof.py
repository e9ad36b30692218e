"""Prove by bounds that the units of a LAPPED bundle fire the same on every conforming back end."""

from dataclasses import dataclass

from neuromorphic.graphs.synapses import FLOAT32_EXACT
from neuromorphic.integers.bounds import worst_sums
from neuromorphic.integers.lapped import layer_network
from neuromorphic.integers.layer import CURRENT_LIMIT
from neuromorphic.integers.nir_forms import LEAK
from runtime.lapped import chip


@dataclass(frozen=True)
class LappedProof:
    """Bounds over all payloads and all steps, and what follows from them.

    On a chip no sum of a bin or of a unit reaches `wrap_limit`, and in the layer of the files none
    reaches `shifted_limit` after its shift. In float32 a sum is exact while all its parts stay
    below 2^24; where a threshold is larger than that allows, the sum stays below 0 by at least
    `float32_margin`, rounding included. What a portable unit keeps over an empty step,
    `portable_residue`, is less than the half by which a sum misses its threshold.
    """

    payload_max: int
    largest_bin_sum: int
    largest_unit_sum: int
    wrap_limit: int
    largest_shifted_sum: int
    shifted_limit: int
    float32_margin: float
    portable_residue: float

    @property
    def holds(self) -> bool:
        """Whether every bound is met."""
        return (
            max(self.largest_bin_sum, self.largest_unit_sum) < self.wrap_limit
            and self.largest_shifted_sum < self.shifted_limit
            and self.float32_margin > 0
            and self.portable_residue < 0.5
        )


def prove_lapped(units: chip.Units) -> LappedProof:
    """Return the bounds of the units, from their integers alone."""
    largest, compared = chip.bounds(units)
    layer = layer_network(units)
    assert layer.largest is not None
    terms, ulp = len(layer.largest), 4  # of a float32 up to 2^26
    return LappedProof(
        chip.PAYLOAD_MAX,
        largest,
        compared,
        chip.LIMIT,
        max(worst_sums(layer, 8).values()),
        CURRENT_LIMIT,
        FLOAT32_EXACT - 2.0 * largest - terms * ulp,
        2.0**26 * LEAK**2,
    )
