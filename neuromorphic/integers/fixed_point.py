"""The chip's own neuron and synapse arithmetic, with state, as pure functions on integers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import Dense, Signals, Synapse

INPUT_SHIFT = 6  # input, threshold and (here) bias are aligned 6 bits above the state's last bit
FULL_DECAY = LAVA.decay_unity  # as `dv`: the voltage decays completely in a step
THRESHOLD = 1  # the smallest that Loihi takes
NEVER = LAVA.threshold + 1  # as `vth`: no voltage exceeds it, so a read-out never fires
SHIFT_MAX = 12  # of a sum, which must fit in 32 bits before the shift
FLOAT32_EXACT = 2**24
COMPILING = 2**16  # units times steps; fewer take less time than loading numba
ACCUMULATOR_BITS = 24  # of Lava's Conv, which wraps there; Lava 0.10 `proc.conv`

Integers = npt.NDArray[np.int64]
Decay = int | Integers


@dataclass(frozen=True, eq=False)
class Neuron:
    """Parameters of `N` current-based leaky units: decays `du`, `dv` in 1/4096 a step, threshold.

    Each is one number for all units or `(N,) int64`; with a `du` of -1 the current does not decay.
    The bias is `bias_mant * 2**bias_exp` in state units, `bias_mant (N,) int64`.
    """

    du: Decay
    dv: Decay
    vth: Decay
    bias_mant: Integers
    bias_exp: int

    @property
    def bias(self) -> Integers:
        """The bias in state units, `(N,) int64`; a negative exponent rounds down."""
        if self.bias_exp < 0:
            return self.bias_mant >> -self.bias_exp
        return self.bias_mant << self.bias_exp

    def is_memoryless(self, widths: Arithmetic = LAVA) -> bool:
        """Whether a step leaves no state behind for the next."""
        unity = widths.decay_unity
        return bool(np.all(np.equal(self.du, unity - 1)) and np.all(np.equal(self.dv, unity)))


@dataclass(frozen=True, eq=False)
class State:
    """Current `u` and voltage `v`, `(N,) int64` each."""

    u: Integers
    v: Integers


def rest(units: int) -> State:
    """Return the state in which every run begins: zeros."""
    return State(np.zeros(units, np.int64), np.zeros(units, np.int64))


def step(
    state: State, activation: Integers, neuron: Neuron, widths: Arithmetic = LAVA
) -> tuple[State, npt.NDArray[np.bool_]]:
    """One time step for `activation (N,) int64`: the new state, and which units fire, `(N,) bool`.

    `u = u (4096 - (du + 1)) / 4096 + 64 a`, wrapped at +-2^23; `v = v (4096 - dv) / 4096 + u +
    bias`, clipped to +-(2^23 - 1); fires where `v > 64 vth`, then `v = 0`. Divisions round towards
    zero. Valid for `|a| < 2^24`. The numbers depend on `widths`; these are Loihi's. Source: Lava
    0.10 `proc.lif`, bit-accurate model (Loihi 1 registers).
    """
    u = _wrapped(_decayed(state.u, neuron.du + 1, widths) + (activation << INPUT_SHIFT), widths)
    v = _clipped(_decayed(state.v, neuron.dv, widths) + u + neuron.bias, widths)
    fires = v > neuron.vth << INPUT_SHIFT
    return State(u, np.where(fires, 0, v)), fires


def stored_weights(
    weight: npt.NDArray[np.int32], widths: Arithmetic = LAVA
) -> npt.NDArray[np.int32]:
    """Return `weight (N, M) int32` as 8-bit synapses store it: with mixed signs, only even weights.

    With both signs present the sign takes the last bit: odd weights are silently rounded down to
    even. Fewer bits drop more low bits; the range stays. Source: Lava 0.10 `utils.weightutils`.
    """
    dropped = max(0, LAVA.weight_bits - widths.weight_bits)
    if (weight < 0).any() and (weight > 0).any():
        return np.clip(weight, -256, 255) >> 1 + dropped << 1 + dropped
    # A magnitude and one sign for all.
    size = np.clip(np.abs(weight), 0, 255) >> dropped << dropped
    return np.sign(weight) * size


def activations(
    weight: npt.NDArray[np.int32],
    weight_exp: int,
    payload: npt.NDArray[np.integer | np.bool_],
    widths: Arithmetic = LAVA,
) -> Integers:
    """Return the output `(N, T) int64` of a Dense for graded spikes `payload (M, T)`.

    It lacks the delay of one step of Lava's own Dense. A negative `weight_exp` rounds down.
    """
    stored = stored_weights(weight, widths)
    # float32 holds all integers up to 2^24 and float64 up to 2^53: BLAS is exact in any order.
    largest = int(np.abs(payload).max(initial=0)) * int(np.abs(stored).sum(axis=1).max(initial=0))
    exact = np.float32 if largest < FLOAT32_EXACT else np.float64
    total = (stored.astype(exact) @ payload.astype(exact)).astype(np.int64)
    return shifted(total, weight_exp)


def deliver(
    synapse: Synapse, spikes: Signals, widths: Arithmetic = LAVA, past: Signals | None = None
) -> Integers:
    """Return the output `(N, T) int64` of an integer synapse for `spikes (M, T)`.

    `past (M, t)` is the input before, for weights with delays; by default silence. Equal to Lava's
    own fixed-point Dense, Sparse and Conv, but without their delay of one step.
    """
    if isinstance(synapse, Direct):
        return synapse.apply(spikes)
    if isinstance(synapse, Dense):
        return activations(synapse.weight, synapse.weight_exp, spikes, widths)
    if isinstance(synapse, Sparse):
        sums = _late_sums(synapse, spikes, past)
        return _in_accumulator(sums) if synapse.is_convolution else sums
    return _in_accumulator(synapse.apply(spikes).astype(np.int64))


def recurrent_matrix(synapse: Synapse, widths: Arithmetic = LAVA) -> npt.NDArray[np.int64]:
    """Return the weights as stored in the synapses, `(N, M) int64`."""
    matrix = synapse.matrix()
    held = stored_weights(matrix, widths) if isinstance(synapse, Dense) else matrix
    return held.astype(np.int64)


def _late_sums(synapse: Sparse, spikes: Signals, past: Signals | None) -> Integers:
    frames, longest = spikes.shape[1], synapse.longest
    given = spikes.astype(np.int64)
    if longest:
        before = np.zeros((len(spikes), longest), np.int64)
        if past is not None:
            before[:, longest - past.shape[1] :] = past[:, -longest:]
        given = np.concatenate((before, given), axis=1)
    total = np.zeros((synapse.units, frames), np.int64)
    for late, weights in synapse.by_delay():
        first = longest - late
        total += shifted(weights @ given[:, first : first + frames], synapse.weight_exp)
    return total


def shifted(total: Integers, exponent: int) -> Integers:
    """Return a sum times `2**exponent`; a negative exponent rounds down."""
    return total << exponent if exponent > 0 else total >> -exponent


def _in_accumulator(sums: Integers) -> Integers:
    half = 1 << (ACCUMULATOR_BITS - 1)
    return (sums + half) % (2 * half) - half


def run(
    activation: Integers, neuron: Neuron, widths: Arithmetic = LAVA, state: State | None = None
) -> tuple[npt.NDArray[np.bool_], State]:
    """Run `step` over time: `activation (N, T) int64` to spikes `(N, T) bool` and the last state.

    From rest, or from `state`. Units without memory are computed for all steps at once.
    """
    state = state or rest(len(activation))
    if neuron.is_memoryless(widths):
        u = _wrapped(activation << INPUT_SHIFT, widths)
        level = np.reshape(neuron.vth, (-1, 1)) << INPUT_SHIFT
        return _clipped(u + neuron.bias[:, None], widths) > level, state
    if activation.size > COMPILING and (found := _compiled(activation, neuron, widths, state)):
        return found
    spikes = np.empty(activation.shape, np.bool_)
    for t in range(activation.shape[1]):
        state, spikes[:, t] = step(state, activation[:, t], neuron, widths)
    return spikes, state


def _compiled(
    activation: Integers, neuron: Neuron, widths: Arithmetic, state: State
) -> tuple[npt.NDArray[np.bool_], State] | None:
    from neuromorphic.integers.loops import COMPILED, leaky  # this import loads numba

    if not COMPILED:
        return None
    units, unity = len(activation), widths.decay_unity
    u, v = state.u.astype(np.int64), state.v.astype(np.int64)
    given = (unity - 1 - neuron.du, unity - neuron.dv, np.left_shift(neuron.vth, INPUT_SHIFT))
    by_unit = [np.full(units, value, np.int64) for value in (*given, neuron.bias)]
    sums: Any = activation.astype(np.int64).ravel() << INPUT_SHIFT
    numbers: list[Any] = [u, v, *by_unit, widths.decay_bits, widths.wrap]
    leaky(sums, *numbers)
    spikes: npt.NDArray[np.bool_] = sums.reshape(activation.shape).astype(np.bool_)
    return spikes, State(u, v)


def _decayed(value: Integers, decay: Decay, widths: Arithmetic) -> Integers:
    product = value * (widths.decay_unity - decay)
    return np.sign(product) * (np.abs(product) >> widths.decay_bits)


def _wrapped(u: Integers, widths: Arithmetic) -> Integers:
    # It wraps at most once, and -2^23 wraps while +2^23 does not, as in Lava's model.
    wrap = widths.wrap
    return np.where(u > wrap, u - 2 * wrap, np.where(u <= -wrap, u + 2 * wrap, u))


def _clipped(v: Integers, widths: Arithmetic) -> Integers:
    return np.clip(v, 1 - widths.wrap, widths.wrap - 1)
