"""A graph's figures in NeuroBench's format."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.graph import FIELDS, Graph, Stage
from neuromorphic.graphs.neurons import SPIKING
from neuromorphic.graphs.run import by_unit
from neuromorphic.graphs.synapses import dense_weights, synapse_of

Array = npt.NDArray[Any]

CONNECTIONS = (nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d)  # NeuroBench counts no pools
BYTES = 4  # of a number in float32


def graph_neurobench(graph: Graph, values: Mapping[str, Array]) -> dict[str, Any]:
    """Return the metrics of NeuroBench 2.3 for one run, whose `values` are of `graph_values`.

    They are defined as in its code, for one sample. `Footprint`: bytes of the stored numbers in
    float32, without the state and the buffers that it adds in torch. `ConnectionSparsity`: the
    share of zero weights. `ActivationSparsity`: the share of zeros in the outputs of all spiking
    units. Of all `Dense` products of weights, those of non-zero numbers are `Effective_ACs` in the
    steps in which every input of the weights is -1, 0 or 1, and `Effective_MACs` in the others.
    """
    weights = [stage for stage in graph.stages if isinstance(stage.node, CONNECTIONS)]
    spiking = [values[s.name] for s in graph.stages if isinstance(s.node, SPIKING)]
    found = [_products(stage, values) for stage in weights]
    outputs, active = sum(v.size for v in spiking), sum(map(np.count_nonzero, spiking))
    stored = sum(stage.node.weight.size for stage in weights)
    zeros = sum(int((stage.node.weight == 0).sum()) for stage in weights)
    return {
        "Footprint": BYTES * sum(map(_numbers, graph.stages)),
        "ConnectionSparsity": zeros / stored if stored else 0.0,
        "ActivationSparsity": float(1 - active / outputs) if outputs else 0.0,
        "SynapticOperations": {
            "Effective_MACs": sum(macs for macs, _, _ in found),
            "Effective_ACs": sum(sums for _, sums, _ in found),
            "Dense": sum(dense for _, _, dense in found),
        },
    }


def _products(stage: Stage, values: Mapping[str, Array]) -> tuple[int, int, int]:
    """Return the products of non-zero numbers in graded and in plain steps, and all products."""
    given = by_unit(_given(stage, values))
    synapse = synapse_of(stage)
    effective = replace(synapse, weight=(synapse.weight != 0).astype(np.int32))
    products = effective.apply(given != 0).sum(axis=0)
    plain = np.isin(given, (-1, 0, 1)).all(axis=0)
    sums, macs = int(products[plain].sum()), int(products[~plain].sum())
    return macs, sums, dense_weights(synapse) * given.shape[1]


def _given(stage: Stage, values: Mapping[str, Array]) -> Array:
    """Return the sum that arrives at a stage, with what closes a cycle one step late."""
    total = np.zeros((len(values[stage.sources[0]]), *stage.given))
    for source in stage.sources:
        if source in stage.late:
            total[1:] += values[source][:-1]
        else:
            total += values[source]
    return total


def _numbers(stage: Stage) -> int:
    return sum(getattr(stage.node, field).size for field in FIELDS[stage.kind])
