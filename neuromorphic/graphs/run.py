"""A reference executor for NIR graphs in float64: nir defines equations but does not run them."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import prod
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import Graph, Stage, only
from neuromorphic.graphs.neurons import NEURONS, Array, neuron
from neuromorphic.graphs.synapses import WEIGHTS, bias_of, synapse_of
from runtime.errors import GraphError

Input = npt.ArrayLike | Mapping[str, npt.ArrayLike]
Over = Callable[[Array], Array]  # from some steps of a stage's input `(t, ...)` to its output


def run_graph(graph: Graph, x: Input, dt: float, dialect: Dialect = NIR) -> Array:
    """Run a graph over time: `x (T, ...)` to `(T, ...) float64`, one step every `dt` s.

    With several Inputs, `x` maps each one's name to an array. A node with several sources is given
    their sum. An edge that closes a cycle carries its unit's output of the step before. Units are
    those of `neurons` in a `dialect`; Threshold gives 1 if `x > threshold` strictly; convolutions
    and pools work on the last axes of each step alone, as cross-correlations; Delay gives 0 before
    its first value.
    Raises `GraphError` when `x` does not fit the graph, `dt` is longer than a time constant and
    Euler would overshoot, a delay is not a whole number of steps, or there are several Outputs.
    """
    return graph_values(graph, x, dt, dialect)[only("Output", graph.outputs).name]


def graph_values(graph: Graph, x: Input, dt: float, dialect: Dialect = NIR) -> dict[str, Array]:
    """Return the output of each node, in the order of the flow; see `run_graph`."""
    require_step(graph, dt, dialect)
    values = _inputs(graph, x)
    length = len(next(iter(values.values())))
    for group in graph.groups:
        run = {stage.name: _over(stage, dt, dialect, length) for stage in group if stage.sources}
        if any(stage.late for stage in group):
            values |= _cycle(group, run, values)
        else:
            for stage in group:
                if stage.sources:
                    given = reduce(np.add, (values[source] for source in stage.sources))
                    values[stage.name] = run[stage.name](given)
    return values


def require_step(graph: Graph, dt: float, dialect: Dialect = NIR) -> None:
    """Raise `GraphError` if steps of `dt` s are too long, or do not add up to a delay."""
    if not (np.isfinite(dt) and dt > 0):
        raise GraphError(f"dt is {dt} s; it must be positive")
    for stage in graph.stages:
        _require_step(stage, dt, dialect)


def by_unit(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Turn `x (T, ...)`, as in graphs, into `(M, T)`, as in layers."""
    return x.reshape(len(x), prod(x.shape[1:])).T


def given_out(graph: Graph, values: Mapping[str, Array]) -> Array:
    """Return what the Outputs give, `(N, T)`, the values of several one after the other."""
    return np.concatenate([by_unit(values[stage.name]) for stage in graph.outputs])


def steps_of(x: Input) -> int:
    """Return the number of steps of an input."""
    return len(np.asarray(next(iter(x.values())) if isinstance(x, Mapping) else x))


def joined(graph: Graph, x: Input) -> npt.NDArray[Any]:
    """Return the input as `(M, T)`, the values of several Inputs one after the other.

    Raises `GraphError` as `run_graph` does.
    """
    given = x if isinstance(x, Mapping) else {only("Input", graph.inputs).name: x}
    _inputs(graph, given)
    return np.concatenate([by_unit(np.asarray(given[stage.name])) for stage in graph.inputs])


def _require_step(stage: Stage, dt: float, dialect: Dialect) -> None:
    for field in ("tau", "tau_syn", "tau_mem"):
        tau = getattr(stage.node, field, None)
        # Rounding to float32 may have made a tau of one step slightly shorter.
        if tau is not None and dialect.decay == "euler" and dt > np.min(tau) * (1 + 1e-6):
            raise GraphError(
                f"node {stage.name!r}: dt {dt:g} s exceeds its {field} {np.min(tau):g} s; choose a "
                f"shorter step, such as --dt {np.min(tau) / 10:.3g}"
            )
    if isinstance(stage.node, nir.Delay):
        steps = stage.node.delay / dt
        worst = np.argmax(np.abs(steps - np.round(steps)))
        if not np.allclose(steps, np.round(steps), rtol=0, atol=1e-6):
            raise GraphError(
                f"node {stage.name!r}: delay {stage.node.delay.flat[worst]:g} s is no whole number "
                f"of steps of {dt:g} s"
            )


def _inputs(graph: Graph, x: Input) -> dict[str, Array]:
    names = [stage.name for stage in graph.inputs]
    given = x if isinstance(x, Mapping) else {only("Input", graph.inputs).name: x}
    if set(given) != set(names):
        raise GraphError(
            f"input has {', '.join(map(repr, given))}; {', '.join(map(repr, names))} are needed"
        )
    found = {stage.name: _input(stage, given[stage.name]) for stage in graph.inputs}
    if len({len(array) for array in found.values()}) > 1:
        lengths = ", ".join(f"{len(array)} of {name!r}" for name, array in found.items())
        raise GraphError(f"inputs have different numbers of steps: {lengths}")
    return found


def _input(stage: Stage, x: npt.ArrayLike) -> Array:
    array = np.asarray(x)
    if array.dtype.kind not in "biuf" or array.ndim < 1 or array.shape[1:] != stage.shape:
        wanted = ", ".join(map(str, ("T", *stage.shape)))
        raise GraphError(
            f"node {stage.name!r}: input is {array.shape} {array.dtype}; numbers ({wanted}) are "
            "needed"
        )
    if not np.isfinite(array).all():
        raise GraphError(f"node {stage.name!r}: input holds values that are not finite")
    return array.astype(np.float64)


def _cycle(
    group: Sequence[Stage], run: Mapping[str, Over], values: Mapping[str, Array]
) -> dict[str, Array]:
    """Run the stages of a cycle step by step."""
    length = len(next(iter(values.values())))
    found = {stage.name: np.zeros((length, *stage.shape)) for stage in group}
    known = {**values, **found}
    for t in range(length):
        for stage in group:
            given = np.zeros((1, *stage.given))
            for source in stage.sources:
                if source not in stage.late:
                    given = given + known[source][t]
                elif t:
                    given = given + known[source][t - 1]
            found[stage.name][t] = run[stage.name](given)[0]
    return found


def _over(stage: Stage, dt: float, dialect: Dialect, length: int) -> Over:
    """Return a function that runs a stage over some steps, then the next, `length` in all."""
    node = stage.node
    if isinstance(node, WEIGHTS):
        synapse, bias = synapse_of(stage), bias_of(stage)
        return lambda x: synapse.apply(by_unit(x)).T.reshape(len(x), *stage.shape) + bias
    if isinstance(node, NEURONS):
        return _neurons(stage, dt, dialect)
    match node:
        case nir.Scale():
            return lambda x: x * node.scale
        case nir.Threshold():
            return lambda x: (x > node.threshold).astype(np.float64)
        case nir.Delay():
            return _delayed(np.minimum(np.round(node.delay / dt), length).astype(int))
        case nir.Flatten():
            return lambda x: x.reshape(len(x), *stage.shape)
    return lambda x: x


def _neurons(stage: Stage, dt: float, dialect: Dialect) -> Over:
    units = neuron(stage, dt, dialect)
    state = units.rest()

    def over(x: Array) -> Array:
        nonlocal state
        out = np.empty_like(x)
        for t, now in enumerate(x):
            state, out[t] = units.step(state, now)
        return out

    return over


def _delayed(late: npt.NDArray[np.int64]) -> Over:
    past = np.zeros((late.max(initial=0), *late.shape))

    def over(x: Array) -> Array:
        nonlocal past
        whole = np.concatenate([past, x])
        out = np.empty_like(x)
        for steps in np.unique(late):
            where = late == steps
            first = len(past) - steps
            out[:, where] = whole[first : first + len(x), where]
        past = whole[len(x) :]
        return out

    return over
