"""Feed-forward networks of spiking populations, and the integer executor that runs them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.synapses import Dense, Signals, Synapse
from neuromorphic.integers.fixed_point import Integers, Neuron, deliver, rest, run
from neuromorphic.integers.floating_point import FloatNeuron
from runtime.errors import GraphError

BLOCK = 2048  # frames at a time, so that working memory stays small for any length
INPUT = -1  # the number of the network's input, where it is a source

Spikes = npt.NDArray[np.bool_]
AnyNeuron = Neuron | FloatNeuron
Kind = TypeVar("Kind", bound=AnyNeuron, covariant=True)


@dataclass(frozen=True, eq=False)
class Connection:
    """A synapse from layer number `source`, or from `INPUT`."""

    source: int
    synapse: Synapse


@dataclass(frozen=True, eq=False)
class Layer(Generic[Kind]):
    """Units that add up what their connections deliver; `name` is that of the node in the graph."""

    name: str
    connections: tuple[Connection, ...]
    neuron: Kind

    @property
    def units(self) -> int:
        """Number of units."""
        return self.connections[0].synapse.units


@dataclass(frozen=True, eq=False)
class Network(Generic[Kind]):
    """Layers in order of computation; the last one is the output."""

    layers: tuple[Layer[Kind], ...]

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return next(
            c.synapse.inputs for layer in self.layers for c in layer.connections if c.source < 0
        )

    @property
    def units(self) -> int:
        """Number of units of the output."""
        return self.layers[-1].units

    @property
    def is_memoryless(self) -> bool:
        """Whether no state is carried from step to step, so that a run may be split anywhere."""
        return all(layer.neuron.is_memoryless() for layer in self.layers)

    def depths(self) -> list[int]:
        """Return each layer's delay on a chip: a step for each synapse on the longest path."""
        depths: list[int] = []
        for layer in self.layers:
            sources = (c.source for c in layer.connections)
            depths.append(1 + max(0 if s == INPUT else depths[s] for s in sources))
        return depths


@dataclass(frozen=True, eq=False)
class Block:
    """Some frames of a run: the sums at each layer and its spikes, both `(N, t)`."""

    frames: slice
    sums: list[Integers]
    spikes: list[Spikes]


def blocks(
    network: Network[Neuron], payload: Signals, widths: Arithmetic = LAVA
) -> Iterator[Block]:
    """Run an integer network on `payload (M, T)`, some frames at a time.

    Every layer sees its sources in the same step, as if synapses took no time. A chip's output is
    the same but later, by the last of `Network.depths`. Units without memory need only one matrix
    product per block.
    """
    states = [rest(layer.units) for layer in network.layers]
    for start in range(0, payload.shape[1], BLOCK):
        block = Block(slice(start, start + BLOCK), [], [])
        for i, layer in enumerate(network.layers):
            sums = gathered(layer, payload[:, block.frames], block.spikes, widths)
            fired, states[i] = run(sums, layer.neuron, widths, states[i])
            block.sums.append(sums)
            block.spikes.append(fired)
        yield block


def run_network(network: Network[Neuron], payload: Signals, widths: Arithmetic = LAVA) -> Spikes:
    """Return the spikes of the last layer, `(N, T) bool`, for `payload (M, T)`; see `blocks`.

    Raises `GraphError` as `check` does, and for a payload of another shape or out of range.
    """
    check(network, widths)
    checked_payload(network, payload, widths)
    found = np.empty((network.units, payload.shape[1]), np.bool_)
    for block in blocks(network, payload, widths):
        found[:, block.frames] = block.spikes[-1]
    return found


def gathered(
    layer: Layer[Neuron], payload: Signals, spikes: Sequence[Spikes], widths: Arithmetic = LAVA
) -> Integers:
    """Return the sum of what the connections of `layer` deliver, `(N, T) int64`."""
    total = np.zeros((layer.units, payload.shape[1]), np.int64)
    for c in layer.connections:
        total += deliver(c.synapse, payload if c.source == INPUT else spikes[c.source], widths)
    return total


def checked_payload(
    network: Network[Neuron], payload: Signals, widths: Arithmetic = LAVA
) -> Signals:
    """Return `payload (M, T)` unchanged; raises `GraphError` if a chip could not send it."""
    if payload.ndim != 2 or len(payload) != network.inputs or payload.dtype.kind not in "biu":
        raise GraphError(
            f"payload is {payload.shape} {payload.dtype}; integers ({network.inputs}, T) are needed"
        )
    low, high = (int(payload.min()), int(payload.max())) if payload.size else (0, 0)
    if max(high, -low) > widths.payload_max or (widths.payload_bits == 1 and low < 0):
        raise GraphError(
            f"payload reaches {low}..{high}; spikes of {widths.payload_bits} bits carry at most "
            f"{widths.payload_max}"
        )
    return payload


def check(network: Network[Neuron], widths: Arithmetic) -> None:
    """Raise `GraphError`, naming layer and value, if a number is out of the chip's range."""
    for layer in network.layers:
        neuron = layer.neuron
        _within(layer, "du", neuron.du, 0, widths.decay_unity - 1)
        _within(layer, "dv", neuron.dv, 0, widths.decay_unity)
        _within(layer, "vth", neuron.vth, 0, widths.threshold)
        _within(layer, "bias", neuron.bias_mant, -widths.bias_mantissa, widths.bias_mantissa)
        _within(
            layer, "bias exponent", neuron.bias_exp, -widths.bias_exponent, widths.bias_exponent
        )
        for c in layer.connections:
            # Lava's Dense stores twice the weight and halves the sum (`layer.chip_weights`).
            most = (widths.weight_max + 1) << isinstance(c.synapse, Dense)
            _within(layer, "weight", c.synapse.weight, -most, most - 1)


def _within(layer: Layer[Neuron], name: str, value: object, low: int, high: int) -> None:
    array = np.asarray(value)
    if array.size and not low <= array.min() <= array.max() <= high:
        raise GraphError(
            f"layer {layer.name!r}: {name} reaches {array.min()}..{array.max()}; the chip holds "
            f"{low}..{high}"
        )
