"""A reference executor for NIR graphs in float64: nir defines equations and runs none."""

from functools import reduce
from math import prod
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.graph import Graph, Stage
from neuromorphic.graphs.neurons import NEURONS, Array, Step, rest
from neuromorphic.graphs.synapses import synapse_of
from runtime.errors import GraphError


def run_graph(graph: Graph, x: npt.ArrayLike, dt: float) -> Array:
    """Run a graph over time: `x (T, ...)` to `(T, ...) float64`, one step every `dt` s.

    Stage by stage over all time, which is the same as step by step where nothing flows back. A
    node with several sources is given their sum. Neurons are those of `neurons`; Threshold gives
    1 where `x > threshold` strictly; Conv1d slides over the last axis in every step by itself, as a
    cross-correlation; Delay gives 0 before its first value.
    Raises `GraphError` when `x` does not fit the graph, `dt` is longer than a time constant, where
    Euler overshoots, or a delay is no whole number of steps.
    """
    *_, out = graph_values(graph, x, dt).values()
    return out


def graph_values(graph: Graph, x: npt.ArrayLike, dt: float) -> dict[str, Array]:
    """Return what each node puts out, in the order of the flow: as `run_graph`."""
    require_step(graph, dt)
    entry, *rest_of_it = graph.stages
    values = {entry.name: _input(entry, x)}
    for stage in rest_of_it:
        given = reduce(np.add, (values[source] for source in stage.sources))
        values[stage.name] = _output(stage, given, dt)
    return values


def require_step(graph: Graph, dt: float) -> None:
    """Raise `GraphError` where steps of `dt` s are too long, or do not add up to a delay."""
    if not (np.isfinite(dt) and dt > 0):
        raise GraphError(f"dt is {dt} s; it must be positive")
    for stage in graph.stages:
        _require_step(stage, dt)


def by_unit(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return `x (T, ...)`, as graphs have it, as `(M, T)`, as layers have it."""
    return x.reshape(len(x), prod(x.shape[1:])).T


def _require_step(stage: Stage, dt: float) -> None:
    for field in ("tau", "tau_syn", "tau_mem"):
        tau = getattr(stage.node, field, None)
        if tau is not None and dt > np.min(tau):
            raise GraphError(
                f"node {stage.name!r}: dt {dt:g} s exceeds its {field} {np.min(tau):g} s"
            )
    if isinstance(stage.node, nir.Delay):
        steps = stage.node.delay / dt
        worst = np.argmax(np.abs(steps - np.round(steps)))
        if not np.allclose(steps, np.round(steps), rtol=0, atol=1e-6):
            raise GraphError(
                f"node {stage.name!r}: delay {stage.node.delay.flat[worst]:g} s is no whole number "
                f"of steps of {dt:g} s"
            )


def _input(stage: Stage, x: npt.ArrayLike) -> Array:
    array = np.asarray(x)
    if array.dtype.kind not in "biuf" or array.ndim < 1 or array.shape[1:] != stage.shape:
        wanted = ", ".join(map(str, ("T", *stage.shape)))
        raise GraphError(f"input is {array.shape} {array.dtype}; numbers ({wanted}) are needed")
    if not np.isfinite(array).all():
        raise GraphError("input holds values that are not finite")
    return array.astype(np.float64)


def _output(stage: Stage, x: Array, dt: float) -> Array:
    node = stage.node
    match node:
        case nir.Output():
            return x
        case nir.Affine():
            return x @ node.weight.T + node.bias
        case nir.Linear():
            return x @ node.weight.T
        case nir.Scale():
            return x * node.scale
        case nir.Threshold():
            return (x > node.threshold).astype(np.float64)
        case nir.Flatten():
            return x.reshape(len(x), *stage.shape)
        case nir.Conv1d():
            sums = synapse_of(stage).apply(x.reshape(len(x), prod(stage.given)).T).T
            return sums.reshape(len(x), *stage.shape) + node.bias[:, None]
        case nir.Delay():
            return _delayed(x, np.round(node.delay / dt))
    return _over_time(NEURONS[type(node)], node, x, dt)


def _over_time(step: Step, node: nir.NIRNode, x: Array, dt: float) -> Array:
    out, state = np.empty_like(x), rest(x.shape[1:])
    for t, now in enumerate(x):
        state, out[t] = step(node, state, now, dt)
    return out


def _delayed(x: Array, steps: Array) -> Array:
    out = np.zeros_like(x)
    for late in np.unique(steps[steps < len(x)]).astype(int):
        where = steps == late
        out[late:, where] = x[: len(x) - late, where]
    return out
