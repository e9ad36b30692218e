"""Post-training quantisation of a float network to a chip's grid, with scales of powers of two."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.run import by_unit, run_graph
from neuromorphic.integers import fixed_point, floating_point
from neuromorphic.integers.bounds import worst_current, worst_sum
from neuromorphic.integers.entry import Entry, Payload, best_entry, to_payload
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Neuron
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.lowering import lower
from neuromorphic.integers.network import INPUT, Layer, Network, Spikes, gathered
from neuromorphic.integers.rounding import alike, exponents, rounded
from runtime.errors import GraphError

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LayerReport:
    """How a layer was rounded: a weight of 1, and the threshold, became `2**exponent`.

    `clipped` weights were too large for the scale that flipped the fewest spikes. `flips` of
    `compared` spikes differ from the float network, with all layers before it rounded too.
    """

    name: str
    exponent: int
    clipped: int
    flips: int
    compared: int


@dataclass(frozen=True, eq=False)
class Quantised:
    """The integer network, which takes `x * 2**entry.exponent` rounded, and what rounding changed.

    `flips` of `compared` output spikes differ from `run_graph` on the data of the search.
    """

    network: Network[Neuron]
    entry: Entry
    layers: tuple[LayerReport, ...]
    flips: int
    compared: int


def quantise(
    graph: Graph,
    x: npt.ArrayLike,
    dt: float,
    widths: Arithmetic = LAVA,
    dialect: Dialect = NIR,
) -> Quantised:
    """Round a NIR graph to a chip's integers, with the scales that are best for `x (T, ...)`.

    The input's scale follows from its range. Then, layer by layer, every power of two near the one
    that the largest weight fits is tried on the actual output of the layers before. The scale that
    flips the fewest spikes is kept, and of equal ones the one that clips the fewest weights; scales
    at which some input could wrap a current are chosen last. Units without memory may each have
    their own scale, since only the sign matters for them. Raises `GraphError` as `lower` and
    `run_graph` do, and when a bias is too large at every scale.
    """
    lowered = lower(graph, dt, dialect).layers
    wanted = by_unit(run_graph(graph, x, dt, dialect)) > 0.5
    signals = by_unit(np.asarray(x, np.float64))
    entry = best_entry(signals, widths)
    payload = to_payload(signals, entry.exponent, widths)
    exact: list[Spikes] = []
    found: list[Spikes] = []
    layers, reports = [], []
    for layer in lowered:
        exact.append(_float_spikes(layer, signals, exact))
        made, report, spikes = _best(layer, entry, payload, found, exact[-1], widths)
        layers.append(made)
        reports.append(report)
        found.append(spikes)
    flips = int(np.count_nonzero(found[-1] != wanted))
    return Quantised(Network(tuple(layers)), entry, tuple(reports), flips, wanted.size)


def _float_spikes(layer: Layer[FloatNeuron], x: Array, spikes: Sequence[Spikes]) -> Spikes:
    current = np.zeros((layer.units, x.shape[1]))
    for c in layer.connections:
        current += c.synapse.apply(x if c.source == INPUT else spikes[c.source])
    return floating_point.run(current, layer.neuron)


def _best(
    layer: Layer[FloatNeuron],
    entry: Entry,
    payload: Payload,
    before: Sequence[Spikes],
    wanted: Spikes,
    widths: Arithmetic,
) -> tuple[Layer[Neuron], LayerReport, Spikes]:
    best, least = None, (True, wanted.size + 1, 0, 0, 0)
    variants = (layer, alike(layer)) if layer.neuron.is_memoryless() else (layer,)
    # A bias in units of weights is what lava-dl reads; a finer one is taken where that flips less.
    for finest in (INPUT_SHIFT, 0):
        for variant in variants if least[:2] > (False, 0) else ():
            for exponent in exponents(variant, entry, widths):
                made = rounded(variant, exponent, entry, widths, finest)
                if made is None:
                    continue
                integer, clipped = made
                current = gathered(integer, payload, before, widths)
                spikes, _ = fixed_point.run(current, integer.neuron, widths)
                flips = int(np.count_nonzero(spikes != wanted))
                rank = (_may_wrap(integer, entry, widths), flips, -finest, clipped, -exponent)
                if rank < least:
                    report = LayerReport(layer.name, exponent, clipped, flips, wanted.size)
                    best, least = (integer, report, spikes), rank
    if best is None:
        raise GraphError(f"node {layer.name!r}: its bias is too large for the chip at every scale")
    return best


def _may_wrap(layer: Layer[Neuron], entry: Entry, widths: Arithmetic) -> bool:
    return worst_current(layer, worst_sum(layer, entry.bits)) >= widths.wrap
