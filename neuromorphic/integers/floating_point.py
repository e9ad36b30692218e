"""The neuron in floating point, for networks that are not yet rounded to a chip's integers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class FloatNeuron:
    """`N` leaky units in floating point: `u = u (1 - du) + a`, `v = v (1 - dv) + u + bias`.

    A unit fires if `v > vth`; then `v = 0`. `du`, `dv` and `bias` are `(N,) float64`. Source: Lava
    0.10 `proc.lif`, floating point.
    """

    du: npt.NDArray[np.float64]
    dv: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    vth: float = 1.0

    def is_memoryless(self) -> bool:
        """Whether no state is carried from one step to the next."""
        return bool((self.du == 1).all() and (self.dv == 1).all())


def run(activation: npt.NDArray[np.float64], neuron: FloatNeuron) -> npt.NDArray[np.bool_]:
    """Run from rest: `activation (N, T) float64` to spikes `(N, T) bool`."""
    u, v = np.zeros((2, len(activation)))
    spikes = np.empty(activation.shape, np.bool_)
    for t in range(activation.shape[1]):
        u = u * (1 - neuron.du) + activation[:, t]
        v = v * (1 - neuron.dv) + u + neuron.bias
        spikes[:, t] = v > neuron.vth
        v[spikes[:, t]] = 0
    return spikes
