"""Round one layer of a float network to a chip's integers, at one scale for each unit."""

from collections.abc import Iterator
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
FAR = 32  # times the largest weight: what is up to so far away may be scaled up with its unit
OCTAVE = 4  # scales to try between two powers of two

Array = npt.NDArray[np.float64]


def scales(
    layer: Layer[FloatNeuron], entry: Entry, widths: Arithmetic
) -> Iterator[tuple[int, Array]]:
    """Yield the scales to try, what 1 becomes in each unit, `(N,)`, and how unlike they are.

    0 are powers of two, 1 other numbers for all units, 2 numbers for each unit or channel. They
    lie around those at which the largest weights just fit. A scale is whole, since it is the
    threshold, too, unless units have no memory.
    """
    fitting, forgets = room(layer, entry, widths), layer.neuron.is_memoryless()
    if not forgets:
        fitting = np.minimum(fitting, widths.threshold)
    coarser = COARSER + (SHIFT_MAX if entry.is_graded else 0)
    one, least = np.ones(layer.units), fitting.min()
    most = max(_fitting(c, entry, widths).min() for c in layer.connections)
    lowest, highest = np.floor(np.log2((least, max(least, min(most, FAR * least)))))
    powers = 2.0 ** np.arange(lowest - coarser, highest + FINER + 1)
    factor = _alike(layer) if forgets else one
    yield from (
        (0, power * own) for own in ((one, factor) if forgets else (one,)) for power in powers
    )
    octaves = np.arange(-2, 7) / OCTAVE
    for unlike, fit in ((1, least * one), (2, least * factor if forgets else fitting)):
        for octave in octaves:
            scale = fit * 2.0**-octave
            yield unlike, scale if forgets else np.floor(np.maximum(scale, 1))


def rounded(
    layer: Layer[FloatNeuron],
    scale: Array,
    entry: Entry,
    widths: Arithmetic,
    finest: int = 0,
    lower: Integers | int = 0,
) -> tuple[Layer[Neuron], int] | None:
    """Return the layer with 1 scaled to `scale (N,)`, and how many weights were clipped.

    Thresholds are `lower` by so much, so that a unit that fires above it fires at the right one
    too. None if its threshold or a bias would not fit the chip.
    """
    connections, clipped = [], 0
    floored = np.zeros(layer.units)
    for c in layer.connections:
        shift, offset = 0, entry.exponent if c.source == INPUT else 0
        # Payloads make sums large, so weights are as fine as possible and the sum is shifted.
        if c.source == INPUT and entry.is_graded:
            shift = _shift(scaled(c.synapse, scale * 2.0**-offset), widths)
        synapse, lost = _integers(scaled(c.synapse, scale * 2.0 ** (shift - offset)), shift, widths)
        connections.append(replace(c, synapse=synapse))
        clipped += lost
        floored += (1 - 2.0**-shift) / 2  # what the shift removes on average
    neuron = _neuron(layer.neuron, scale, floored, widths, finest, lower)
    return (Layer(layer.name, tuple(connections), neuron), clipped) if neuron else None


def room(layer: Layer[FloatNeuron], entry: Entry, widths: Arithmetic) -> Array:
    """Return the largest scale of each unit, or channel, at which none of its weights is clipped.

    `(N,)`, but no more than `FAR` times the smallest.
    """
    fitting = np.min([_fitting(c, entry, widths) for c in layer.connections], axis=0)
    least = fitting.min() if np.isfinite(fitting.min()) else 1.0
    fitting = np.minimum(fitting, FAR * least)
    by_group = np.full(layer.units, np.inf)
    np.minimum.at(by_group, groups(layer), fitting)
    return by_group[groups(layer)]


def groups(layer: Layer[FloatNeuron]) -> Integers:
    """Return the number of each unit's group, `(N,)`, whose units share their weights."""
    kernels = [c.synapse for c in layer.connections if isinstance(c.synapse, Conv1d | Conv2d)]
    size = max((layer.units // len(synapse.weight) for synapse in kernels), default=1)
    return np.arange(layer.units) // size


def _alike(layer: Layer[FloatNeuron]) -> Array:
    """Return by how much to scale units, so that each has the same largest weight, `(N,)`."""
    largest = np.max([_largest(c.synapse) for c in layer.connections], axis=0)
    distance = np.abs(layer.neuron.bias - layer.neuron.vth)
    factor = np.where(largest > 0, largest.max() / np.where(largest > 0, largest, 1), 1.0)
    # But not so far that a distant threshold costs the resolution of all.
    most = np.maximum(1, FAR * largest.max() / np.maximum(distance, 1e-300))
    return np.asarray(np.minimum(factor, most))


def _fitting(connection: Connection, entry: Entry, widths: Arithmetic) -> Array:
    """Return the largest scale of each unit at which no weight of one connection is clipped."""
    offset = entry.exponent if connection.source == INPUT else 0
    with np.errstate(divide="ignore"):
        fitting: Array = widths.weight_max / _largest(connection.synapse) * 2.0**offset
    return fitting


def _shift(synapse: Synapse, widths: Arithmetic) -> int:
    """Return by how many bits weights may be scaled up before they no longer fit."""
    largest = float(np.abs(synapse.weight).max(initial=0))
    bits = int(np.floor(np.log2(widths.weight_max / largest))) if largest else 0
    return min(max(0, bits), SHIFT_MAX)


def _integers(synapse: Synapse, shift: int, widths: Arithmetic) -> tuple[Synapse, int]:
    whole = np.round(synapse.weight)
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
    scale: Array,
    floored: Array,
    widths: Arithmetic,
    finest: int,
    lower: Integers | int,
) -> Neuron | None:
    unity = widths.decay_unity
    bias, vth = neuron.bias * scale, scale - lower
    if neuron.is_memoryless():  # its threshold can be moved, so no scale is too coarse
        bias, vth = bias - vth + THRESHOLD, np.full(len(bias), float(THRESHOLD))
    mantissas = _mantissas((bias + floored / neuron.du) * 2**INPUT_SHIFT, widths, finest)
    if vth.min() < 1 or vth.max() > widths.threshold or mantissas is None:
        return None
    du = np.clip(np.round(neuron.du * unity) - 1, 0, unity - 1).astype(np.int64)
    dv = np.clip(np.round(neuron.dv * unity), 0, unity).astype(np.int64)
    firing = AS_LIF if neuron.firing == TIES else neuron.firing
    return Neuron(_one(du), _one(dv), _one(vth.astype(np.int64)), *mantissas, firing)


def _mantissas(bias: Array, widths: Arithmetic, finest: int) -> tuple[Integers, int] | None:
    for exponent in range(min(finest, widths.bias_exponent), widths.bias_exponent + 1):
        # A half is rounded up, so that a sum just above the threshold stays above it.
        mantissa = np.floor(bias * 2.0**-exponent + 0.5)
        if np.abs(mantissa).max() <= widths.bias_mantissa:
            return mantissa.astype(np.int64), exponent
    return None


def _one(values: Integers) -> Decay:
    """Return a single number if all units share it, as in a chip's files."""
    return int(values[0]) if (values == values[0]).all() else values


def _largest(synapse: Synapse) -> Array:
    """Return the size of each unit's largest weight, `(N,)`."""
    if isinstance(synapse, Sparse):
        largest: Array = abs(synapse.weights).max(axis=1).toarray().ravel()
        return largest
    by_row = np.abs(synapse.weight).reshape(len(synapse.weight), -1).max(axis=1)
    return np.repeat(by_row, synapse.units // len(by_row))
