"""What one recording asks of the bottleneck, counted exactly: integers that anyone can check."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.layer import IntegerLayer
from runtime.errors import GraphError

PAYLOAD_BITS = 8
WORD_BITS = 64  # the memory word in which the baseline reads its weights


@dataclass(frozen=True)
class Counts:
    """Operations of one run of the layer, all of them exact.

    `steps` frames; `input_words` payloads that are not zero, each one graded spike and one fetch
    of a weight row; `synaptic_events = input_words * N`. On chips whose spikes carry no value a
    latent takes 8 axons, one a bit of its two's complement, with weight exponents one apart and
    the sign bit's weights negated: `plane_spikes` set bits, `plane_events = plane_spikes * N`.
    `driven_updates` of units in frames with any input, `idle_updates` of the rest; `spikes` out,
    `leaving` those that no other layer takes; `peak_current` the largest
    `|(weight @ payload) >> shift|`. Of the dense baseline: `dense_macs = N * M * steps` and
    `weight_words`, 64-bit reads with no reuse between frames.
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
    peak_current: int
    dense_macs: int
    weight_words: int
    leaving: int


NOTHING = Counts(**dict.fromkeys((field.name for field in fields(Counts)), 0))


class Events(NamedTuple):
    """What arrives, and what it reaches, as words and as bit planes (see `Counts`)."""

    words: int
    events: int
    planes: int
    plane_events: int


def arriving(payload: npt.NDArray[np.int8], fan_out: npt.NDArray[np.int64]) -> Events:
    """Count `payload (M, T) int8`, each input of which reaches `fan_out (M,)` units."""
    words = np.count_nonzero(payload, axis=1)
    planes = np.bitwise_count(payload.view(np.uint8)).sum(axis=1, dtype=np.int64)
    return Events(*(int(n) for found in (words, planes) for n in (found.sum(), found @ fan_out)))


def words_read(macs: int) -> int:
    """Return in how many words a dense layer reads a weight of 8 bits for each product."""
    return -(-macs * PAYLOAD_BITS // WORD_BITS)


def total(layers: Iterable[Counts]) -> Counts:
    """Add up layers that step together; of `steps` and `peak_current` take the largest."""
    columns = zip(*map(astuple, (NOTHING, *layers)), strict=True)
    named = zip((field.name for field in fields(Counts)), columns, strict=True)
    largest = ("steps", "peak_current")
    return Counts(**{name: max(found) if name in largest else sum(found) for name, found in named})


def count(
    layer: IntegerLayer, payload: npt.NDArray[np.int8], bits: npt.NDArray[np.bool_]
) -> Counts:
    """Count the run of `layer` on `payload (M, T) int8` that fired `bits (N, T) bool`.

    Raises `GraphError` when the shapes do not fit together.
    """
    frames = layer.checked(payload).shape[1]
    if bits.shape != (layer.units, frames):
        raise GraphError(f"events are {bits.shape}; ({layer.units}, {frames}) is needed")
    events = arriving(payload, np.full(layer.inputs, layer.units))
    driven = int(payload.any(axis=0).sum())
    spikes = int(np.count_nonzero(bits))
    macs = layer.units * layer.inputs * frames
    return Counts(
        units=layer.units,
        inputs=layer.inputs,
        steps=frames,
        input_words=events.words,
        synaptic_events=events.events,
        plane_spikes=events.planes,
        plane_events=events.plane_events,
        driven_updates=driven * layer.units,
        idle_updates=(frames - driven) * layer.units,
        spikes=spikes,
        peak_current=layer.peak_current(payload),
        dense_macs=macs,
        weight_words=words_read(macs),
        leaving=spikes,
    )
