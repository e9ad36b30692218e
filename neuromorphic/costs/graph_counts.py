"""Count the operations that any NIR graph needs on a chip for one input, node by node."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.costs.counts import NOTHING, Counts, Events, arriving, words_read
from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import UNITS, Graph, Stage
from neuromorphic.graphs.reach import reached
from neuromorphic.graphs.run import Array, Input, by_unit, graph_values
from neuromorphic.graphs.synapses import WEIGHTS, dense_weights, fan_out, synapse_of
from neuromorphic.integers.entry import Payload, best_entry, to_payload

SILENT = (nir.I, nir.LI, nir.CubaLI)  # they put out a state, and send no spikes

Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Flow:
    """What leaves a node: its `values (T, ...)`, and which of them an event reached, `(M, T)`.

    `senders` are the nodes that sent these events; empty after weights, where sums flow.
    """

    values: Array
    touched: Bits
    senders: frozenset[str]

    @cached_property
    def payload(self) -> Payload:
        """The values as the 8-bit payloads `(M, T)` that spikes would carry."""
        found = by_unit(self.values)
        return to_payload(found, best_entry(found).exponent)


def count_graph(graph: Graph, x: Input, dt: float, dialect: Dialect = NIR) -> dict[str, Counts]:
    """Count each node with weights or units in a run on `x (T, ...)` with steps of `dt` s.

    Every non-zero value that arrives at weights is an event: a spike, or a number, which counts as
    an 8-bit payload scaled to the range of all of them. Units without weights before them receive
    each event themselves. A unit is driven in the steps in which an event reaches it, and idle in
    the others; an LI sends no spikes. Each source of a sum sends its own events; those of a late
    edge arrive a step later. Raises what `run_graph` raises.
    """
    values = graph_values(graph, x, dt, dialect)
    outside = frozenset(stage.name for stage in graph.inputs)
    flows: dict[str, Flow] = {}
    found: dict[str, Counts] = {}
    for stage in graph.stages:
        given = [
            _a_step_later(source, values[source]) if source in stage.late else flows[source]
            for source in stage.sources
        ]
        if isinstance(stage.node, WEIGHTS):
            found[stage.name] = _weights(stage, given)
        elif isinstance(stage.node, UNITS):
            found[stage.name] = _units(stage, given, values[stage.name])
        if stage.name in found:
            came = [flow.payload for flow in given if flow.senders & outside]
            entering = sum(int(np.count_nonzero(payload)) for payload in came)
            found[stage.name] = replace(found[stage.name], entering=entering)
        flows[stage.name] = _flow(stage, given, values[stage.name], dt)
    leaving = frozenset().union(*(flows[stage.name].senders for stage in graph.outputs))
    for name in leaving & found.keys():
        found[name] = replace(found[name], leaving=found[name].spikes)
    return found


def _a_step_later(source: str, values: Array) -> Flow:
    """What leaves a unit that closes a cycle, when it arrives."""
    later = np.concatenate((np.zeros_like(values[:1]), values[:-1]))
    return _sent(later, frozenset({source}))


def _flow(stage: Stage, given: Sequence[Flow], values: Array, dt: float) -> Flow:
    if not given or isinstance(stage.node, UNITS):
        return _sent(values, frozenset({stage.name}))
    if isinstance(stage.node, WEIGHTS):
        synapse = synapse_of(stage)
        by_source = [reached(synapse, flow.payload != 0) for flow in given]
        return Flow(values, np.logical_or.reduce(by_source), frozenset())
    senders = frozenset().union(*(flow.senders for flow in given))
    if senders:
        return _sent(values, senders)
    touched = _touched(given)
    if isinstance(stage.node, nir.Delay):
        touched = _later(touched, np.round(stage.node.delay / dt).astype(int).ravel())
    return Flow(values, touched, senders)


def _sent(values: Array, senders: frozenset[str]) -> Flow:
    """What is sent as events: all that is not rounded to 0."""
    flow = Flow(values, np.zeros((0, 0), bool), senders)
    return replace(flow, touched=flow.payload != 0)


def _touched(given: Sequence[Flow]) -> Bits:
    return np.asarray(np.logical_or.reduce([flow.touched for flow in given]))


def _later(touched: Bits, delays: npt.NDArray[np.int64]) -> Bits:
    later = np.zeros_like(touched)
    for unit, delay in enumerate(delays):
        later[unit, delay:] = touched[unit, : max(touched.shape[1] - delay, 0)]
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
    units, driven = prod(stage.shape), int(np.count_nonzero(_touched(given)))
    direct = [flow for flow in given if flow.senders]
    return replace(
        _events(direct, np.ones(units, np.int64)),
        units=units,
        steps=len(values),
        driven_updates=driven,
        idle_updates=len(values) * units - driven,
        spikes=0 if isinstance(stage.node, SILENT) else int(np.count_nonzero(values)),
    )


def _events(given: Sequence[Flow], reach: npt.NDArray[np.int64]) -> Counts:
    """Return the events that arrive from all sources."""
    arrived = [arriving(flow.payload, reach) for flow in given]
    total = Events(*map(sum, zip((0, 0, 0, 0), *arrived, strict=True)))
    return replace(
        NOTHING,
        input_words=total.words,
        synaptic_events=total.events,
        plane_spikes=total.planes,
        plane_events=total.plane_events,
    )
