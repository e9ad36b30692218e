"""Feed-forward networks of spiking populations, and the integer executor that runs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.integers.fixed_point import Integers, Neuron, chip_weights, memoryless, rest, run
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.synapses import Dense, Signals, Synapse, deliver
from runtime.errors import GraphError

BLOCK = 2048  # frames at a time: working memory stays small, whatever the length
INPUT = -1  # as a source: the network's input

Spikes = npt.NDArray[np.bool_]


AnyNeuron = Neuron | FloatNeuron
Kind = TypeVar("Kind", bound=AnyNeuron, covariant=True)


@dataclass(frozen=True, eq=False)
class Connection:
    """A synapse from the layer number `source`, or from `INPUT`."""

    source: int
    synapse: Synapse


@dataclass(frozen=True, eq=False)
class Layer(Generic[Kind]):
    """Units that add up what their connections deliver; `name` is that of the graph's node."""

    name: str
    connections: tuple[Connection, ...]
    neuron: Kind

    @property
    def units(self) -> int:
        """Number of units."""
        return self.connections[0].synapse.units


@dataclass(frozen=True, eq=False)
class Network(Generic[Kind]):
    """Layers in the order of the flow, of which the last one is the output."""

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

    def depths(self) -> list[int]:
        """Return by how many steps a chip's layers are late, one a synapse on the longest way."""
        depths: list[int] = []
        for layer in self.layers:
            sources = (c.source for c in layer.connections)
            depths.append(1 + max(0 if s == INPUT else depths[s] for s in sources))
        return depths


def bottleneck(layer: IntegerLayer) -> Network[Neuron]:
    """Return the codec's layer as a network whose spikes are `layer.spikes`."""
    dense = Dense(*chip_weights(layer))
    return Network((Layer("bottleneck", (Connection(INPUT, dense),), memoryless(layer)),))


def float_bottleneck(layer: IntegerLayer) -> Network[FloatNeuron]:
    """Return the same layer in floats: `v = weight @ payload + bias * 2**shift + 1.5 > 1`."""
    ones = np.ones(layer.units)
    bias = layer.bias.astype(np.float64) * 2**layer.shift + 1.5
    dense = Dense(layer.weight.astype(np.float64))
    neuron = FloatNeuron(ones, ones, bias)
    return Network((Layer("bottleneck", (Connection(INPUT, dense),), neuron),))


def run_network(
    network: Network[Neuron], payload: npt.NDArray[np.integer | np.bool_], widths: Arithmetic = LAVA
) -> Spikes:
    """Run integers on integers: `payload (M, T)` to the spikes of the last layer, `(N, T) bool`.

    Every layer sees its sources in the same step, as if synapses took no time; a chip's output is
    the same but later, by the last of `Network.depths`. Units without memory take one matrix
    product for a block of frames. Raises `GraphError` as `check` does, and for a payload that has
    another shape or is too wide.
    """
    check(network, widths)
    checked_payload(network, payload, widths)
    found = np.empty((network.units, payload.shape[1]), np.bool_)
    states = [rest(layer.units) for layer in network.layers]
    for start in range(0, payload.shape[1], BLOCK):
        part = slice(start, start + BLOCK)
        spikes: list[Spikes] = []
        for i, layer in enumerate(network.layers):
            current = gathered(layer, payload[:, part], spikes, widths)
            fired, states[i] = run(current, layer.neuron, widths, states[i])
            spikes.append(fired)
        found[:, part] = spikes[-1]
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
    network: Network[Neuron], payload: npt.NDArray[np.integer | np.bool_], widths: Arithmetic
) -> npt.NDArray[np.integer | np.bool_]:
    """Return `payload (M, T)` itself; raises `GraphError` where a chip could not send it."""
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
    """Raise `GraphError`, naming layer and value, where a number is too wide for the chip."""
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
            # A Dense holds even numbers, twice the weight, and halves their sum (`chip_weights`).
            most = (widths.weight_max + 1) << isinstance(c.synapse, Dense)
            _within(layer, "weight", c.synapse.weight, -most, most - 1)


def _within(layer: Layer[Neuron], name: str, value: object, low: int, high: int) -> None:
    array = np.asarray(value)
    if array.size and not low <= array.min() <= array.max() <= high:
        raise GraphError(
            f"layer {layer.name!r}: {name} reaches {array.min()}..{array.max()}; the chip holds "
            f"{low}..{high}"
        )
