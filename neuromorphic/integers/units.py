"""A layer's units over time, of whatever kind, with what they tell one another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import Arithmetic
from neuromorphic.graphs.synapses import Signals, Synapse, longest_delay
from neuromorphic.integers import delivery, fixed_point, sigma_delta
from neuromorphic.integers.fixed_point import Integers, Neuron, State
from neuromorphic.integers.graded import Graded
from neuromorphic.integers.sigma_delta import Sent, SigmaDelta

Units = Neuron | SigmaDelta | Graded


@dataclass(frozen=True, eq=False)
class Condition:
    """The state of a layer's units, and what they sent in the last steps, `(N, t)`."""

    state: State | Sent
    past: Signals


def rest(neuron: Units, units: int) -> Condition:
    """Return the condition in which every run begins: zeros, and silence."""
    state = sigma_delta.silent(units) if isinstance(neuron, SigmaDelta) else fixed_point.rest(units)
    return Condition(state, np.zeros((units, 0), message_type(neuron)))


def message_type(neuron: Any) -> npt.DTypeLike:
    """Return the type of what units send: spikes, or messages that carry a value."""
    match neuron:
        case Graded():
            return np.int32 if neuron.sends == "sum" else np.bool_
        case SigmaDelta():
            return np.int32
        case Neuron():
            return neuron.firing.message
    return np.bool_


def run(
    sums: Integers,
    neuron: Units,
    back: Sequence[Synapse],
    widths: Arithmetic,
    condition: Condition,
) -> tuple[Signals, Condition]:
    """Run over time: `sums (N, T) int64` to what is sent `(N, T)`, and the last condition.

    Spikes of the steps before come back through the synapses `back`.
    """
    state = condition.state
    if isinstance(neuron, Graded):
        assert not back
        found: tuple[Signals, State | Sent] = neuron.run(sums), state
    elif isinstance(neuron, SigmaDelta):
        assert isinstance(state, Sent)
        found = sigma_delta.run(sums, neuron, state)
    else:
        assert isinstance(state, State)
        returned = delivery.returning(back, condition.past, widths)
        found = fixed_point.run(sums, neuron, widths, state, returned)
    sent, state = found
    kept = 1 + max((longest_delay(synapse) for synapse in back), default=0)
    past = np.concatenate((condition.past, sent[:, -kept:]), axis=1)
    return sent, Condition(state, past[:, -kept:])


def forgotten(neuron: Units, condition: Condition) -> Condition:
    """Return the condition after a reset, which sigma-delta units do not know."""
    if isinstance(neuron, SigmaDelta):
        return condition
    return replace(condition, state=fixed_point.rest(len(condition.past)))
