"""The chip's own neuron arithmetic, with state, as pure functions on integers."""

from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.synapses import Signals
from neuromorphic.integers.delivery import Returning
from neuromorphic.integers.firing import AS_LIF, COUNT_MAX, Firing
from neuromorphic.integers.parallel import loops_for, shares
from runtime.ahead import mapped

INPUT_SHIFT = 6  # input, threshold and (here) bias are aligned 6 bits above the state's last bit
FULL_DECAY = LAVA.decay_unity  # as `dv`: the voltage decays completely in a step
THRESHOLD = 1  # the smallest that Loihi takes
NEVER = LAVA.threshold + 1  # as `vth`: no voltage exceeds it, so a read-out never fires
SHIFT_MAX = 12  # of a sum, which must fit in 32 bits before the shift

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
    if at_once and (loops := loops_for(activation.size)) is not None:
        return _compiled(loops, activation, neuron, widths, state, back)
    sent = np.empty(activation.shape, neuron.firing.message)
    for t in range(activation.shape[1]):
        given = activation[:, t] if back is None else activation[:, t] + back.sums()
        state, sent[:, t] = step(state, given, neuron, widths)
        if back is not None:
            back = back.then(sent[:, t])
    return sent, state


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
    rules: list[Any] = [
        widths.decay_bits,
        widths.wrap,
        COUNT_MAX if firing.many else 1,
        firing.ties,
        firing.subtracts,
        firing.late,
        firing.floor,
    ]
    sums: Any = np.array(activation, np.int64, order="C")

    def run_alone(part: slice) -> None:
        loops.alone(sums[part].ravel(), *(values[part] for values in (*after, *by_unit)), *rules)

    if back is None:
        deque(mapped(run_alone, shares(units)), maxlen=0)
    else:
        loops.recurrent(sums.ravel(), *after, *by_unit, *rules, *_coming_back(back))
    return sums.astype(firing.message), State(*after)


def _coming_back(back: Returning) -> list[Any]:
    """Return what the compiled loop needs of spikes that come back."""
    ((_, weight, exponent),) = back.ways
    weights = csc_array(weight)
    last, sums = np.zeros((2, weight.shape[0]), np.int64)
    if back.past.shape[1]:
        last += back.past[:, -1]
    returned = (weights.data, weights.indices, weights.indptr)
    return [*(np.array(part, np.int64) for part in returned), exponent, last, sums]


def _decayed(value: Integers, decay: Decay, widths: Arithmetic) -> Integers:
    product = value * (widths.decay_unity - decay)
    return np.sign(product) * (np.abs(product) >> widths.decay_bits)


def _wrapped(u: Integers, widths: Arithmetic) -> Integers:
    # It wraps at most once, and -2^23 wraps while +2^23 does not, as in Lava's model.
    wrap = widths.wrap
    return np.where(u > wrap, u - 2 * wrap, np.where(u <= -wrap, u + 2 * wrap, u))


def _clipped(v: Integers, widths: Arithmetic) -> Integers:
    return np.clip(v, 1 - widths.wrap, widths.wrap - 1)
