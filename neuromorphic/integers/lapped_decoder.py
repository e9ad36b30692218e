"""The decoder's dictionary as integers of a chip, driven by events alone: a step for each frame.

A bin in which units fired sends one message with its value, which adds the bin's row of the
dictionary, times that value, to the accumulators of the window; a silent bin costs nothing. A host
looks the values up, reads the accumulators once a frame, multiplies them by the step, and overlaps
and adds. What a net would refine is left out.
"""

import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.synapses import Dense
from neuromorphic.integers.exact import chip_weights
from neuromorphic.integers.graded import Graded
from neuromorphic.integers.network import INPUT, Connection, Layer, Network
from runtime.lapped import chip

VALUE_BITS = 16  # of a message
UNIT = 1 / 64  # of a value, in steps

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


def window_network(units: chip.Units) -> Network[Graded]:
    """From values of bins `(bins)` to the accumulators of a window `(2 hop)`.

    No bound holds for all values, as it does for all samples; `fit` on a recording says how large
    its sums are.
    """
    rows = chip.dictionary(units.bins, units.hop).T.astype(np.int32)
    synapse = Connection(INPUT, Dense(*chip_weights(rows, 0)), bits=VALUE_BITS)
    largest = np.full(units.bins, (1 << (VALUE_BITS - 1)) - 1, np.int64)
    return Network((Layer("window", (synapse,), Graded()),), largest)


def messages(values: Floats) -> Ints:
    """The input `(T, bins)` for coefficients `(T, bins)` in steps."""
    return np.rint(values / UNIT).astype(np.int32)


def sound(sums: Ints, step: Floats) -> Floats:
    """The sound `((T - 1) hop,)` of accumulators `(2 hop, T)` at `step (T,)`.

    It is that of `runtime.lapped.transform.synthesis`.
    """
    count = UNIT * np.sqrt(4 / len(sums)) / chip.WEIGHT_MAX
    halves = (sums * (count * step)).T.reshape(len(step), 2, -1)
    return (halves[:-1, 1] + halves[1:, 0]).ravel().astype(np.float32)
