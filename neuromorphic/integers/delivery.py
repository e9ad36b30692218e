"""What synapses deliver, in a chip's integers: to other units, and back to their own."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.sparse import LARGEST, Direct, Sparse
from neuromorphic.graphs.synapses import (
    FLOAT32_EXACT,
    Conv1d,
    Dense,
    Signals,
    Synapse,
    as_2d,
    nonzero,
)
from neuromorphic.integers.parallel import loops_for, shares
from runtime.ahead import mapped

ACCUMULATOR_BITS = 24  # of Lava's Conv, which wraps there; Lava 0.10 `proc.conv`
FULL = 8  # a matrix with a weight in this many places, or more, is multiplied whole

Integers = npt.NDArray[np.int64]


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
    return shifted(_product(stored, payload), weight_exp)


def _product(weight: npt.NDArray[np.integer], x: Signals) -> Integers:
    # float32 holds all integers up to 2^24 and float64 up to 2^53: BLAS is exact in any order.
    met = np.abs(x[weight.any(axis=0)]).max(initial=0)
    largest = int(met) * int(np.abs(weight).sum(axis=1).max(initial=0))
    exact = np.float32 if largest < FLOAT32_EXACT else np.float64
    return (weight.astype(exact) @ x.astype(exact)).astype(np.int64)


def deliver(
    synapse: Synapse, spikes: Signals, widths: Arithmetic = LAVA, past: Signals | None = None
) -> Integers:
    """Return the output `(N, T) int64` of an integer synapse for `spikes (M, T)`.

    `past (M, t)` is the input before, for weights with delays; by default silence. Equal to Lava's
    own fixed-point Dense, Sparse and Conv, but without their delay of one step.
    """
    match synapse:
        case Direct():
            return synapse.apply(spikes)
        case Dense():
            return activations(synapse.weight, synapse.weight_exp, spikes, widths)
        case Sparse(longest=0):
            return shifted(_sparse_sums(synapse, spikes), synapse.weight_exp)
        case Sparse():
            return _late_sums(synapse, spikes, past)
        case Conv1d():
            synapse = as_2d(synapse)
    return _in_accumulator(synapse.narrow_sums(spikes))


def _sparse_sums(synapse: Sparse, spikes: Signals) -> Integers:
    if synapse.weights.nnz * FULL > synapse.units * synapse.inputs <= LARGEST:
        return _product(synapse.matrix(), spikes)
    if (loops := loops_for(synapse.units * spikes.shape[1])) is None:
        sums: Integers = synapse.weights.astype(np.int64) @ spikes.astype(np.int64)
        return sums
    return _by_event(loops, synapse, spikes)


def _by_event(loops: Any, synapse: Sparse, spikes: Signals) -> Integers:
    """Return the sums `(N, T)` in compiled loops over what is not 0, on a thread for each core."""
    length, held = spikes.shape[1], synapse.columns
    weights = [np.array(part, np.int64) for part in (held.data, held.indices, held.indptr)]
    sums = np.zeros(synapse.units * length, np.int64)

    def add(steps: slice) -> None:
        inputs, at = np.nonzero(spikes[:, steps])
        firsts = np.searchsorted(inputs, np.arange(synapse.inputs + 1))
        values = spikes[:, steps][inputs, at].astype(np.int64)
        loops.scatter(sums, length, firsts, at + steps.start, values, *weights)

    deque(mapped(add, shares(length)), maxlen=0)
    return sums.reshape(-1, length)


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


def _in_accumulator(sums: npt.NDArray[np.floating[Any]]) -> Integers:
    half = 1 << (ACCUMULATOR_BITS - 1)
    whole = sums.astype(np.int64)
    if sums.size and max(-int(sums.min()), int(sums.max())) >= half:
        whole = (whole + half) % (2 * half) - half
    return whole
