"""Where a network's units go on a chip: which core, which tile, which chip."""

from bisect import bisect_right
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.chips.catalogue import Chip
from neuromorphic.graphs.sparse import Direct
from neuromorphic.graphs.synapses import fan_out
from neuromorphic.integers.network import INPUT, Connection, Layer, Network
from neuromorphic.integers.units import Units

ROW_HEADER = 10  # bits of a synapse list besides its weights, and the word size it is rounded up
ROW_WORD = 64  # to, in bits: Loihi 1, nengo-loihi 1.1 `block.py`

SIZES = ("neurons_per_core", "synapse_memory_per_core")  # the limits that say what a core holds

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Placement:
    """Cores in the order of the layers, each full before the next begins; layers share none.

    `layers` are how many units each core of each layer holds. Cores fill tiles, tiles the rows of a
    grid as square as can be, and chips stand in a row beside each other.
    """

    layers: tuple[tuple[int, ...], ...]
    cores_per_chip: int
    cores_per_tile: int

    @property
    def cores(self) -> int:
        """Number of cores in use."""
        return sum(map(len, self.layers))

    @property
    def chips(self) -> int:
        """Number of chips in use."""
        return -(-self.cores // self.cores_per_chip)

    def starts(self, layer: int) -> Numbers:
        """Return the first unit of each core of a layer."""
        return np.cumsum((0, *self.layers[layer][:-1]), dtype=np.int64)

    def tiles(self, layer: int) -> Numbers:
        """Return column and row of the tile of each core of a layer, `(cores, 2)`."""
        first = sum(map(len, self.layers[:layer]))
        chip, core = np.divmod(
            np.arange(first, first + len(self.layers[layer])), self.cores_per_chip
        )
        tile = core // self.cores_per_tile
        width = ceil(sqrt(-(-self.cores_per_chip // self.cores_per_tile)))
        return np.stack((chip * width + tile % width, tile // width), axis=1)


def place(
    network: Network[Units], chip: Chip, payload_bits: int = PAYLOAD_BITS
) -> Placement | None:
    """Return where `network` goes on `chip`; None if a figure is missing or no number suffices."""
    if not any(name in chip.limits for name in SIZES):
        return None
    layers = []
    for layer in network.layers:
        units = units_per_core(layer, chip, payload_bits)
        if not units:
            return None
        whole, rest = divmod(layer.units, units)
        layers.append((units,) * whole + ((rest,) if rest else ()))
    total = sum(map(len, layers))
    return Placement(
        tuple(layers),
        int(chip.allowed("cores") or total or 1),
        int(chip.allowed("cores_per_tile") or 1),
    )


def units_per_core(layer: Layer[Units], chip: Chip, payload_bits: int) -> int | None:
    """Return how many units one core holds, by neurons and memory; None if a figure is missing."""
    if any(_gap(chip, name) for name in SIZES):
        return None
    units = layer.units
    if (neurons := chip.allowed("neurons_per_core")) is not None:
        units = min(units, int(neurons))
    if (memory := chip.allowed("synapse_memory_per_core")) is not None:
        counts = [axons(c, chip, payload_bits) for c in layer.connections]
        sizes = range(1, units + 1)
        units = bisect_right(sizes, memory, key=lambda n: synapse_memory(layer, counts, n))
    return units


def axons(connection: Connection, chip: Chip, payload_bits: int) -> int:
    """Return how many axons an input of a connection takes: 1, or one a bit."""
    if connection.source != INPUT or isinstance(connection.synapse, Direct):
        return 1
    return chip.planes(payload_bits)


def synapse_memory(layer: Layer[Units], counts: list[int], units: int) -> int:
    """Return the bits of the units' synapse lists: a list per axon with a target, a weight each."""
    total = 0
    for count, c in zip(counts, layer.connections, strict=True):
        targets = -(-fan_out(c.synapse) * units // layer.units)
        rows = targets[targets > 0] * PAYLOAD_BITS + ROW_HEADER
        total += count * int((-(-rows // ROW_WORD) * ROW_WORD).sum())
    return total


def _gap(chip: Chip, name: str) -> bool:
    return name in chip.limits and chip.limits[name].range() is None
