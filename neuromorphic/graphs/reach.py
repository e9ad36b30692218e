"""Which units an event reaches: those behind a weight that is not 0."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import AnySynapse, Conv1d, Conv2d, Dense, Synapse

Bits = npt.NDArray[np.bool_]


def reached(synapse: AnySynapse, active: Bits) -> Bits:
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
    units, inputs = _pairs(synapse)
    groups = np.searchsorted(starts, units, side="right") - 1
    ones = np.ones(len(units), np.int64)
    shape = (len(starts), synapse.inputs)
    found: npt.NDArray[np.int64] = csr_array((ones, (groups, inputs)), shape).toarray()
    return found


def _pairs(synapse: Sparse | Direct | Conv1d) -> tuple[npt.NDArray[np.int64], ...]:
    """Return the numbers of the unit and of the input of each weight that is not 0."""
    match synapse:
        case Direct():
            return np.arange(synapse.units), np.arange(synapse.units)
        case Sparse():
            weights = synapse.weights.tocoo()
            held = weights.data != 0
            return weights.row[held].astype(np.int64), weights.col[held].astype(np.int64)
    to, channel, tap = (index[:, None] for index in np.nonzero(synapse.weight))
    first = to // (len(synapse.weight) // synapse.groups) * synapse.weight.shape[1]
    place = np.arange(synapse.places)
    at = place * synapse.stride - synapse.padding[0] + tap * synapse.dilation
    inside = (at >= 0) & (at < synapse.width)
    units = to * synapse.places + place
    return units[inside], ((first + channel) * synapse.width + at)[inside]
