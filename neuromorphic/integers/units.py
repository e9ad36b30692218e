"""A layer's units over time, of whatever kind, with what they tell one another."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import Arithmetic
from neuromorphic.graphs.sparse import Direct
from neuromorphic.graphs.synapses import Conv1d, Signals, Synapse
from neuromorphic.integers import fixed_point, sigma_delta
from neuromorphic.integers.fixed_point import Integers, Neuron, State
from neuromorphic.integers.graded import Graded
from neuromorphic.integers.sigma_delta import Sent, SigmaDelta

Units = Neuron | SigmaDelta | Graded


@dataclass(frozen=True, eq=False)
class Condition:
    """The state of a layer's units, and what they sent in the last step, `(N,)`."""

    state: State | Sent
    last: Signals


def rest(neuron: Units, units: int) -> Condition:
    """Return the condition in which every run begins: zeros, and silence."""
    state = sigma_delta.silent(units) if isinstance(neuron, SigmaDelta) else fixed_point.rest(units)
    return Condition(state, np.zeros(units, message_type(neuron)))


def message_type(neuron: Any) -> npt.DTypeLike:
    """Return the type of what units send: spikes, or messages that carry a value."""
    if isinstance(neuron, Graded):
        return np.int32 if neuron.sends == "sum" else np.bool_
    return np.int32 if isinstance(neuron, SigmaDelta) else np.bool_


def run(
    sums: Integers,
    neuron: Units,
    back: Synapse | None,
    widths: Arithmetic,
    condition: Condition,
) -> tuple[Signals, Condition]:
    """Run over time: `sums (N, T) int64` to what is sent `(N, T)`, and the last condition.

    Spikes of the step before come back through the synapse `back`.
    """
    state = condition.state
    if isinstance(neuron, Graded):
        assert back is None
        found: tuple[Signals, State | Sent] = neuron.run(sums), state
    elif isinstance(neuron, SigmaDelta):
        assert isinstance(state, Sent)
        found = sigma_delta.run(sums, neuron, state)
    elif back is None:
        assert isinstance(state, State)
        found = fixed_point.run(sums, neuron, widths, state)
    else:
        assert isinstance(state, State)
        found = _recurrent(sums, neuron, back, widths, condition)
    sent, state = found
    return sent, Condition(state, sent[:, -1] if sent.shape[1] else condition.last)


def forgotten(neuron: Units, condition: Condition) -> Condition:
    """Return the condition after a reset, which sigma-delta units do not know."""
    if isinstance(neuron, SigmaDelta):
        return condition
    return replace(condition, state=fixed_point.rest(len(condition.last)))


def _recurrent(
    sums: Integers, neuron: Neuron, back: Synapse, widths: Arithmetic, condition: Condition
) -> tuple[npt.NDArray[np.bool_], State]:
    state, last = condition.state, condition.last
    assert isinstance(state, State)
    sent = np.empty(sums.shape, np.bool_)
    matrix = fixed_point.recurrent_matrix(back, widths)
    exponent = 0 if isinstance(back, Conv1d | Direct) else back.weight_exp
    for t in range(sums.shape[1]):
        fed = fixed_point.shifted(matrix[:, last].sum(axis=1), exponent)
        state, last = fixed_point.step(state, sums[:, t] + fed, neuron, widths)
        sent[:, t] = last
    return sent, state
