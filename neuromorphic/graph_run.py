"""A reference executor for NIR chains in float64: nir defines equations and runs none."""

from collections.abc import Callable

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graph_check import checked
from runtime.errors import GraphError

Array = npt.NDArray[np.float64]


def run_graph(graph: nir.NIRGraph, x: Array, dt: float) -> Array:
    """Run a chain over time: `x (M, T) float64` to `(N, T) float64`, one step every `dt` s.

    Forward Euler from the state 0, spikes where `v > v_threshold` strictly, then `v = v_reset`;
    in CubaLIF the current is updated before the voltage. NIR: Pedersen et al. 2024, table 1.
    Raises `GraphError` when the graph cannot be run, `x` does not fit it, or `dt` is longer than
    a time constant, where Euler overshoots.
    """
    names = checked(graph)
    width = int(np.ravel(graph.nodes[names[0]].input_type["input"])[0])
    if x.ndim != 2 or len(x) != width or not np.isfinite(x).all():
        raise GraphError(f"input is {x.shape}; finite values of shape ({width}, T) are needed")
    if not dt > 0:
        raise GraphError(f"dt is {dt} s; it must be positive")
    values = np.asarray(x, np.float64)
    for name in names[1:-1]:
        _refuse_overshoot(name, graph.nodes[name], dt)
        values = _node(graph.nodes[name], values, dt)
    return values


def _node(node: nir.NIRNode, x: Array, dt: float) -> Array:
    match node:
        case nir.Affine():
            return np.asarray(node.weight, np.float64) @ x + node.bias[:, None]
        case nir.Linear():
            return np.asarray(node.weight, np.float64) @ x
        case nir.Scale():
            return x * node.scale[:, None]
        case nir.Threshold():
            return (x > node.threshold[:, None]).astype(np.float64)
        case nir.IF():
            return _spiking(x, node, lambda v, s: v + dt * node.r * s)
        case nir.LIF():
            return _spiking(x, node, _leak(node, node.tau, dt))
        case nir.CubaLIF():
            return _spiking(_current(x, node, dt), node, _leak(node, node.tau_mem, dt))
        case nir.LI():
            return _integrated(x, _leak(node, node.tau, dt))
    raise GraphError(f"{type(node).__name__} is not supported")


Update = Callable[[Array, Array], Array]


def _leak(node: nir.NIRNode, tau: Array, dt: float) -> Update:
    """Euler of `tau dv/dt = v_leak - v + r s`."""
    return lambda v, s: v + dt / tau * (node.v_leak - v + node.r * s)


def _current(x: Array, node: nir.CubaLIF, dt: float) -> Array:
    """Euler of `tau_syn dI/dt = -I + w_in s`."""
    return _integrated(x, lambda i, s: i + dt / node.tau_syn * (node.w_in * s - i))


def _integrated(x: Array, update: Update) -> Array:
    out, v = np.empty_like(x), np.zeros(len(x))
    for t in range(x.shape[1]):
        out[:, t] = v = update(v, x[:, t])
    return out


def _spiking(x: Array, node: nir.LIF | nir.IF | nir.CubaLIF, update: Update) -> Array:
    out, v = np.empty_like(x), np.zeros(len(x))
    for t in range(x.shape[1]):
        v = update(v, x[:, t])
        fires = v > node.v_threshold
        v = np.where(fires, node.v_reset, v)
        out[:, t] = fires
    return out


def _refuse_overshoot(name: str, node: nir.NIRNode, dt: float) -> None:
    for field in ("tau", "tau_syn", "tau_mem"):
        tau = getattr(node, field, None)
        if tau is not None and dt > np.min(tau):
            raise GraphError(f"node {name!r}: dt {dt:g} s exceeds its {field} {np.min(tau):g} s")
