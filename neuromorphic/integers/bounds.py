"""Bounds on the sums and currents of a layer for any input, to prove that they never wrap."""

import numpy as np

from neuromorphic.graphs.synapses import Dense, Signals
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Neuron
from neuromorphic.integers.network import INPUT, Layer, Network, blocks


def worst_sum(layer: Layer[Neuron], payload_bits: int) -> int:
    """Return the largest sum over all inputs: each input at its limit, with the worst sign.

    `payload_bits` is the width of the network's input, 1 for plain spikes. Some input attains it.
    """
    low, high = np.zeros((2, layer.units), np.int64)
    for c in layer.connections:
        graded = c.source == INPUT and payload_bits > 1
        largest = (1 << (payload_bits - 1)) - 1 if graded else 1
        bound = np.abs(c.synapse.matrix().astype(np.int64)).sum(axis=1) * largest
        shift = -c.synapse.weight_exp if isinstance(c.synapse, Dense) else 0
        low, high = low + (-bound >> shift), high + (bound >> shift)
    return int(np.maximum(high, -low).max())


def peak_sums(network: Network[Neuron], payload: Signals) -> dict[str, int]:
    """Return the largest `|sum|` that `payload (M, T)` causes in each layer, by its name."""
    peaks = {layer.name: 0 for layer in network.layers}
    for block in blocks(network, payload):
        for name, sums in zip(peaks, block.sums, strict=True):
            peaks[name] = max(peaks[name], int(np.abs(sums).max(initial=0)))
    return peaks


def worst_current(layer: Layer[Neuron], largest_sum: int) -> int:
    """Return the largest `|u|`, in state units, for sums up to this one: it settles at sum / du."""
    slowest = int(np.min(layer.neuron.du)) + 1
    return (largest_sum << INPUT_SHIFT) * 4096 // slowest
