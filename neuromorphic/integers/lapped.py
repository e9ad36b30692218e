"""The lapped code as integers of a chip: a step for each frame, or one for each level of it.

On a chip, `lapped_network` does a frame in a step: bins add up the samples and pass their sums on
to the units of all their levels. Formats whose layers always spike get `lapped_layer`: the units of
a bin's lowest level alone, which are shown a frame again for each level, with that level's payload.
So they need no copy of a row for each level, and know no highest level.
"""

from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from neuromorphic.graphs import STEP
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Dense
from neuromorphic.integers.exact import Arm, ExactLayer, chip_weights, network_of
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.graded import SUM_BITS, Graded
from neuromorphic.integers.network import INPUT, Connection, Layer, Network
from neuromorphic.integers.nir_forms import LEAK, exact_graph
from runtime.lapped import chip

# In `lapped_layer` nothing is shifted before it is compared. So a positive unit fires if its sum
# is at least 8 and a negative one if it is at least 1, which an input that is always 1 takes off.
WHOLE = 1 << chip.SHIFT
LEAST = np.array([WHOLE, 1])
COARSE = 11  # bits that a sum then loses below 0, so that a leaky unit can hold it

Ints = npt.NDArray[np.int32]
Bits = npt.NDArray[np.bool_]


def lapped_network(units: chip.Units, levels: int) -> Network[Graded]:
    """The units of so many levels, in the order of an event matrix, in a step for each frame.

    Input `(2 hop + levels)`: the samples' payloads, then those of the levels
    (`chip.level_payloads`). The layers `bins` and `levels` pass sums and payloads on; each of the
    `units` has two synapses, one from its bin and one from its level.
    """
    bins, inputs = units.bins, 2 * units.hop + levels
    weight = np.zeros((bins, inputs), np.int32)
    weight[:, :-levels] = chip.dictionary(bins, units.hop)
    passed = csr_array(np.eye(levels, inputs, inputs - levels, np.int32))
    number = np.arange(2 * bins * levels)
    level, pair = np.divmod(number, 2 * bins)
    bin, negative = np.divmod(pair, 2)
    theta = np.stack([units.row(one) for one in range(levels)]).astype(np.int32)
    signs = csr_array(((1 - 2 * negative).astype(np.int32), (number, bin)), (len(bin), bins))
    taken = csr_array((-theta[level, bin], (number, level)), (len(bin), levels))
    layers = (
        Layer("bins", (Connection(INPUT, Dense(*chip_weights(weight, chip.SHIFT))),), Graded()),
        Layer("levels", (_wires(INPUT, passed),), Graded()),
        Layer("units", (_wires(0, signs), _wires(1, taken)), Graded("spike")),
    )
    caps = [chip.cap(units, one) for one in range(levels)]
    largest = np.array([chip.PAYLOAD_MAX] * 2 * units.hop + caps, np.int64)
    return Network(layers, largest)


def _wires(source: int, weights: csr_array) -> Connection:
    return Connection(source, Sparse(weights, wired=True), bits=SUM_BITS)


def lapped_layer(units: chip.Units) -> ExactLayer:
    """The units of one level `(2 bins)`, shown a frame once for each level (see `substeps`)."""
    dictionary = chip.dictionary(units.bins, units.hop).astype(np.int64)
    signs = np.array([1, -1])
    rows = (dictionary[:, None] * signs[:, None]).reshape(2 * units.bins, -1)
    theta = np.repeat(-units.theta.T.astype(np.int64), 2, axis=0)
    weight = np.hstack([rows, theta, np.tile(-LEAST, units.bins)[:, None]])
    return ExactLayer("lapped", (Arm(INPUT, weight, -COARSE),), np.zeros(len(weight), np.int64))


def layer_network(units: chip.Units) -> Network[Neuron]:
    """`lapped_layer` as a network, which knows how large its inputs are."""
    caps = [WHOLE * chip.cap(units, level) for level in range(len(units.theta))]
    largest = np.array([chip.PAYLOAD_MAX] * 2 * units.hop + caps + [1], np.int64)
    return Network(network_of([lapped_layer(units)]).layers, largest)


def portable_lapped(units: chip.Units) -> nir.NIRGraph:
    """`lapped_layer` for tools without Threshold: Linear and LIF, whose `tau` is one step.

    Its last input adds 1 more than in `lapped_layer`, as LIFs need a positive threshold, 1/2. Equal
    spikes need an empty step after each (`substeps` has it): in it goes what a unit may keep of a
    sum up to 2^26, the 2^-22 of `nir_forms.LEAK`. Several spikes in a step count as one.
    """
    (arm,), count = lapped_layer(units).arms, 2 * units.bins
    weight = arm.weight.astype(np.float32)
    weight[:, -1] += 1
    one, zero = np.ones(count), np.zeros(count)
    lif = nir.LIF(one * STEP * (1 + LEAK), one, zero, one / 2, zero)
    nodes = {
        "input": nir.Input({"input": np.array([arm.weight.shape[1]])}),
        "linear": nir.Linear(weight),
        "lif": lif,
        "output": nir.Output({"output": np.array([count])}),
    }
    return nir.NIRGraph(nodes, [("input", "linear"), ("linear", "lif"), ("lif", "output")])


@dataclass(frozen=True, eq=False)
class Substeps:
    """Frames shown once for each level: the input `x (T', M)`, and which step is which.

    `frame (S,)` and `level (S,)` of the steps `at (S,)` that show something; the others are empty
    but for the input that is always 1.
    """

    x: Ints
    at: npt.NDArray[np.int64]
    frame: npt.NDArray[np.int64]
    level: npt.NDArray[np.int64]

    def joined(self, spikes: npt.NDArray[Any], units: int, frames: int) -> Bits:
        """Spikes `(2 bins, T')` of the steps as those of all levels, `(units, frames)`."""
        pairs = len(spikes)
        bits = np.zeros((units // pairs, pairs, frames), np.bool_)
        bits[self.level, :, self.frame] = spikes[:, self.at].T != 0
        return bits.reshape(units, frames)


def substeps(x: npt.NDArray[Any], units: chip.Units) -> Substeps:
    """Show frames `x (T, 2 hop + levels)` of a `lapped_network` for each of their levels.

    A frame is shown until a level at which nothing fires, as a host would that watches the spikes.
    """
    samples, rows = 2 * units.hop, len(units.theta)
    payload, steps = x[:, :samples].astype(np.int8), x[:, samples:].astype(np.int64)
    size = np.abs(chip.accumulated(payload, units))
    levels, shown = steps.shape[1], np.ones(len(x), np.int64)
    for one in range(levels - 1):
        fires = (size > units.row(one) * steps[:, one, None]).any(1)
        shown[fires] = one + 2
    frame = np.repeat(np.arange(len(x)), shown)
    level = np.arange(len(frame)) - np.repeat(np.cumsum(shown) - shown, shown)
    at = 2 * np.arange(len(frame))
    given = np.zeros((2 * len(frame), samples + rows + 1), np.int32)
    given[at, :samples] = payload[frame]
    given[at, samples + np.minimum(level, rows - 1)] = WHOLE * steps[frame, level]
    given[:, -1] = 1
    return Substeps(given, at, frame, level)


def file_forms(units: chip.Units, backend: str) -> Forms:
    """`lapped_layer` in the form that a back end takes, and as integers."""
    integers = layer_network(units)
    if backend == "nir-lif":
        return Forms(portable=parse_graph(portable_lapped(units)), integers=integers)
    if backend == "netx":
        return Forms(integers=integers)
    return Forms(graph=parse_graph(exact_graph([lapped_layer(units)])), integers=integers)
