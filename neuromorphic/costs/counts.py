"""Count exactly the operations of one run of an integer network."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.costs.sigma_delta import DELTA_BITS, Deltas
from neuromorphic.graphs.synapses import Signals, dense_weights, fan_out
from neuromorphic.integers.entry import Payload
from neuromorphic.integers.network import INPUT, SELF, Layer, Network, blocks, checked_payload
from neuromorphic.integers.units import Units, message_type

WORD_BITS = 64  # the memory word in which the baseline reads its weights


@dataclass(frozen=True)
class Counts:
    """The exact numbers of operations of one run of a layer.

    `steps`: frames. `input_words`: non-zero spikes and payloads, each of which fetches one row of
    weights; `synaptic_events`: the weights they reach. On chips whose spikes carry no value an
    input takes 8 axons, one per bit of its two's complement, with weight exponents one apart and
    the sign bit's weights negated; `plane_spikes` are the set bits, `plane_events` the weights they
    reach. `driven_updates`: unit updates in frames with any input; `idle_updates`: the others.
    `spikes`: spikes sent; `leaving`: those that go to no other layer. For the dense baseline:
    `dense_macs`, a product for each weight and step, and `weight_words`, 64-bit reads without reuse
    between frames.
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


NOTHING = Counts(**dict.fromkeys((field.name for field in fields(Counts)), 0))


class Events(NamedTuple):
    """Inputs that arrive and the weights they reach, as words and as bit planes (see `Counts`)."""

    words: int
    events: int
    planes: int
    plane_events: int


def arriving(signals: Signals, reach: npt.NDArray[np.int64], bits: int = PAYLOAD_BITS) -> Events:
    """Count `signals (M, T)` of so many bits, each input of which reaches `reach (M,)` units."""
    words = np.count_nonzero(signals, axis=1)
    coded = signals.astype(np.int32).view(np.uint32) & ((1 << bits) - 1)
    planes = np.bitwise_count(coded).sum(axis=1, dtype=np.int64)
    return Events(*(int(n) for found in (words, planes) for n in (found.sum(), found @ reach)))


def words_read(macs: int) -> int:
    """Return how many words a dense layer reads, with an 8-bit weight for each product."""
    return -(-macs * PAYLOAD_BITS // WORD_BITS)


def total(layers: Iterable[Counts]) -> Counts:
    """Add up the counts of layers that step together and so have the same `steps`."""
    columns = zip(*map(astuple, (NOTHING, *layers)), strict=True)
    named = zip((field.name for field in fields(Counts)), columns, strict=True)
    return Counts(**{name: max(found) if name == "steps" else sum(found) for name, found in named})


def count(
    network: Network[Units], payload: Payload, sent: Deltas | None = None
) -> dict[str, Counts]:
    """Count the run of `network` on `payload (M, T)`; return the counts of each layer by name.

    With `sent (M, T)` the input arrives as these deltas, in nine bit planes, and the units
    accumulate it. This assumes exact arithmetic; a chip that shifts its inputs keeps the exact sum
    only for a layer with shift 0 (see `docs/energy.md`). The sender's
    `sigma_delta.SENDER_OPERATIONS` are not included. Raises `GraphError` for a payload that does
    not fit.
    """
    checked_payload(network, payload)
    spikes = [
        np.empty((layer.units, payload.shape[1]), message_type(layer.neuron))
        for layer in network.layers
    ]
    for block in blocks(network, payload):
        for found, fired in zip(spikes, block.spikes, strict=True):
            found[:, block.frames] = fired
    arrived = payload if sent is None else sent
    bits = PAYLOAD_BITS if sent is None else DELTA_BITS
    counts = {}
    for layer, fired in zip(network.layers, spikes, strict=True):
        sources = {INPUT: arrived, SELF: _a_step_later(fired), **dict(enumerate(spikes))}
        given = [sources[c.source] for c in layer.connections]
        counts[layer.name] = _count(layer, given, fired, bits)
    last = network.layers[-1].name
    return counts | {last: replace(counts[last], leaving=counts[last].spikes)}


def _a_step_later(fired: Signals) -> Signals:
    return np.pad(fired, ((0, 0), (1, 0)))[:, :-1]


def _count(layer: Layer[Units], given: Sequence[Signals], fired: Signals, bits: int) -> Counts:
    reach = [fan_out(c.synapse) for c in layer.connections]
    widths = [max(c.width(bits), PAYLOAD_BITS) for c in layer.connections]
    found = [arriving(*each) for each in zip(given, reach, widths, strict=True)]
    events = Events(*map(sum, zip(*found, strict=True)))
    steps = fired.shape[1]
    driven = int(np.any([signals.any(axis=0) for signals in given], axis=0).sum())
    macs = sum(dense_weights(c.synapse) for c in layer.connections) * steps
    return Counts(
        units=layer.units,
        inputs=sum(to.size for to in reach),
        steps=steps,
        input_words=events.words,
        synaptic_events=events.events,
        plane_spikes=events.planes,
        plane_events=events.plane_events,
        driven_updates=driven * layer.units,
        idle_updates=(steps - driven) * layer.units,
        spikes=int(np.count_nonzero(fired)),
        dense_macs=macs,
        weight_words=words_read(macs),
        leaving=0,
    )
