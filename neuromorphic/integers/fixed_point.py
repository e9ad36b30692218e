"""The chip's own neuron and synapse arithmetic, with state, as pure functions on integers."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, csr_array

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import FLOAT32_EXACT, Dense, Signals, Synapse, nonzero
from neuromorphic.integers.firing import AS_LIF, COUNT_MAX, Firing

INPUT_SHIFT = 6  # input, threshold and (here) bias are aligned 6 bits above the state's last bit
FULL_DECAY = LAVA.decay_unity  # as `dv`: the voltage decays completely in a step
THRESHOLD = 1  # the smallest that Loihi takes
NEVER = LAVA.threshold + 1  # as `vth`: no voltage exceeds it, so a read-out never fires
SHIFT_MAX = 12  # of a sum, which must fit in 32 bits before the shift
COMPILING = 2**16  # units times steps; fewer take less time than loading numba
ACCUMULATOR_BITS = 24  # of Lava's Conv, which wraps there; Lava 0.10 `proc.conv`

Integers = npt.NDArray[np.int64]
Decay = int | Integers


@dataclass(frozen=True, eq=False)
class Neuron:
    """Parameters of `N` current-based leaky units: decays `du`, `dv` in 1/4096 a step, threshold.

    Each is one number for all units or `(N,) int64`; with a `du` of -1 the current does not decay.
    The bias is `bias_mant * 2**bias_exp` in state units, `bias_mant (N,) int64`. Units that fire
    otherwise than Lava's LIF say so in `firing`.
    """

    du: Decay
    dv: Decay
    vth: Decay
    bias_mant: Integers
    bias_exp: int
    firing: Firing = AS_LIF

    @property
    def level(self) -> Decay:
        """The threshold in state units."""
        level: Decay = np.left_shift(self.vth, INPUT_SHIFT)
        return level

    @property
    def bias(self) -> Integers:
        """The bias in state units, `(N,) int64`; a negative exponent rounds down."""
        if self.bias_exp < 0:
            return self.bias_mant >> -self.bias_exp
        return self.bias_mant << self.bias_exp

    def is_memoryless(self, widths: Arithmetic = LAVA) -> bool:
        """Whether a step leaves no state behind for the next."""
        unity = widths.decay_unity
        forgets = np.all(np.equal(self.du, unity - 1)) and np.all(np.equal(self.dv, unity))
        return bool(forgets) and not self.firing.late


@dataclass(frozen=True, eq=False)
class State:
    """Current `u`, voltage `v`, and what late subtraction will take off it, `(N,) int64` each."""

    u: Integers
    v: Integers
    owed: Integers


def rest(units: int) -> State:
    """Return the state in which every run begins: zeros."""
    return State(*np.zeros((3, units), np.int64))


def step(
    state: State, activation: Integers, neuron: Neuron, widths: Arithmetic = LAVA
) -> tuple[State, Signals]:
    """One time step for `activation (N,) int64`: the new state, and what the units send, `(N,)`.

    `u = u (4096 - (du + 1)) / 4096 + 64 a`, wrapped at +-2^23; `v = v (4096 - dv) / 4096 + u +
    bias`, clipped to +-(2^23 - 1); fires where `v > 64 vth`, then `v = 0`. Divisions round towards
    zero. Valid for `|a| < 2^24`. The numbers depend on `widths`; these are Loihi's. Source: Lava
    0.10 `proc.lif`, bit-accurate model (Loihi 1 registers). Units may fire otherwise: see `Firing`.
    """
    firing, level = neuron.firing, neuron.level
    u = _wrapped(_decayed(state.u, neuron.du + 1, widths) + (activation << INPUT_SHIFT), widths)
    v = _clipped(_decayed(state.v, neuron.dv, widths) + u + neuron.bias - state.owed, widths)
    sent = _sent(v, level, firing)
    owed = np.where(firing.late, sent * level, 0)
    if not firing.subtracts:
        v = np.where(sent, 0, v)
    elif not firing.late:
        v = v - np.asarray(sent * level, np.int64)
    if firing.floor:
        v = np.maximum(v, -np.asarray(level))
    return State(u, v, owed), sent


def _sent(v: Integers, level: Decay, firing: Firing) -> Signals:
    if firing.many:
        counts: Signals = np.clip(v // level, 0, COUNT_MAX).astype(np.int32)
        return counts
    return v >= level if firing.ties else v > level


@dataclass(frozen=True, eq=False)
class Returning:
    """How what units sent in the steps before, `past (N, t)`, comes back to them.

    Each of the `ways` is a delay on top of the one step that all take, the weights `(N, N)`, and
    the exponent by which their sums are shifted.
    """

    ways: tuple[tuple[int, csr_array, int], ...]
    past: Signals

    def sums(self) -> Integers:
        """Return what arrives in the next step, `(N,)`."""
        total = np.zeros(len(self.past), np.int64)
        for late, weight, exponent in self.ways:
            if late < self.past.shape[1]:
                total += shifted(weight @ self.past[:, -1 - late].astype(np.int64), exponent)
        return total

    def then(self, sent: Signals) -> "Returning":
        """Return the same after a step in which the units sent `sent (N,)`."""
        longest = max(late for late, *_ in self.ways)
        past = np.concatenate((self.past, sent[:, None]), axis=1)
        return replace(self, past=past[:, -1 - longest :])


def returning(
    synapses: Sequence[Synapse], past: Signals, widths: Arithmetic = LAVA
) -> Returning | None:
    """Return how `synapses` bring back what was sent in the `past (N, t)`; None without any."""
    ways: list[tuple[int, csr_array, int]] = []
    for synapse in synapses:
        if isinstance(synapse, Dense):
            synapse = Dense(stored_weights(synapse.weight, widths), synapse.weight_exp)
        exponent = synapse.weight_exp if isinstance(synapse, Dense | Sparse) else 0
        parts = synapse.by_delay() if isinstance(synapse, Sparse) else [(0, nonzero(synapse))]
        ways += ((late, weight.astype(np.int64), exponent) for late, weight in parts)
    return Returning(tuple(ways), past) if ways else None


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
    met = np.abs(payload[stored.any(axis=0)]).max(initial=0)
    largest = int(met) * int(np.abs(stored).sum(axis=1).max(initial=0))
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
        if not synapse.longest and (sums := _by_event(synapse, spikes)) is not None:
            return shifted(sums, synapse.weight_exp)
        return _late_sums(synapse, spikes, past)
    return _in_accumulator(synapse.apply(spikes).astype(np.int64))


def _by_event(synapse: Sparse, spikes: Signals) -> Integers | None:
    """Return the sums `(N, T)` in a compiled loop over what is not 0, if there is enough to do."""
    if (loops := _loops(synapse.units * spikes.shape[1])) is None:
        return None
    steps, inputs = np.nonzero(spikes.T)
    ends = np.searchsorted(steps, np.arange(spikes.shape[1] + 1))
    sums = np.zeros(spikes.shape[1] * synapse.units, np.int64)
    held = synapse.columns
    given = (inputs, spikes.T[steps, inputs], ends, held.data, held.indices, held.indptr)
    loops.scatter(sums, synapse.units, *(np.ascontiguousarray(part, np.int64) for part in given))
    return sums.reshape(-1, synapse.units).T


def _late_sums(synapse: Sparse, spikes: Signals, past: Signals | None) -> Integers:
    frames, longest = spikes.shape[1], synapse.longest
    given = spikes.astype(np.int64)
    if longest:
        before = np.zeros((len(spikes), longest), np.int64)
        if past is not None:
            known = past[:, -longest:]
            before[:, longest - known.shape[1] :] = known
        given = np.concatenate((before, given), axis=1)
    total = np.zeros((synapse.units, frames), np.int64)
    for late, weights in synapse.by_delay():
        first = longest - late
        total += shifted(weights @ given[:, first : first + frames], synapse.weight_exp)
    return total


def shifted(total: Integers, exponent: int) -> Integers:
    """Return a sum times `2**exponent`; a negative exponent rounds down."""
    if not exponent:
        return total
    return total << exponent if exponent > 0 else total >> -exponent


def _in_accumulator(sums: Integers) -> Integers:
    half = 1 << (ACCUMULATOR_BITS - 1)
    if sums.size and max(-int(sums.min()), int(sums.max())) < half:
        return sums
    return (sums + half) % (2 * half) - half


def run(
    activation: Integers,
    neuron: Neuron,
    widths: Arithmetic = LAVA,
    state: State | None = None,
    back: Returning | None = None,
) -> tuple[Signals, State]:
    """Run `step` over time: `activation (N, T) int64` to what is sent `(N, T)` and the last state.

    From rest, or from `state`. What is sent is bool, or int32 where units may send `many` spikes;
    `back` returns it to the units in the next step. Units without memory are computed for all steps
    at once.
    """
    state = state or rest(len(activation))
    if neuron.is_memoryless(widths) and back is None:
        u = _wrapped(activation << INPUT_SHIFT, widths)
        level = np.reshape(neuron.level, (-1, 1))
        return _sent(_clipped(u + neuron.bias[:, None], widths), level, neuron.firing), state
    at_once = back is None or [late for late, *_ in back.ways] == [0]
    if at_once and (loops := _loops(activation.size)) is not None:
        return _compiled(loops, activation, neuron, widths, state, back)
    sent = np.empty(activation.shape, neuron.firing.message)
    for t in range(activation.shape[1]):
        given = activation[:, t] if back is None else activation[:, t] + back.sums()
        state, sent[:, t] = step(state, given, neuron, widths)
        if back is not None:
            back = back.then(sent[:, t])
    return sent, state


def _loops(size: int) -> Any:
    """Return the compiled loops; None without numba, or if so few units and steps need no other."""
    if size < COMPILING and "numba" not in sys.modules:
        return None
    from neuromorphic.integers import loops  # this import loads numba

    return loops if loops.COMPILED else None


def _compiled(
    loops: Any,
    activation: Integers,
    neuron: Neuron,
    widths: Arithmetic,
    state: State,
    back: Returning | None,
) -> tuple[Signals, State]:
    units, unity, firing = len(activation), widths.decay_unity, neuron.firing
    after = [part.astype(np.int64) for part in (state.u, state.v, state.owed)]
    given = (unity - 1 - neuron.du, unity - neuron.dv, neuron.level, neuron.bias)
    by_unit = [np.full(units, value, np.int64) for value in given]
    ((_, weight, exponent),) = back.ways if back else ((0, csr_array((units, units)), 0),)
    weights = csc_array(weight)
    returned = (weights.data, weights.indices, weights.indptr)
    reached = [np.array(part, np.int64) for part in returned]
    last = np.zeros(units, np.int64)
    if back is not None and back.past.shape[1]:
        last += back.past[:, -1]
    back_sums = np.zeros(units, np.int64)
    sums: Any = activation.T.astype(np.int64).ravel()
    numbers: list[Any] = [
        *after,
        *by_unit,
        *reached,
        last,
        back_sums,
        exponent,
        widths.decay_bits,
        widths.wrap,
        COUNT_MAX if firing.many else 1,
        firing.ties,
        firing.subtracts,
        firing.late,
        firing.floor,
    ]
    loops.leaky(sums, *numbers)
    return sums.reshape(-1, units).T.astype(firing.message), State(*after)


def _decayed(value: Integers, decay: Decay, widths: Arithmetic) -> Integers:
    product = value * (widths.decay_unity - decay)
    return np.sign(product) * (np.abs(product) >> widths.decay_bits)


def _wrapped(u: Integers, widths: Arithmetic) -> Integers:
    # It wraps at most once, and -2^23 wraps while +2^23 does not, as in Lava's model.
    wrap = widths.wrap
    return np.where(u > wrap, u - 2 * wrap, np.where(u <= -wrap, u + 2 * wrap, u))


def _clipped(v: Integers, widths: Arithmetic) -> Integers:
    return np.clip(v, 1 - widths.wrap, widths.wrap - 1)
