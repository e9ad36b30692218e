"""Post-training quantisation of a float network to a chip's grid, by trial on some input."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.run import Input, by_unit, graph_values, joined
from neuromorphic.graphs.synapses import Signals
from neuromorphic.integers.bounds import worst_currents, worst_sums_of
from neuromorphic.integers.entry import Entry, Payload, best_entry, to_payload
from neuromorphic.integers.firing import AS_LIF, Firing
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Integers, Neuron
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.lowering import lower
from neuromorphic.integers.network import (
    Layer,
    Network,
    a_step_later,
    gathered,
    run_network,
    sent_by_layer,
)
from neuromorphic.integers.rounding import TIES, groups, room, rounded, scales
from neuromorphic.integers.units import rest, run
from runtime.errors import GraphError

Array = npt.NDArray[np.float64]
MIXED = 3  # as unlike powers of two: each unit has what was best for it
RUNAWAY = 2**30  # spikes that a unit sends in a step
WRAPPING = 2**40  # as many flips is a current worth that may wrap


@dataclass(frozen=True)
class LayerReport:
    """How a layer was rounded.

    A weight of 1, and the threshold, became `scale_least` to `scale_most`, which differ where units
    have their own scales. `clipped` weights were too large for the scale
    that flipped the fewest spikes. `flips` of `compared` spikes differ from the float network, with
    all layers before it rounded too.
    """

    name: str
    scale_least: float
    scale_most: float
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

    The input's scale follows from its range. Then, layer by layer, powers of two and other scales
    near the one that the largest weight fits are tried on the actual output of the layers before,
    for all units and for each unit its own; then, for each unit, or channel of a convolution, the
    one of these that flips the fewest of its spikes. What flips the fewest in all is kept, and of
    equals what is most alike, clips the fewest weights and is finest; scales at which some input
    could wrap a current are chosen last.

    Raises `GraphError` as `lower` and `run_graph` do, and when a bias is too large at every scale.
    """
    lowered = lower(graph, dt, dialect)
    values = graph_values(graph, x, dt, dialect)
    wanted = [_spikes(layer.name, by_unit(values[layer.name])) for layer in lowered.layers]
    signals = joined(graph, x)
    entry = best_entry(signals, widths)
    payload = to_payload(signals, entry.exponent, widths)
    found: list[Signals] = []
    layers, reports = [], []
    late = {n: a_step_later(wanted[n]) for n, _ in lowered.returns}
    for layer, exact in zip(lowered.layers, wanted, strict=True):
        best = _Rounding(layer, entry, payload, found, exact, late, widths).best()
        layers.append(best.layer)
        reports.append(_report(best))
        found.append(best.spikes)
    network = Network(tuple(layers), outputs=lowered.outputs)
    if network.returns:  # layers were rounded as if what comes back were right
        found = sent_by_layer(network, payload, widths)
        reports = [
            replace(report, flips=int(np.count_nonzero(one != other)))
            for report, one, other in zip(reports, found, wanted, strict=True)
        ]
    sent, right = network.sent(found), network.sent(wanted)
    flips = int(np.count_nonzero(sent != right))
    as_lifs = None
    if any(firing != AS_LIF for firing in _firings(network)):
        as_lifs = int(np.count_nonzero(run_network(_of_lifs(network), payload, widths) != sent))
    return Quantised(network, entry, tuple(reports), flips, right.size, as_lifs)


def _spikes(name: str, sent: Array) -> Signals:
    if not (np.abs(sent) < RUNAWAY).all():
        raise GraphError(
            f"node {name!r}: its spikes run away, {RUNAWAY:,} in a step or more; choose the "
            "dialect of the network's maker"
        )
    spikes: Signals = sent.round().astype(np.int32)
    return spikes


def _firings(network: Network[Neuron]) -> Iterator[Firing]:
    return (layer.neuron.firing for layer in network.layers)


def _of_lifs(network: Network[Neuron]) -> Network[Neuron]:
    layers = (
        replace(layer, neuron=replace(layer.neuron, firing=AS_LIF)) for layer in network.layers
    )
    return replace(network, layers=tuple(layers))


@dataclass(frozen=True, eq=False)
class _Trial:
    """A layer rounded in one way, what it sends, and which spikes of each unit `flips (N,)`.

    1 became `scale (N,)`, which is `unlike` a power of two by so much (`rounding.scales`), with a
    threshold `lowered (N,)` and a bias of `finest`. `wraps (N,)` is where some input could wrap a
    current.
    """

    layer: Layer[Neuron]
    spikes: Signals
    scale: Array
    unlike: int
    finest: int
    lowered: Integers
    clipped: int
    flips: Integers
    wraps: npt.NDArray[np.bool_]

    @property
    def rank(self) -> tuple[float, ...]:
        """The lower the better; the first two are 0 if nothing is wrong."""
        least = (self.unlike, -self.finest, self.lowered.max(), self.clipped, -self.scale.max())
        return (self.wraps.any(), self.flips.sum(), *map(float, least))


@dataclass(frozen=True, eq=False)
class _Mixed:
    """What was best for each unit so far: how much was `wrong`, and of equals the `finest`."""

    wrong: Integers
    preferred: Array
    scale: Array
    lowered: Array

    def or_better(self, trial: _Trial, fitting: Array, group: Integers) -> "_Mixed":
        """Return what is best with one more trial, the same for all units of a group."""
        each = trial.flips + WRAPPING * trial.wraps
        wrong = np.bincount(group, each).astype(np.int64)[group]
        preferred = np.where(trial.scale > fitting, -trial.scale, trial.scale)
        better = (wrong < self.wrong) | ((wrong == self.wrong) & (preferred > self.preferred))
        return _Mixed(
            np.where(better, wrong, self.wrong),
            np.where(better, preferred, self.preferred),
            np.where(better, trial.scale, self.scale),
            np.where(better, trial.lowered, self.lowered),
        )


@dataclass(frozen=True, eq=False)
class _Rounding:
    """One layer, all that reaches it, and the spikes that are wanted."""

    layer: Layer[FloatNeuron]
    entry: Entry
    payload: Payload
    before: Sequence[Signals]
    wanted: Signals
    late: Mapping[int, Signals]
    widths: Arithmetic

    def best(self) -> _Trial:
        """Return the trial that flips the fewest spikes."""
        trials = iter(self._trials())
        best = next(trials, None)
        if best is None:
            raise GraphError(
                f"node {self.layer.name!r}: its bias is too large for the chip at every scale"
            )
        for trial in trials:
            if best.rank[:2] == (False, 0) and trial.rank[2:5] > best.rank[2:5]:
                break  # those that follow are no better
            best = min(best, trial, key=lambda each: each.rank)
        return best

    def _trials(self) -> Iterator[_Trial]:
        """Yield trials of all units alike, then one of what was best for each of them."""
        layer, group = self.layer, groups(self.layer)
        fitting = room(layer, self.entry, self.widths)
        # A bias in units of weights is what lava-dl reads; a finer one is taken if it flips less.
        for finest in (INPUT_SHIFT, 0) if layer.neuron.bias.any() else (INPUT_SHIFT,):
            mixed = _Mixed(
                np.full(layer.units, np.iinfo(np.int64).max), *np.zeros((3, layer.units))
            )
            for one in (0, 1) if layer.neuron.firing == TIES else (0,):
                lowered = np.full(layer.units, one)
                for unlike, scale in scales(layer, self.entry, self.widths):
                    trial = self._trial(scale, unlike, finest, lowered)
                    if trial is not None:
                        yield trial
                        mixed = mixed.or_better(trial, fitting, group)
            trial = self._trial(mixed.scale, MIXED, finest, mixed.lowered.astype(np.int64))
            if trial is not None:
                yield trial

    def _trial(self, scale: Array, unlike: int, finest: int, lowered: Integers) -> _Trial | None:
        made = rounded(self.layer, scale, self.entry, self.widths, finest, lowered)
        if made is None:
            return None
        integer, clipped = made
        sums = gathered(integer, self.payload, self.before, self.widths, late=self.late)
        condition = rest(integer.neuron, integer.units)
        spikes, _ = run(sums, integer.neuron, integer.back, self.widths, condition)
        flips = np.count_nonzero(spikes != self.wanted, axis=1)
        sources = {**self.late, **dict(enumerate(self.before))}
        wraps = _may_wrap(integer, self.entry, sources, self.widths)
        return _Trial(integer, spikes, scale, unlike, finest, lowered, clipped, flips, wraps)


def _report(best: _Trial) -> LayerReport:
    flips = int(best.flips.sum())
    scales = float(best.scale.min()), float(best.scale.max())
    return LayerReport(best.layer.name, *scales, best.clipped, flips, best.spikes.size)


def _may_wrap(
    layer: Layer[Neuron], entry: Entry, sources: Mapping[int, Signals], widths: Arithmetic
) -> npt.NDArray[np.bool_]:
    """Return where some input could wrap a current, if no unit sends more spikes than here."""
    seen = (
        replace(c, bits=int(sources[c.source].max(initial=1)).bit_length() + 1)
        if c.source >= 0 and c.bits > 1
        else c
        for c in layer.connections
    )
    largest = worst_sums_of(replace(layer, connections=tuple(seen)), entry.bits)
    return worst_currents(layer.neuron, largest) >= widths.wrap
