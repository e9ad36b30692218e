"""All units of NIR in one form: a current and a voltage that decay, a threshold, a reset.

`i = keep_i i + gain_i x`, `v = keep_v v + gain_v i + bias`; without a synapse `i` is the input
itself. The equations are those of nir 1.0.8 (Pedersen et al. 2024, table 1) at steps of dt; what
they leave open depends on the dialect: see `dialects`. The current is updated first and the
voltage uses the new one, as in snnTorch, in Norse and on Loihi.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.dialects import Dialect
from neuromorphic.graphs.graph import Stage
from runtime.errors import GraphError

Array = npt.NDArray[np.float64]

NEURONS = (nir.I, nir.LI, nir.CubaLI, nir.IF, nir.LIF, nir.CubaLIF)
WHOLE = 2.0**-22  # a factor as close to 1 as this was 1 before float32 rounded it
FIRING = (nir.IF, nir.LIF, nir.CubaLIF)
SPIKING = (nir.Threshold, *FIRING)


class State(NamedTuple):
    """Voltage, synaptic current and the spikes of the step before, of neurons of any shape."""

    v: Array
    i: Array
    spikes: Array


@dataclass(frozen=True, eq=False)
class Neuron:
    """The factors of a step, as arrays in the stage's shape; `threshold` is None without spikes.

    `floor` is the lowest possible voltage, `v_reset` the voltage after a spike.
    """

    keep_i: Array | None
    gain_i: Array
    keep_v: Array
    gain_v: Array
    bias: Array
    threshold: Array | None
    v_reset: Array
    floor: Array | None
    dialect: Dialect

    def rest(self) -> State:
        """Return the state in which every run begins."""
        zeros = np.zeros(self.keep_v.shape)
        v = self.v_reset if self.dialect.start == "v_reset" else zeros
        return State(v, zeros, zeros)

    def step(self, state: State, x: Array) -> tuple[State, Array]:
        """Return the new state and the output for the input `x`: spikes, or the voltage."""
        i = self.gain_i * x if self.keep_i is None else self.keep_i * state.i + self.gain_i * x
        v = self.keep_v * state.v + self.gain_v * i + self.bias
        if self.threshold is None:
            return State(v, i, state.spikes), v
        subtracts, late = self.dialect.reset == "subtract", self.dialect.late
        if subtracts and late:
            v = v - state.spikes * self.threshold
        spikes = self._spikes(v, self.threshold)
        if not subtracts:
            v = np.where(spikes > 0, self.v_reset, v)
        elif not late:
            v = v - spikes * self.threshold
        if self.floor is not None:
            v = np.maximum(v, self.floor)
        return State(v, i, spikes), spikes

    def _spikes(self, v: Array, threshold: Array) -> Array:
        if self.dialect.many:
            return np.maximum(np.trunc(v / threshold), 0)
        return (v >= threshold if self.dialect.ties else v > threshold).astype(np.float64)


def neuron(stage: Stage, dt: float, dialect: Dialect) -> Neuron:
    """Return the neurons of a stage at steps of `dt` s.

    Raises `GraphError` if several spikes a step are allowed and a threshold is not positive.
    """
    node, one = stage.node, np.ones(stage.shape)
    tau = getattr(node, "tau", getattr(node, "tau_mem", None))
    keep_v, leak = _decay(tau, one, dt, dialect)
    keep_i, gain_i = None, one
    if isinstance(node, nir.CubaLI | nir.CubaLIF):
        keep_i, gain_i = _synapse(node, one, dt, dialect)
    threshold = node.v_threshold if isinstance(node, FIRING) else None
    if dialect.many and threshold is not None and (threshold <= 0).any():
        raise GraphError(
            f"node {stage.name!r}: v_threshold is {threshold.min():g}; the dialect {dialect.name} "
            "divides by it"
        )
    return Neuron(
        keep_i=keep_i,
        gain_i=gain_i,
        keep_v=keep_v,
        gain_v=_gain(node, one, leak, dt, dialect),
        bias=0 * one if tau is None else leak * node.v_leak,
        threshold=threshold,
        v_reset=0 * one if threshold is None or dialect.reset == "zero" else node.v_reset,
        floor=-node.v_threshold if dialect.floor and isinstance(node, nir.IF) else None,
        dialect=dialect,
    )


def _decay(tau: Any, one: Array, dt: float, dialect: Dialect) -> tuple[Array, Array]:
    """Return the fractions of a state that remain after a step and that decay in it."""
    if tau is None:
        return one, 0 * one
    lost = dt / tau if dialect.decay == "euler" else -np.expm1(-dt / tau)
    return 1 - lost, lost


def _synapse(
    node: nir.CubaLI | nir.CubaLIF, one: Array, dt: float, dialect: Dialect
) -> tuple[Array, Array]:
    keep, lost = _decay(node.tau_syn, one, dt, dialect)
    if dialect.jumps and (node.w_in == 1).all():
        return keep, one if dialect.decay == "euler" else keep
    return keep, _whole(lost * node.w_in)


def _gain(node: nir.NIRNode, one: Array, leak: Array, dt: float, dialect: Dialect) -> Array:
    integrates = isinstance(node, nir.I | nir.IF)
    if dialect.gain == "written":
        return _whole(dt * node.r if integrates else leak * node.r)
    if dialect.gain == "one" or integrates:
        return one
    # Norse's importer multiplies the current by r; its exporter writes r = 1.
    return leak * node.r if isinstance(node, nir.CubaLIF) else leak


def _whole(gain: Array) -> Array:
    """Return factors of an input, and 1 for those that are 1 but for rounding.

    Frameworks add inputs as they are, and write them as dt r / tau; then v = v_threshold, which
    is frequent with rounded weights, must stay equal.
    """
    return np.where(np.abs(gain - 1) < WHOLE, 1.0, gain)
