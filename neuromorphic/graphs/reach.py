"""Which units an event reaches: those behind a weight that is not 0."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import Conv1d, Conv2d, Dense, Synapse, nonzero

Bits = npt.NDArray[np.bool_]


def reached(synapse: Synapse, active: Bits) -> Bits:
    """Return which units `(N, T)` are reached in each step, if the inputs `active (M, T)` send."""
    match synapse:
        case Direct():
            return active
        case Sparse():
            found = np.zeros((synapse.units, active.shape[1]), bool)
            for late, weights in synapse.by_delay():
                sent = active[:, : max(active.shape[1] - late, 0)].astype(np.float32)
                found[:, late:] |= ((weights != 0).astype(np.float32) @ sent) > 0
            return found
        case Dense():
            weight = (synapse.weight != 0).astype(np.float32)
            return np.asarray(weight @ active.astype(np.float32) > 0)
        case Conv1d() | Conv2d():
            ones = replace(synapse, weight=(synapse.weight != 0).astype(np.float64))
            return ones.apply(active.astype(np.float64)) > 0.5


def reach_of_groups(synapse: Synapse, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many units of each group an input reaches, `(G, M) int64`.

    A group holds the units from its entry in `starts (G,)` to the next; the first entry is 0.
    """
    if isinstance(synapse, Dense):
        return np.add.reduceat(synapse.weight != 0, starts, axis=0, dtype=np.int64)
    weights = nonzero(synapse).tocoo()
    held = weights.data != 0
    groups = np.searchsorted(starts, weights.row[held], side="right") - 1
    ones = np.ones(len(groups), np.int64)
    shape = (len(starts), synapse.inputs)
    found: npt.NDArray[np.int64] = csr_array((ones, (groups, weights.col[held])), shape).toarray()
    return found
