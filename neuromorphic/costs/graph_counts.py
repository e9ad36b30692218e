"""Count the operations that any NIR graph needs on a chip for one input, node by node."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.costs.counts import NOTHING, Counts, Events, arriving, words_read
from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import Graph, Stage
from neuromorphic.graphs.run import Array, by_unit, graph_values
from neuromorphic.graphs.synapses import WEIGHTS, dense_weights, fan_out, synapse_of
from neuromorphic.integers.entry import best_entry, to_payload
from neuromorphic.integers.lowering import FIRING
from runtime.errors import GraphError

SILENT = (nir.I, nir.LI, nir.CubaLI)  # they put out a state, and send no spikes
UNITS = (*FIRING, *SILENT)

Steps = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Flow:
    """What leaves a node: its `values (T, ...)`, and in which steps `(T,)` an event changed them.

    `senders` are the nodes that sent these events; empty after weights, where sums flow.
    """

    values: Array
    stirred: Steps
    senders: frozenset[str]


def count_graph(
    graph: Graph, x: npt.ArrayLike, dt: float, dialect: Dialect = NIR
) -> dict[str, Counts]:
    """Count each node with weights or units in a run on `x (T, ...)` with steps of `dt` s.

    Every non-zero value that arrives at weights is an event: a spike, or a number, which counts as
    an 8-bit payload scaled to the range of all of them. Units without weights before them receive
    each event themselves. A unit is driven in the steps in which an event reaches its node, and
    idle in the others; an LI sends no spikes. Each source of a sum sends its own events. Raises
    what `run_graph` raises.
    """
    for stage in graph.stages:
        if stage.late:
            raise GraphError(f"node {stage.name!r}: closes a cycle, which is not yet counted")
    values = graph_values(graph, x, dt, dialect)
    flows: dict[str, Flow] = {}
    found: dict[str, Counts] = {}
    for stage in graph.stages:
        given = [flows[source] for source in stage.sources]
        if isinstance(stage.node, WEIGHTS):
            found[stage.name] = _weights(stage, given)
        elif isinstance(stage.node, UNITS):
            found[stage.name] = _units(stage, given, values[stage.name])
        flows[stage.name] = _flow(stage, given, values[stage.name], dt)
    for name in flows[stage.name].senders & found.keys():
        found[name] = replace(found[name], leaving=found[name].spikes)
    return found


def _flow(stage: Stage, given: Sequence[Flow], values: Array, dt: float) -> Flow:
    if not given or isinstance(stage.node, UNITS):
        return Flow(values, (by_unit(values) != 0).any(axis=0), frozenset({stage.name}))
    stirred = _stirred(given)
    if isinstance(stage.node, WEIGHTS):
        return Flow(values, stirred, frozenset())
    if isinstance(stage.node, nir.Delay):
        stirred = _later(stirred, np.unique(np.round(stage.node.delay / dt)))
    return Flow(values, stirred, frozenset().union(*(flow.senders for flow in given)))


def _stirred(given: Sequence[Flow]) -> Steps:
    steps: Steps = np.any([flow.stirred for flow in given], axis=0)
    return steps


def _later(stirred: Steps, delays: Array) -> Steps:
    later = np.zeros_like(stirred)
    for delay in delays[delays < len(stirred)].astype(int):
        later[delay:] |= stirred[: len(stirred) - delay]
    return later


def _weights(stage: Stage, given: Sequence[Flow]) -> Counts:
    synapse, steps = synapse_of(stage), len(given[0].values)
    reach, macs = fan_out(synapse), dense_weights(synapse) * steps
    return replace(
        _events(given, reach),
        inputs=reach.size,
        steps=steps,
        dense_macs=macs,
        weight_words=words_read(macs),
    )


def _units(stage: Stage, given: Sequence[Flow], values: Array) -> Counts:
    units, driven = prod(stage.shape), int(_stirred(given).sum())
    direct = [flow for flow in given if flow.senders]
    return replace(
        _events(direct, np.ones(units, np.int64)),
        units=units,
        steps=len(values),
        driven_updates=driven * units,
        idle_updates=(len(values) - driven) * units,
        spikes=0 if isinstance(stage.node, SILENT) else int(np.count_nonzero(values)),
    )


def _events(given: Sequence[Flow], reach: npt.NDArray[np.int64]) -> Counts:
    """Return the events that arrive from all sources."""
    sent = [by_unit(flow.values) for flow in given]
    arrived = [arriving(to_payload(x, best_entry(x).exponent), reach) for x in sent]
    total = Events(*map(sum, zip((0, 0, 0, 0), *arrived, strict=True)))
    return replace(
        NOTHING,
        input_words=total.words,
        synaptic_events=total.events,
        plane_spikes=total.planes,
        plane_events=total.plane_events,
    )
