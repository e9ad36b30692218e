"""NIR's neurons, one pure step of forward Euler each: `v(t + dt) = v(t) + dt * v'(t)`.

The equations are those of nir 1.0.8 (Pedersen et al. 2024, table 1); `x` is a neuron's input, all
times are in seconds. A neuron that fires, `v > v_threshold` strictly, is set to `v_reset` in the
same step. NIR says nothing of the beginning: here every state is 0.
"""

from collections.abc import Callable
from typing import NamedTuple

import nir
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class State(NamedTuple):
    """Voltage `v` and synaptic current `i` of neurons of any shape; `i` stays 0 without synapse."""

    v: Array
    i: Array


Step = Callable[[nir.NIRNode, State, Array, float], tuple[State, Array]]


def rest(shape: tuple[int, ...]) -> State:
    """Return the state in which every run begins: zeros."""
    return State(np.zeros(shape), np.zeros(shape))


def li(node: nir.LI, state: State, x: Array, dt: float) -> tuple[State, Array]:
    """Leaky integrator, `tau v' = v_leak - v + r x`: the new state and `v`."""
    v = state.v + dt / node.tau * (node.v_leak - state.v + node.r * x)
    return State(v, state.i), v


def integrate_and_fire(node: nir.IF, state: State, x: Array, dt: float) -> tuple[State, Array]:
    """IF, `v' = r x`: the new state and the spikes, 0 or 1."""
    return _fired(node, state.v + dt * node.r * x, state.i)


def lif(node: nir.LIF, state: State, x: Array, dt: float) -> tuple[State, Array]:
    """LIF, `tau v' = v_leak - v + r x`: the new state and the spikes, 0 or 1."""
    v = state.v + dt / node.tau * (node.v_leak - state.v + node.r * x)
    return _fired(node, v, state.i)


def cuba_lif(node: nir.CubaLIF, state: State, x: Array, dt: float) -> tuple[State, Array]:
    """CubaLIF, `tau_syn i' = w_in x - i`, `tau_mem v' = v_leak - v + r i`: as `lif`.

    The current goes first and the voltage sees the new one, as in snnTorch and on Loihi.
    """
    i = state.i + dt / node.tau_syn * (node.w_in * x - state.i)
    v = state.v + dt / node.tau_mem * (node.v_leak - state.v + node.r * i)
    return _fired(node, v, i)


def _fired(node: nir.IF | nir.LIF | nir.CubaLIF, v: Array, i: Array) -> tuple[State, Array]:
    fires = v > node.v_threshold
    return State(np.where(fires, node.v_reset, v), i), fires.astype(np.float64)


NEURONS: dict[type[nir.NIRNode], Step] = {
    nir.LI: li,
    nir.IF: integrate_and_fire,
    nir.LIF: lif,
    nir.CubaLIF: cuba_lif,
}
