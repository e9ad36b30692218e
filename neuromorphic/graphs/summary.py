"""A NIR graph node by node: shapes, parameters, synapses, delays and decays."""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from neuromorphic.graphs.graph import FIELDS, Graph, Stage
from neuromorphic.graphs.neurons import NEURONS
from neuromorphic.graphs.synapses import WEIGHTS, dense_weights, synapse_of


def summary(graph: Graph) -> list[dict[str, Any]]:
    """Return a row for each node in the order of the flow.

    `node`, `kind`; `sources`, whose outputs are summed, and `late`, those of them whose output of
    the step before is used; `given` and `gives`, the shapes without time; `neurons`; `parameters`,
    the count of stored numbers; `synapses`, the products in a step with every input active, and
    `zeros`, how many of these have a weight of zero; `values`, the least and greatest of each
    parameter.
    """
    return [_row(stage) for stage in graph.stages]


def _row(stage: Stage) -> dict[str, Any]:
    arrays = {field: getattr(stage.node, field) for field in FIELDS[stage.kind]}
    synapses, zeros = _synapses(stage)
    return {
        "node": stage.name,
        "kind": stage.kind,
        "sources": list(stage.sources),
        "late": sorted(stage.late),
        "given": list(stage.given),
        "gives": list(stage.shape),
        "neurons": prod(stage.shape) if isinstance(stage.node, NEURONS) else 0,
        "parameters": sum(array.size for array in arrays.values()),
        "synapses": synapses,
        "zeros": zeros,
        "values": {name: [float(a.min()), float(a.max())] for name, a in arrays.items()},
    }


def _synapses(stage: Stage) -> tuple[int, int]:
    if not isinstance(stage.node, WEIGHTS):
        return 0, 0
    synapse = synapse_of(stage)
    zeros = replace(synapse, weight=synapse.weight == 0).apply(np.ones((synapse.inputs, 1)))
    return dense_weights(synapse), int(zeros.sum())
