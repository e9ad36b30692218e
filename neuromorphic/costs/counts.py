"""Count exactly the operations of one run of an integer network."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.costs.sigma_delta import DELTA_BITS, Deltas
from neuromorphic.graphs.reach import reached
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Signals, Synapse, dense_weights, fan_out
from neuromorphic.integers.entry import Payload
from neuromorphic.integers.network import (
    INPUT,
    SELF,
    START,
    Layer,
    Network,
    a_step_later,
    blocks,
    checked_payload,
)
from neuromorphic.integers.units import Units, message_type

WORD_BITS = 64  # the memory word in which the baseline reads its weights


@dataclass(frozen=True)
class Counts:
    """The exact numbers of operations of one run of a layer.

    `steps`: frames. `input_words`: non-zero spikes and payloads, each of which fetches one row of
    weights; `synaptic_events`: the weights they reach. On chips whose spikes carry no value an
    input takes 8 axons, one per bit of its two's complement, with weight exponents one apart and
    the sign bit's weights negated; `plane_spikes` are the set bits, `plane_events` the weights they
    reach. `driven_updates`: updates of units that an event reaches in that step; `idle_updates`:
    the others. `spikes`: spikes sent; `leaving`: those that go to no other layer; `entering`:
    events that come from outside. For the dense baseline: `dense_macs`, a product for each weight
    and step, and `weight_words`, 64-bit reads without reuse between frames.
    """

    units: int
    inputs: int
    steps: int
    input_words: int
    synaptic_events: int
    plane_spikes: int
    plane_events: int
    driven_updates: int
    idle_updates: int
    spikes: int
    dense_macs: int
    weight_words: int
    leaving: int
    entering: int


NOTHING = Counts(**dict.fromkeys((field.name for field in fields(Counts)), 0))


class Events(NamedTuple):
    """Inputs that arrive and the weights they reach, as words and as bit planes (see `Counts`)."""

    words: int
    events: int
    planes: int
    plane_events: int


def arrivals(signals: Signals, bits: int, graded: bool) -> Signals:
    """Return how many events each of `signals (M, T)` is: one, or one for each bit that is set."""
    if graded:
        return signals != 0
    coded = signals.astype(np.int32).view(np.uint32) & np.uint32((1 << bits) - 1)
    return np.bitwise_count(coded)


def arriving(signals: Signals, reach: npt.NDArray[np.int64], bits: int = PAYLOAD_BITS) -> Events:
    """Count `signals (M, T)` of so many bits, each input of which reaches `reach (M,)` units."""
    found = (arrivals(signals, bits, graded).sum(1, dtype=np.int64) for graded in (True, False))
    return Events(*(int(n) for events in found for n in (events.sum(), events @ reach)))


def words_read(macs: int) -> int:
    """Return how many words a dense layer reads, with an 8-bit weight for each product."""
    return -(-macs * PAYLOAD_BITS // WORD_BITS)


def total(layers: Iterable[Counts]) -> Counts:
    """Add up the counts of layers that step together and so have the same `steps`."""
    columns = zip(*map(astuple, (NOTHING, *layers)), strict=True)
    named = zip((field.name for field in fields(Counts)), columns, strict=True)
    return Counts(**{name: max(found) if name == "steps" else sum(found) for name, found in named})


@dataclass(frozen=True, eq=False)
class Run:
    """What one layer was given and sent in a run.

    `given (M, T)` is what each of its connections carried, in messages of so many `bits`; `fired
    (N, T)` is what it sent; `peak` is the largest `|sum|` of a unit.
    """

    layer: Layer[Units]
    given: tuple[Signals, ...]
    bits: tuple[int, ...]
    fired: Signals
    peak: int


def run_layers(
    network: Network[Units], payload: Payload, sent: Deltas | None = None
) -> tuple[Run, ...]:
    """Run `network` on `payload (M, T)` and return what went through each layer.

    With `sent (M, T)` the input arrives as these deltas, and the units accumulate it. This assumes
    exact arithmetic; a chip that shifts its inputs keeps the exact sum only for a layer with shift
    0 (see `docs/energy.md`). Raises `GraphError` for a payload that does not fit.
    """
    checked_payload(network, payload)
    spikes = [
        np.empty((layer.units, payload.shape[1]), message_type(layer.neuron))
        for layer in network.layers
    ]
    peaks = [0] * len(spikes)
    for block in blocks(network, payload):
        for i, (sums, fired) in enumerate(zip(block.sums, block.spikes, strict=True)):
            spikes[i][:, block.frames] = fired
            peaks[i] = max(peaks[i], int(np.abs(sums).max(initial=0)))
    sources = {INPUT: payload if sent is None else sent, **dict(enumerate(spikes))}
    width = PAYLOAD_BITS if sent is None else DELTA_BITS
    runs = []
    numbered = enumerate(zip(network.layers, spikes, peaks, strict=True))
    for number, (layer, fired, peak) in numbered:
        begins = np.eye(1, fired.shape[1], dtype=np.int8)
        heard = sources | {SELF: a_step_later(fired), START: begins}
        heard |= {
            source: a_step_later(spikes[source]) for source, to in network.returns if to == number
        }
        runs.append(
            Run(
                layer,
                tuple(_carried(c.synapse, heard[c.source]) for c in layer.connections),
                tuple(max(c.width(width), PAYLOAD_BITS) for c in layer.connections),
                fired,
                peak,
            )
        )
    return tuple(runs)


def count(
    network: Network[Units], payload: Payload, sent: Deltas | None = None
) -> dict[str, Counts]:
    """Count the run of `network` on `payload (M, T)`; return the counts of each layer by name.

    `sent` and what is raised are those of `run_layers`; deltas take nine bit planes, and the
    sender's `sigma_delta.SENDER_OPERATIONS` are not included.
    """
    return count_runs(run_layers(network, payload, sent))


def count_runs(runs: Sequence[Run]) -> dict[str, Counts]:
    """Return the counts of each layer of a run by its name; the spikes of the last one leave."""
    counts = {run.layer.name: _count(run) for run in runs}
    last = runs[-1].layer.name
    return counts | {last: replace(counts[last], leaving=counts[last].spikes)}


def _carried(synapse: Synapse, signals: Signals) -> Signals:
    """What a connection is sent: wires get nothing from where they do not begin."""
    if isinstance(synapse, Sparse) and synapse.wired:
        return np.where(fan_out(synapse)[:, None] > 0, signals, 0)
    return signals


def _count(run: Run) -> Counts:
    layer, steps = run.layer, run.fired.shape[1]
    reach = [fan_out(c.synapse) for c in layer.connections]
    found = [arriving(*each) for each in zip(run.given, reach, run.bits, strict=True)]
    events = Events(*map(sum, zip(*found, strict=True)))
    driven = np.zeros(run.fired.shape, bool)
    for c, signals in zip(layer.connections, run.given, strict=True):
        driven |= reached(c.synapse, signals != 0)
    updates = int(np.count_nonzero(driven))
    macs = sum(dense_weights(c.synapse) for c in layer.connections) * steps
    outside = [e.words for c, e in zip(layer.connections, found, strict=True) if c.source == INPUT]
    return Counts(
        units=layer.units,
        inputs=sum(to.size for to in reach),
        steps=steps,
        input_words=events.words,
        synaptic_events=events.events,
        plane_spikes=events.planes,
        plane_events=events.plane_events,
        driven_updates=updates,
        idle_updates=steps * layer.units - updates,
        spikes=int(np.count_nonzero(run.fired)),
        dense_macs=macs,
        weight_words=words_read(macs),
        leaving=0,
        entering=sum(outside),
    )
