"""The chip's own neuron and synapse arithmetic, with state, as pure functions on integers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.integer import IntegerLayer

INPUT_SHIFT = 6  # input, threshold and (here) bias are aligned 6 bits above the state's last bit
DECAY_BITS = 12
WRAP = 2**23  # the current wraps there, once; the voltage stops just before it
FULL_DECAY = 4096  # as `dv`: nothing of the last voltage is left
THRESHOLD = 1  # the smallest that Loihi takes

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neuron:
    """Parameters of `N` current-based leaky units: decays `du`, `dv` in 1/4096 a step, threshold.

    `bias_mant (N,) int64` and `bias_exp` give a bias of `bias_mant * 2**bias_exp` in state units.
    """

    du: int
    dv: int
    vth: int
    bias_mant: Integers
    bias_exp: int

    @property
    def bias(self) -> Integers:
        """The bias in state units, `(N,) int64`; a negative exponent floors."""
        if self.bias_exp < 0:
            return self.bias_mant >> -self.bias_exp
        return self.bias_mant << self.bias_exp


@dataclass(frozen=True, eq=False)
class State:
    """Current `u` and voltage `v`, `(N,) int64` each."""

    u: Integers
    v: Integers


def rest(units: int) -> State:
    """Return the state in which every run begins: zeros."""
    return State(np.zeros(units, np.int64), np.zeros(units, np.int64))


def step(state: State, activation: Integers, neuron: Neuron) -> tuple[State, npt.NDArray[np.bool_]]:
    """One time step: the new state and `(N,) bool`, which unit fires, for `activation (N,) int64`.

    `u = u (4096 - (du + 1)) / 4096 + 64 a`, wrapped at +-2^23; `v = v (4096 - dv) / 4096 + u +
    bias`, clipped to +-(2^23 - 1); fires where `v > 64 vth`, then `v = 0`. Divisions round towards
    zero. Valid for `|a| < 2^24`. Lava 0.10 `proc.lif`, bit-accurate model (Loihi 1 registers).
    """
    u = _decayed(state.u, neuron.du + 1) + (activation << INPUT_SHIFT)
    # One wrap and no more, and -2^23 wraps while +2^23 does not: so does the model.
    u = np.where(u > WRAP, u - 2 * WRAP, np.where(u <= -WRAP, u + 2 * WRAP, u))
    v = np.clip(_decayed(state.v, neuron.dv) + u + neuron.bias, 1 - WRAP, WRAP - 1)
    fires = v > neuron.vth << INPUT_SHIFT
    return State(u, np.where(fires, 0, v)), fires


def stored_weights(weight: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Return what 8-bit synapses hold of `weight (N, M) int32`: 8 bits and, if mixed, no odd ones.

    With both signs present the sign takes the last bit: odd weights are floored to even, silently.
    Lava 0.10 `utils.weightutils`.
    """
    if (weight < 0).any() and (weight > 0).any():
        return np.clip(weight, -256, 255) >> 1 << 1
    return np.clip(weight, -255, 255)


def activations(
    weight: npt.NDArray[np.int32], weight_exp: int, payload: npt.NDArray[np.int8]
) -> Integers:
    """Return what a Dense with graded spikes delivers: `payload (M, T)` to `(N, T) int64`.

    Without the one step by which the stock Dense is late. A negative `weight_exp` floors.
    """
    # float64 is exact: |sum| <= 256 * 127 * M is far below 2^53.
    total = (stored_weights(weight).astype(np.float64) @ payload).astype(np.int64)
    return total << weight_exp if weight_exp > 0 else total >> -weight_exp


def run(activation: Integers, neuron: Neuron) -> npt.NDArray[np.bool_]:
    """Run `step` over time from rest: `activation (N, T) int64` to spikes `(N, T) bool`."""
    state = rest(len(activation))
    spikes = np.empty(activation.shape, np.bool_)
    for t in range(activation.shape[1]):
        state, spikes[:, t] = step(state, activation[:, t], neuron)
    return spikes


def memoryless(layer: IntegerLayer) -> Neuron:
    """Return the neuron whose spikes are `layer.spikes`, fed by `chip_weights`.

    `v = 64 (sum + bias + 2) > 64` exactly where `sum + bias >= 0`. `du` = 4095 and `dv` = 4096
    forget the step before; Loihi 1 has the offset bit that makes 4096 of its 12-bit 4095.
    """
    mantissa = layer.bias.astype(np.int64) + 1 + THRESHOLD
    return Neuron(FULL_DECAY - 1, FULL_DECAY, THRESHOLD, mantissa, INPUT_SHIFT)


def chip_weights(layer: IntegerLayer) -> tuple[npt.NDArray[np.int32], int]:
    """Return `(2 * weight, weight_exp)`: even, so that no bit is lost; the exponent halves it."""
    return 2 * layer.weight, -1 - layer.shift


def _decayed(value: Integers, decay: int) -> Integers:
    product = value * (2**DECAY_BITS - decay)
    return np.sign(product) * (np.abs(product) >> DECAY_BITS)
