"""The decoder's dictionary as integers of a chip, driven by events alone: a step for each frame.

The events of a bin add up to its value, and each value that is not 0 adds its row of the dictionary
to the accumulators of the window. A host reads these once a frame, multiplies them by the step, and
overlaps and adds. What a net would refine is left out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Dense
from neuromorphic.integers.exact import chip_weights
from neuromorphic.integers.graded import SUM_BITS, Graded
from neuromorphic.integers.network import INPUT, Connection, Layer, Network
from runtime.lapped import chip

WEIGHT_MAX = 127  # what a level adds to its bin's value, at most

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sounding:
    """A `network` from events `(units)` to the accumulators of a window `(2 hop)`.

    A count of them is `unit` times the step of the frame, in samples of full scale 1.
    """

    network: Network[Graded]
    unit: float

    def sound(self, sums: npt.NDArray[np.int32], step: Floats) -> Floats:
        """The sound `((T - 1) hop,)` of accumulators `(2 hop, T)` at `step (T,)`.

        As `runtime.lapped.transform.synthesis` has it.
        """
        halves = (sums * (self.unit * step)).T.reshape(len(step), 2, -1)
        return (halves[:-1, 1] + halves[1:, 0]).ravel().astype(np.float32)


def sounding(units: chip.Units, scale: Floats, points: Floats, levels: int) -> Sounding:
    """The decoder of so many levels, for the events of `neuromorphic.integers.lapped`.

    `scale (bins,)` and `points (3, bins)` are those of `runtime.lapped.model.read_units`. No bound
    holds for all events, as it does for all samples: `fit` on a recording says what that reaches.
    """
    bins = units.bins
    count = np.arange(1, levels + 1)[:, None]
    values = (count + points[np.minimum(count[:, 0], len(points)) - 1]) * scale
    added = np.diff(values, axis=0, prepend=0)
    unit = float(np.abs(added).max()) / WEIGHT_MAX
    weight = np.rint(added / unit).astype(np.int32)
    number = np.arange(2 * bins * levels)
    level, pair = np.divmod(number, 2 * bins)
    bin, negative = np.divmod(pair, 2)
    gathered = csr_array(((1 - 2 * negative) * weight[level, bin], (bin, number)))
    rows = chip.dictionary(bins, units.hop).T.astype(np.int32)
    layers = (
        Layer("values", (Connection(INPUT, Sparse(gathered, wired=True)),), Graded()),
        Layer("window", (Connection(0, Dense(*chip_weights(rows, 0)), bits=SUM_BITS),), Graded()),
    )
    count_worth = unit * float(np.sqrt(2 / units.hop)) / chip.WEIGHT_MAX
    return Sounding(Network(layers, np.ones(len(number), np.int64)), count_worth)
