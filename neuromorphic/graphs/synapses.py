"""The weights of a NIR node as a synapse: a matrix, or a convolution."""

import nir
import numpy as np

from neuromorphic.graphs.check import Stage
from neuromorphic.graphs.shapes import padding
from neuromorphic.integers.synapses import Conv1d, Dense, Synapse

WEIGHTS = (nir.Affine, nir.Linear, nir.Conv1d)


def synapse_of(stage: Stage) -> Synapse:
    """Return the weights of an Affine, a Linear or a Conv1d."""
    node = stage.node
    if not isinstance(node, nir.Conv1d):
        return Dense(node.weight)
    return Conv1d(
        weight=node.weight,
        width=stage.given[1],
        stride=int(np.ravel(node.stride)[0]),
        padding=padding(node),
        dilation=int(np.ravel(node.dilation)[0]),
        groups=int(np.ravel(node.groups)[0]),
    )
