"""Networks of spiking populations, and the integer executor that runs them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import Dense, Signals, Synapse, longest_delay
from neuromorphic.integers.delivery import deliver
from neuromorphic.integers.fixed_point import NEVER, Integers, Neuron
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.parallel import own_threads
from neuromorphic.integers.sigma_delta import SigmaDelta
from neuromorphic.integers.units import Condition, Units, forgotten, message_type, rest, run
from runtime.errors import GraphError

BLOCK = 2048  # frames at a time, at most: working memory stays small, whatever the length
LARGEST = 2**24  # sums of a layer at a time
INPUT = -1  # as a source: the network's input
SELF = -2  # as a source: the layer's own spikes of the step before
START = -3  # as a source: one spike in the first step, by which units begin elsewhere than at 0
LATEST = 62  # steps that a synapse may wait; lava-dl cuts longer delays to this
DIRECT_BITS = 16  # of numbers that go into units without a synapse

AnyNeuron = Units | FloatNeuron
Kind = TypeVar("Kind", bound=AnyNeuron, covariant=True)


@dataclass(frozen=True, eq=False)
class Connection:
    """A synapse from the layer number `source`, from `INPUT`, `SELF` or `START`.

    A layer further on than the one that it leads to sends what closes a cycle, a step later.
    It carries messages of so many `bits`; what the input carries, the network's user tells, unless
    the connection has more than 1.
    """

    source: int
    synapse: Synapse
    bits: int = 1

    def width(self, payload_bits: int) -> int:
        """Bits of what it carries where the network's input has `payload_bits`."""
        return payload_bits if self.source == INPUT and self.bits == 1 else self.bits


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

    @property
    def ahead(self) -> tuple[Connection, ...]:
        """The connections that carry what is sent in the same step."""
        return tuple(c for c in self.connections if c.source != SELF)

    @property
    def back(self) -> tuple[Synapse, ...]:
        """The synapses through which spikes come back."""
        return tuple(c.synapse for c in self.connections if c.source == SELF)


@dataclass(frozen=True, eq=False)
class Network(Generic[Kind]):
    """Layers in order of computation; `outputs` are the numbers of those that are the output.

    Without any it is the last one. Several outputs follow one another as the rows of one array.
    `largest (M,)`, if given, is the largest size of each input, where that is not the same for all.
    """

    layers: tuple[Layer[Kind], ...]
    largest: Integers | None = None
    outputs: tuple[int, ...] = ()

    @property
    def senders(self) -> tuple[Layer[Kind], ...]:
        """The layers whose spikes are the output."""
        return tuple(self.layers[number] for number in self.outputs) or self.layers[-1:]

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return next(
            c.synapse.inputs
            for layer in self.layers
            for c in layer.connections
            if c.source == INPUT
        )

    @property
    def units(self) -> int:
        """Number of units of the output."""
        return sum(layer.units for layer in self.senders)

    @property
    def message(self) -> np.dtype[Any]:
        """The type of what the output sends: spikes, or messages that carry a value."""
        return np.result_type(*(message_type(layer.neuron) for layer in self.senders))

    def sent(self, by_layer: Sequence[Signals]) -> Signals:
        """Return the output, of what each layer sends."""
        return np.concatenate([by_layer[number] for number in self.outputs or (-1,)])

    @property
    def is_memoryless(self) -> bool:
        """Whether nothing of one step is left in the next, so that a run may be cut anywhere."""
        return not self.hears_its_past and all(
            layer.neuron.is_memoryless() for layer in self.layers
        )

    @property
    def hears_its_past(self) -> bool:
        """Whether what was sent before still matters: to recurrence, delays and sigma-delta units.

        Then what a chip's layers do before their first input arrives is part of the run.
        """
        return any(
            isinstance(layer.neuron, SigmaDelta) or layer.back for layer in self.layers
        ) or bool(self.longest or self.returns)

    @property
    def returns(self) -> tuple[tuple[int, int], ...]:
        """The numbers of the layers that close a cycle through several, and where it enters."""
        return tuple(
            (c.source, number)
            for number, layer in enumerate(self.layers)
            for c in layer.connections
            if c.source > number
        )

    @property
    def longest(self) -> int:
        """The longest delay of a weight, in steps."""
        return max(longest_delay(c.synapse) for layer in self.layers for c in layer.connections)

    @property
    def direct(self) -> Direct | None:
        """How the input goes into units without a synapse, where it does."""
        found = self.layers[0].connections[0].synapse
        return found if isinstance(found, Direct) else None

    def depths(self) -> list[int]:
        """Return each layer's delay on a chip: a step for each synapse on the longest path."""
        depths: list[int] = []
        for layer in self.layers:
            ways = (
                (depths[c.source] if c.source >= 0 else 0) + (not isinstance(c.synapse, Direct))
                for c in layer.ahead
                if c.source < len(depths)
            )
            depths.append(max(ways))
        return depths


@dataclass(frozen=True, eq=False)
class Block:
    """Some frames of a run: the sums that reached each layer and what it sent, `(N, t)` both."""

    frames: slice
    sums: list[Integers]
    spikes: list[Signals]


def blocks(
    network: Network[Units],
    payload: Signals,
    widths: Arithmetic = LAVA,
    on_chip: bool = False,
) -> Iterator[Block]:
    """Run integers on integers, `payload (M, T)`, some frames at a time.

    Every layer sees its sources in the same step, as if synapses took no time. A chip's output is
    the same but later, by the last of `Network.depths`. Units without memory need only one matrix
    product per block.

    What closes a cycle through several layers takes one step, or, `on_chip`, one for each synapse
    of the cycle. Such networks are run step by step, and nothing was before their first step.
    """
    conditions, past = _begun(network, widths)
    length = max(1, min(BLOCK, LARGEST // max(layer.units for layer in network.layers)))
    ways = _ways_back(network, on_chip)
    length, kept = (1, max(network.longest, *ways.values())) if ways else (length, network.longest)
    for start in range(0, payload.shape[1], length):
        block = Block(slice(start, start + length), [], [])
        given = payload[:, block.frames]
        for i, layer in enumerate(network.layers):
            late = _returned(i, ways, past)
            sums = gathered(layer, given, block.spikes, widths, past, not start, late)
            sent, conditions[i] = run(sums, layer.neuron, layer.back, widths, conditions[i])
            block.sums.append(sums)
            block.spikes.append(sent)
        yield block
        if kept:
            sources = {INPUT: given, **dict(enumerate(block.spikes))}
            past = {s: _joined(past.get(s), sent, kept) for s, sent in sources.items()}


def _ways_back(network: Network[Units], on_chip: bool) -> dict[tuple[int, int], int]:
    """Return after how many steps what a layer sends returns to one before it."""
    depths = network.depths() if network.returns else []
    return {
        (source, target): 1 + on_chip * (depths[source] - depths[target])
        for source, target in network.returns
    }


def _returned(
    target: int, ways: Mapping[tuple[int, int], int], past: Mapping[int, Signals]
) -> dict[int, Signals]:
    """Return what comes back to a layer in one step, `(N, 1)` from each that has sent so long."""
    return {
        source: past[source][:, -steps:][:, :1]
        for (source, reached), steps in ways.items()
        if reached == target and source in past and past[source].shape[1] >= steps
    }


def _begun(
    network: Network[Units], widths: Arithmetic
) -> tuple[list[Condition], dict[int, Signals]]:
    """Return how the units are when the first input reaches them, and what was sent before.

    A layer so many synapses from the input has made as many steps by then, on its bias and what
    that made others send. Leaky units are reset at that moment; sigma-delta units are not.
    """
    conditions = [rest(layer.neuron, layer.units) for layer in network.layers]
    past: dict[int, Signals] = {}
    if not network.hears_its_past or network.returns:
        return conditions, past
    for i, (layer, depth) in enumerate(zip(network.layers, network.depths(), strict=True)):
        silence = np.zeros((network.inputs, depth), np.int8)
        before = [np.pad(s, ((0, 0), (depth - s.shape[1], 0))) for s in past.values()]
        sums = gathered(layer, silence, before, widths, begins=False)
        sent, condition = run(sums, layer.neuron, layer.back, widths, conditions[i])
        conditions[i], past[i] = forgotten(layer.neuron, condition), sent
    return conditions, past


def a_step_later(sent: Signals) -> Signals:
    """Return what was sent, `(N, T)`, as it arrives in the next step."""
    return np.pad(sent, ((0, 0), (1, 0)))[:, :-1]


def _joined(before: Signals | None, sent: Signals, longest: int) -> Signals:
    joined = sent if before is None else np.concatenate((before, sent), axis=1)
    return joined[:, -longest:]


def run_network(
    network: Network[Units],
    payload: Signals,
    widths: Arithmetic = LAVA,
    on_chip: bool = False,
) -> Signals:
    """Return what the last layer sends, `(N, T)`, on `payload (M, T)`: see `blocks`.

    Spikes are bool, messages that carry a value int32. Raises `GraphError` as `check` does, and for
    a payload that has another shape or is too wide.
    """
    check(network, widths)
    checked_payload(network, payload, widths)
    # Step by step in memory, as large sums and events are.
    found = np.empty((network.units, payload.shape[1]), network.message, order="F")
    with own_threads():
        for block in blocks(network, payload, widths, on_chip):
            found[:, block.frames] = network.sent(block.spikes)
    return found


def sent_by_layer(
    network: Network[Units], payload: Signals, widths: Arithmetic = LAVA
) -> list[Signals]:
    """Return what each layer sends, `(N, T)`, on `payload (M, T)`: see `blocks`."""
    found = [
        np.empty((layer.units, payload.shape[1]), message_type(layer.neuron))
        for layer in network.layers
    ]
    for block in blocks(network, payload, widths):
        for whole, sent in zip(found, block.spikes, strict=True):
            whole[:, block.frames] = sent
    return found


def gathered(
    layer: Layer[Units],
    payload: Signals,
    spikes: Sequence[Signals],
    widths: Arithmetic = LAVA,
    past: Mapping[int, Signals] | None = None,
    begins: bool = True,
    late: Mapping[int, Signals] | None = None,
) -> Integers:
    """Return the sum of what the connections of `layer` deliver, `(N, T) int64`.

    All but what comes back; `past` has what each source sent before, for delays. `begins` is
    whether the first frame is the first of the run. `late` is what the layers further on have
    sent that arrives now, where they have sent anything.
    """
    before = past or {}
    sources = {INPUT: payload, **dict(enumerate(spikes)), **(late or {})}
    delivered = (
        deliver(c.synapse, sources[c.source], widths, before.get(c.source))
        for c in layer.ahead
        if c.source in sources
    )
    total = next(delivered, np.zeros((), np.int64))
    for more in delivered:
        total += more
    for c in layer.ahead:
        if c.source == START and begins and payload.shape[1]:
            total[:, :1] += deliver(c.synapse, np.ones((1, 1), np.int8), widths)
    return total


def checked_payload(
    network: Network[Units], payload: Signals, widths: Arithmetic = LAVA
) -> Signals:
    """Return `payload (M, T)` unchanged; raises `GraphError` if a chip could not send it."""
    if payload.ndim != 2 or len(payload) != network.inputs or payload.dtype.kind not in "biu":
        raise GraphError(
            f"payload is {payload.shape} {payload.dtype}; integers ({network.inputs}, T) are needed"
        )
    bits = DIRECT_BITS if network.direct else widths.payload_bits
    most = (1 << (bits - 1)) - 1 if bits > 1 else 1
    low, high = (int(payload.min()), int(payload.max())) if payload.size else (0, 0)
    if network.largest is not None:
        reached = np.abs(payload.astype(np.int64)).max(axis=1, initial=0)
        for number in np.flatnonzero(reached > network.largest)[:1]:
            raise GraphError(
                f"input {number} reaches {reached[number]}; it carries at most "
                f"{network.largest[number]}"
            )
        return payload
    if max(high, -low) > most or (bits == 1 and low < 0):
        raise GraphError(
            f"payload reaches {low}..{high}; spikes of {bits} bits carry at most {most}"
        )
    return payload


def check(network: Network[Units], widths: Arithmetic) -> None:
    """Raise `GraphError`, naming layer and value, where a number is too wide for the chip."""
    for layer in network.layers:
        if isinstance(layer.neuron, Neuron):
            _check_neuron(layer, layer.neuron, widths)
        for c in layer.connections:
            # A Dense holds twice the weight and halves the sum (`layer.chip_weights`).
            doubled = isinstance(c.synapse, Dense | Sparse)
            most = (widths.weight_max + 1) << doubled
            _within(layer, "weight", c.synapse.weight, -most, most - 1)


def _check_neuron(layer: Layer[Units], neuron: Neuron, widths: Arithmetic) -> None:
    mantissa, exponent = widths.bias_mantissa, widths.bias_exponent
    never = np.equal(neuron.vth, NEVER).all()
    _within(layer, "du", neuron.du, -1, widths.decay_unity - 1)
    _within(layer, "dv", neuron.dv, 0, widths.decay_unity)
    _within(layer, "vth", 0 if never else neuron.vth, 0, widths.threshold)
    _within(layer, "bias", neuron.bias_mant, -mantissa, mantissa)
    _within(layer, "bias exponent", neuron.bias_exp, -exponent, exponent)


def _within(layer: Layer[Units], name: str, value: object, low: int, high: int) -> None:
    array = np.asarray(value)
    if array.size and not low <= array.min() <= array.max() <= high:
        raise GraphError(
            f"layer {layer.name!r}: {name} reaches {array.min()}..{array.max()}; the chip holds "
            f"{low}..{high}"
        )
