"""What a NIR graph is made of, node by node: shapes, parameters, synapses, delays and decays."""

from math import prod
from typing import Any

import nir
import numpy as np

from neuromorphic.graph_check import FIELDS, Stage, checked
from neuromorphic.graph_shapes import padding
from neuromorphic.neurons import NEURONS


def summary(graph: nir.NIRGraph) -> list[dict[str, Any]]:
    """Return a row for each node in the order of the flow.

    `node`, `kind`; `sources`, whose outputs it is given the sum of; `given` and `gives`, shapes
    without time; `neurons`; `parameters`, numbers that are stored; `synapses`, how many products a
    step takes with every input active, and `zeros`, how many of these have a weight of zero;
    `values`, least and greatest of each parameter. Raises `GraphError` as `checked` does.
    """
    return [_row(stage) for stage in checked(graph)]


def _row(stage: Stage) -> dict[str, Any]:
    arrays = {field: getattr(stage.node, field) for field in FIELDS[stage.kind]}
    synapses, zeros = _synapses(stage)
    return {
        "node": stage.name,
        "kind": stage.kind,
        "sources": list(stage.sources),
        "given": list(stage.given),
        "gives": list(stage.shape),
        "neurons": prod(stage.shape) if type(stage.node) in NEURONS else 0,
        "parameters": sum(array.size for array in arrays.values()),
        "synapses": synapses,
        "zeros": zeros,
        "values": {name: [float(a.min()), float(a.max())] for name, a in arrays.items()},
    }


def _synapses(stage: Stage) -> tuple[int, int]:
    node = stage.node
    if isinstance(node, nir.Affine | nir.Linear):
        return node.weight.size, int(np.count_nonzero(node.weight == 0))
    if isinstance(node, nir.Conv1d):
        used = _places(node, stage.given[1], stage.shape[1])
        zero = (node.weight == 0).sum(axis=(0, 1))
        return int(used.sum()) * prod(node.weight.shape[:2]), int(used @ zero)
    return 0, 0


def _places(node: nir.Conv1d, length: int, out: int) -> np.ndarray:
    """Return at how many places each tap of a kernel meets the input, not the padding."""
    stride, dilation = int(np.ravel(node.stride)[0]), int(np.ravel(node.dilation)[0])
    starts = np.arange(out) * stride - padding(node)[0]
    met = starts[:, None] + np.arange(node.weight.shape[2]) * dilation
    counts: np.ndarray = ((met >= 0) & (met < length)).sum(axis=0)
    return counts
