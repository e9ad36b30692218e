"""Bounds on the sums and currents of a layer for any input, to prove that they never wrap."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import Dense, Signals, Synapse
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Integers, Neuron
from neuromorphic.integers.graded import Graded
from neuromorphic.integers.network import INPUT, Layer, Network, blocks
from neuromorphic.integers.units import Units

Largest = Integers | int  # of each input, or of all


def worst_sum(layer: Layer[Units], payload_bits: int) -> int:
    """Return the largest sum over all inputs: each input at its limit, with the worst sign.

    `payload_bits` is the width of the network's input, 1 for plain spikes. Some input attains it.
    """
    return int(worst_sums_of(layer, payload_bits).max())


def worst_sums_of(layer: Layer[Units], payload_bits: int) -> Integers:
    """Return the largest sum of each unit over all inputs, `(N,)`: see `worst_sum`."""
    return _worst(layer, payload_bits, {})


def worst_sums(network: Network[Units], payload_bits: int) -> dict[str, int]:
    """Return the largest sum of each layer, by its name, as `worst_sum`.

    What a layer passes on is no larger than its own largest sums, and an input no larger than the
    network says.
    """
    sent: dict[int, Largest] = {} if network.largest is None else {INPUT: network.largest}
    found = {}
    for number, layer in enumerate(network.layers):
        worst = _worst(layer, payload_bits, sent)
        if isinstance(layer.neuron, Graded):
            sent[number] = worst if layer.neuron.sends == "sum" else 1
        found[layer.name] = int(worst.max())
    return found


def aligned(layer: Layer[Units], largest_sum: int) -> int:
    """Return a sum in the unit in which `sum_max` of a chip counts: that of leaky units.

    They take it 6 bits up; units that pass it on take it as it is.
    """
    return -(-largest_sum >> INPUT_SHIFT) if isinstance(layer.neuron, Graded) else largest_sum


def _worst(layer: Layer[Units], payload_bits: int, sent: Mapping[int, Largest]) -> Integers:
    """The largest sum of each unit, `(N,)`, for sources that send what `sent` says at most."""
    low, high = np.zeros((2, layer.units), np.int64)
    for c in layer.connections:
        bits = c.width(payload_bits)
        largest = sent.get(c.source, (1 << (bits - 1)) - 1 if bits > 1 else 1)
        bound = _reach(c.synapse, np.broadcast_to(largest, c.synapse.inputs))
        shift = -c.synapse.weight_exp if isinstance(c.synapse, Dense | Sparse) else 0
        low, high = low + (-bound >> shift), high + (bound >> shift)
    return np.maximum(high, -low)


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
    return int(worst_currents(layer.neuron, np.array([largest_sum])).max())


def worst_currents(neuron: Neuron, largest: Integers) -> Integers:
    """Return the largest `|u|` of each unit, for the largest sum of each `(N,)`, or of all `(1,)`.

    See `worst_current`.
    """
    slowest = np.asarray(neuron.du, np.int64) + 1
    found: Integers = (largest << INPUT_SHIFT) * 4096 // np.where(slowest == 0, 4096, slowest)
    return found


def _reach(synapse: Synapse, largest: npt.NDArray[Any]) -> Integers:
    """Return the largest sum of each unit, before its shift, for inputs up to `largest (M,)`."""
    match synapse:
        case Direct():
            return abs(synapse.factor) * largest.astype(np.int64) + abs(synapse.offset)
        case Sparse():
            return synapse.reach(largest.astype(np.int64))
    sizes = replace(synapse, weight=np.abs(synapse.weight.astype(np.int64)))
    return sizes.apply(largest.astype(np.int64)[:, None])[:, 0].astype(np.int64)
