"""Units without memory that pass their sum on, as chips with graded spikes have them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

SUM_BITS = 24  # of a sum that is sent, signed


@dataclass(frozen=True)
class Graded:
    """Units that send what they add up: as a number (`sum`), or as a spike if positive (`spike`).

    A sum of 0 sends nothing. Lava 0.10 `proc.graded`: GradedVec and GradedReluVec with threshold 0.
    """

    sends: Literal["sum", "spike"] = "sum"

    def is_memoryless(self) -> bool:
        """A step leaves nothing behind for the next."""
        return True

    @property
    def bits(self) -> int:
        """Bits of what it sends."""
        return SUM_BITS if self.sends == "sum" else 1

    def run(self, sums: npt.NDArray[np.int64]) -> npt.NDArray[np.int32 | np.bool_]:
        """Return what is sent for `sums (N, T)`: the sums, int32, or spikes, bool."""
        return sums.astype(np.int32) if self.sends == "sum" else sums > 0
