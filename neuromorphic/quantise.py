"""Post-training quantisation of a float network to a chip's grid, with scales of powers of two."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.run import Input, by_unit, graph_values, joined
from neuromorphic.graphs.synapses import Signals
from neuromorphic.integers.bounds import worst_current, worst_sum
from neuromorphic.integers.entry import Entry, Payload, best_entry, to_payload
from neuromorphic.integers.firing import AS_LIF, Firing
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Neuron
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.lowering import lower
from neuromorphic.integers.network import Layer, Network, gathered, run_network
from neuromorphic.integers.rounding import TIES, alike, exponents, rounded
from neuromorphic.integers.units import rest, run
from runtime.errors import GraphError


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

    `flips` of `compared` output spikes differ from `run_graph` on the data of the search. Where
    units are no LIFs, `as_lifs` output spikes would differ if they were.
    """

    network: Network[Neuron]
    entry: Entry
    layers: tuple[LayerReport, ...]
    flips: int
    compared: int
    as_lifs: int | None = None

    @property
    def remark(self) -> str | None:
        """What units do that no LIF does, and how much that matters; None if they all are LIFs."""
        if self.as_lifs is None:
            return None
        firing = "; ".join(dict.fromkeys(filter(None, map(str, _firings(self.network)))))
        return (
            f"units here {firing}, which no stock process of Lava does, and chips only whose units "
            f"are programs, as Loihi 2 and SpiNNaker; with LIFs {self.as_lifs} of {self.compared} "
            "output spikes would differ"
        )


def quantise(
    graph: Graph,
    x: Input,
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
    lowered = lower(graph, dt, dialect)
    values = graph_values(graph, x, dt, dialect)
    wanted = [by_unit(values[layer.name]).round().astype(np.int32) for layer in lowered.layers]
    signals = joined(graph, x)
    entry = best_entry(signals, widths)
    payload = to_payload(signals, entry.exponent, widths)
    found: list[Signals] = []
    layers, reports = [], []
    for layer, exact in zip(lowered.layers, wanted, strict=True):
        made, report, spikes = _best(layer, entry, payload, found, exact, widths)
        layers.append(made)
        reports.append(report)
        found.append(spikes)
    network = Network(tuple(layers), outputs=lowered.outputs)
    sent, right = network.sent(found), network.sent(wanted)
    flips = int(np.count_nonzero(sent != right))
    as_lifs = None
    if any(firing != AS_LIF for firing in _firings(network)):
        as_lifs = int(np.count_nonzero(run_network(_of_lifs(network), payload, widths) != sent))
    return Quantised(network, entry, tuple(reports), flips, right.size, as_lifs)


def _firings(network: Network[Neuron]) -> Iterator[Firing]:
    return (layer.neuron.firing for layer in network.layers)


def _of_lifs(network: Network[Neuron]) -> Network[Neuron]:
    layers = (
        replace(layer, neuron=replace(layer.neuron, firing=AS_LIF)) for layer in network.layers
    )
    return replace(network, layers=tuple(layers))


def _best(
    layer: Layer[FloatNeuron],
    entry: Entry,
    payload: Payload,
    before: Sequence[Signals],
    wanted: Signals,
    widths: Arithmetic,
) -> tuple[Layer[Neuron], LayerReport, Signals]:
    best, least = None, (True, wanted.size + 1, 0, 0, 0, 0)
    for finest, lowered, variant in _variants(layer):
        if least[:2] == (False, 0):
            break
        for exponent in exponents(variant, entry, widths):
            made = rounded(variant, exponent, entry, widths, finest, lowered)
            if made is None:
                continue
            integer, clipped = made
            sums = gathered(integer, payload, before, widths)
            condition = rest(integer.neuron, integer.units)
            spikes, _ = run(sums, integer.neuron, integer.back, widths, condition)
            flips = int(np.count_nonzero(spikes != wanted))
            may_wrap = _may_wrap(integer, entry, before, widths)
            rank = (may_wrap, flips, -finest, lowered, clipped, -exponent)
            if rank < least:
                report = LayerReport(layer.name, exponent, clipped, flips, wanted.size)
                best, least = (integer, report, spikes), rank
    if best is None:
        raise GraphError(f"node {layer.name!r}: its bias is too large for the chip at every scale")
    return best


def _variants(layer: Layer[FloatNeuron]) -> Iterator[tuple[int, int, Layer[FloatNeuron]]]:
    """Yield what to try: how fine a bias, how much lower a threshold, and which scaling."""
    units = layer.neuron
    # A bias in units of weights is what lava-dl reads; a finer one is taken where that flips less.
    for finest in (INPUT_SHIFT, 0) if units.bias.any() else (INPUT_SHIFT,):
        for lowered in (0, 1) if units.firing == TIES else (0,):
            yield finest, lowered, layer
            if units.is_memoryless():
                yield finest, lowered, alike(layer)


def _may_wrap(
    layer: Layer[Neuron], entry: Entry, before: Sequence[Signals], widths: Arithmetic
) -> bool:
    """Return whether some input could wrap a current, if no unit sends more spikes than here."""
    seen = (
        replace(c, bits=int(before[c.source].max(initial=1)).bit_length() + 1)
        if c.source >= 0 and c.bits > 1
        else c
        for c in layer.connections
    )
    largest = worst_sum(replace(layer, connections=tuple(seen)), entry.bits)
    return worst_current(layer, largest) >= widths.wrap
