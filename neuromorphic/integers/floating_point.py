"""The neuron in floating point, for networks that are not yet rounded to a chip's integers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.firing import AS_LIF, Firing


@dataclass(frozen=True, eq=False)
class FloatNeuron:
    """`N` leaky units in floating point: `u = u (1 - du) + a`, `v = v (1 - dv) + u + bias`.

    A unit fires if `v > vth`; then `v = 0`, unless `firing` says otherwise. `du`, `dv` and `bias`
    are `(N,) float64`. Source: Lava 0.10 `proc.lif`, floating point.
    """

    du: npt.NDArray[np.float64]
    dv: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    vth: float = 1.0
    firing: Firing = AS_LIF

    def is_memoryless(self) -> bool:
        """Whether no state is carried from one step to the next."""
        return bool((self.du == 1).all() and (self.dv == 1).all()) and not self.firing.late
