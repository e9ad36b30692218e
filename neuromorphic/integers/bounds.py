"""Bounds on the sums and currents of a layer for any input, to prove that they never wrap."""

import numpy as np

from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import Dense, Signals, Synapse
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Integers, Neuron
from neuromorphic.integers.network import INPUT, Layer, Network, blocks
from neuromorphic.integers.units import Units


def worst_sum(layer: Layer[Units], payload_bits: int) -> int:
    """Return the largest sum over all inputs: each input at its limit, with the worst sign.

    `payload_bits` is the width of the network's input, 1 for plain spikes. Some input attains it.
    """
    low, high = np.zeros((2, layer.units), np.int64)
    for c in layer.connections:
        bits = payload_bits if c.source == INPUT else c.bits
        bound = _fan_in(c.synapse) * ((1 << (bits - 1)) - 1 if bits > 1 else 1)
        shift = -c.synapse.weight_exp if isinstance(c.synapse, Dense | Sparse) else 0
        low, high = low + (-bound >> shift), high + (bound >> shift)
    return int(np.maximum(high, -low).max())


def peak_sums(network: Network[Units], payload: Signals) -> dict[str, int]:
    """Return the largest `|sum|` that `payload (M, T)` causes in each layer, by its name."""
    peaks = {layer.name: 0 for layer in network.layers}
    for block in blocks(network, payload):
        for name, sums in zip(peaks, block.sums, strict=True):
            peaks[name] = max(peaks[name], int(np.abs(sums).max(initial=0)))
    return peaks


def worst_current(layer: Layer[Units], largest_sum: int) -> int:
    """Return the largest `|u|`, in state units, where no sum is larger: it settles at sum / du.

    Where nothing settles, that of one step: units that forget nothing may reach anything.
    """
    if not isinstance(layer.neuron, Neuron):
        return largest_sum
    slowest = int(np.min(layer.neuron.du)) + 1 or 4096
    return (largest_sum << INPUT_SHIFT) * 4096 // slowest


def _fan_in(synapse: Synapse) -> Integers:
    """Return the sum of the sizes of each unit's weights, `(N,) int64`."""
    match synapse:
        case Direct():
            return np.full(synapse.units, abs(synapse.factor) + abs(synapse.offset))
        case Sparse():
            return synapse.fan_in()
    return np.abs(synapse.matrix().astype(np.int64)).sum(axis=1)
