"""Round one layer of a float network to a chip's integers, at one scale."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import Arithmetic
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Conv1d, Conv2d, Dense, Synapse, nonzero, scaled
from neuromorphic.integers.entry import Entry
from neuromorphic.integers.firing import AS_LIF, Firing
from neuromorphic.integers.fixed_point import (
    INPUT_SHIFT,
    SHIFT_MAX,
    THRESHOLD,
    Decay,
    Integers,
    Neuron,
)
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.network import INPUT, Connection, Layer

TIES = Firing(ties=True)  # which a lower threshold is as good as
FINER, COARSER = 3, 6  # powers of two to try on either side of the one the largest weight fits
FAR = 32  # times the largest weight: thresholds up to here may be scaled up with their unit

Array = npt.NDArray[np.float64]


def exponents(layer: Layer[FloatNeuron], entry: Entry, widths: Arithmetic) -> range:
    """Return the scales to try, around those at which the largest weights just fit."""
    fitting = [_fitting(c, entry, widths) for c in layer.connections]
    coarsest = COARSER + (SHIFT_MAX if entry.is_graded else 0)
    return range(min(fitting) - coarsest, max(fitting) + FINER + 1)


def rounded(
    layer: Layer[FloatNeuron],
    exponent: int,
    entry: Entry,
    widths: Arithmetic,
    finest: int = 0,
    lower: int = 0,
) -> tuple[Layer[Neuron], int] | None:
    """Return the layer with 1 scaled to `2**exponent`, and how many weights were clipped.

    The threshold is `lower` by so much, so that a unit that fires above it fires at the right one
    too. None if its threshold or a bias would not fit the chip.
    """
    connections, clipped = [], 0
    floored = np.zeros(layer.units)
    for c in layer.connections:
        shift, offset = 0, entry.exponent if c.source == INPUT else 0
        # Payloads make sums large, so weights are as fine as possible and the sum is shifted.
        if c.source == INPUT and entry.is_graded:
            shift = min(max(0, _fitting(c, entry, widths) - exponent), SHIFT_MAX)
        synapse, lost = _integers(c.synapse, exponent - offset + shift, shift, widths)
        connections.append(replace(c, synapse=synapse))
        clipped += lost
        floored += (1 - 2.0**-shift) / 2  # what the shift removes on average
    neuron = _neuron(layer.neuron, exponent, floored, widths, finest, lower)
    return (Layer(layer.name, tuple(connections), neuron), clipped) if neuron else None


def alike(layer: Layer[FloatNeuron]) -> Layer[FloatNeuron]:
    """Return units without memory scaled to the same largest weight; their spikes do not change."""
    largest = np.max([_largest(c.synapse) for c in layer.connections], axis=0)
    distance = np.abs(layer.neuron.bias - layer.neuron.vth)
    factor = np.where(largest > 0, largest.max() / np.where(largest > 0, largest, 1), 1.0)
    # But not so far that a distant threshold costs the resolution of all.
    factor = np.minimum(factor, np.maximum(1, FAR * largest.max() / np.maximum(distance, 1e-300)))
    connections = (replace(c, synapse=scaled(c.synapse, factor)) for c in layer.connections)
    neuron = replace(layer.neuron, bias=1 + factor * (layer.neuron.bias - 1))
    return Layer(layer.name, tuple(connections), neuron)


def _fitting(connection: Connection, entry: Entry, widths: Arithmetic) -> int:
    largest = float(np.abs(connection.synapse.weight).max(initial=0))
    fitting = int(np.floor(np.log2(widths.weight_max / largest))) if largest else 0
    return fitting + (entry.exponent if connection.source == INPUT else 0)


def _integers(
    synapse: Synapse, exponent: int, shift: int, widths: Arithmetic
) -> tuple[Synapse, int]:
    whole = np.round(synapse.weight * 2.0**exponent)
    most = widths.weight_max
    weight = np.clip(whole, -most, most).astype(np.int32)
    clipped = int(np.count_nonzero(np.abs(whole) > most))
    match synapse:
        case Dense():
            return Dense(2 * weight, -1 - shift), clipped
        case Conv1d() | Conv2d() if not shift:
            return replace(synapse, weight=weight), clipped
        case Conv1d() | Conv2d():  # a Conv knows no shift
            return Sparse(2 * nonzero(replace(synapse, weight=weight)), -1 - shift), clipped
        case Sparse():
            delays = None if synapse.delays is None else synapse.delays[weight != 0]
            held = 2 * synapse.holding(weight).weights
            held.eliminate_zeros()
            return Sparse(held, -1 - shift, delays), clipped
    raise AssertionError(synapse)


def _neuron(
    neuron: FloatNeuron,
    exponent: int,
    floored: Array,
    widths: Arithmetic,
    finest: int,
    lower: int,
) -> Neuron | None:
    unity = widths.decay_unity
    bias, vth = neuron.bias * 2.0**exponent, 2.0**exponent - lower
    if neuron.is_memoryless():  # its threshold can be moved, so no scale is too coarse
        bias, vth = bias - vth + THRESHOLD, THRESHOLD
    mantissas = _mantissas((bias + floored / neuron.du) * 2**INPUT_SHIFT, widths, finest)
    if not 1 <= vth <= widths.threshold or mantissas is None:
        return None
    du = np.clip(np.round(neuron.du * unity) - 1, 0, unity - 1).astype(np.int64)
    dv = np.clip(np.round(neuron.dv * unity), 0, unity).astype(np.int64)
    firing = AS_LIF if neuron.firing == TIES else neuron.firing
    return Neuron(_one(du), _one(dv), int(vth), *mantissas, firing)


def _mantissas(bias: Array, widths: Arithmetic, finest: int) -> tuple[Integers, int] | None:
    for exponent in range(min(finest, widths.bias_exponent), widths.bias_exponent + 1):
        # A half is rounded up, so that a sum just above the threshold stays above it.
        mantissa = np.floor(bias * 2.0**-exponent + 0.5)
        if np.abs(mantissa).max() <= widths.bias_mantissa:
            return mantissa.astype(np.int64), exponent
    return None


def _one(decay: Integers) -> Decay:
    """Return a single number if all units share it, as in a chip's files."""
    return int(decay[0]) if (decay == decay[0]).all() else decay


def _largest(synapse: Synapse) -> Array:
    """Return the size of each unit's largest weight, `(N,)`."""
    if isinstance(synapse, Sparse):
        largest: Array = abs(synapse.weights).max(axis=1).toarray().ravel()
        return largest
    by_row = np.abs(synapse.weight).reshape(len(synapse.weight), -1).max(axis=1)
    return np.repeat(by_row, synapse.units // len(by_row))
