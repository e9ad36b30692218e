"""What one recording asks of the bottleneck, counted exactly: integers that anyone can check."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.integer import IntegerLayer
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
    `driven_updates` of units in frames with any input, `idle_updates` of the rest; `spikes`
    out; `peak_current` the largest `|(weight @ payload) >> shift|`. Of the dense baseline:
    `dense_macs = N * M * steps` and `weight_words`, 64-bit reads with no reuse between frames.
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


def count(
    layer: IntegerLayer, payload: npt.NDArray[np.int8], bits: npt.NDArray[np.bool_]
) -> Counts:
    """Count the run of `layer` on `payload (M, T) int8` that fired `bits (N, T) bool`.

    Raises `GraphError` when the shapes do not fit together.
    """
    frames = layer.checked(payload).shape[1]
    if bits.shape != (layer.units, frames):
        raise GraphError(f"events are {bits.shape}; ({layer.units}, {frames}) is needed")
    words = int(np.count_nonzero(payload))
    planes = int(np.bitwise_count(payload.view(np.uint8)).sum(dtype=np.int64))
    driven = int(payload.any(axis=0).sum())
    macs = layer.units * layer.inputs * frames
    return Counts(
        units=layer.units,
        inputs=layer.inputs,
        steps=frames,
        input_words=words,
        synaptic_events=words * layer.units,
        plane_spikes=planes,
        plane_events=planes * layer.units,
        driven_updates=driven * layer.units,
        idle_updates=(frames - driven) * layer.units,
        spikes=int(np.count_nonzero(bits)),
        peak_current=layer.peak_current(payload),
        dense_macs=macs,
        weight_words=-(-macs * PAYLOAD_BITS // WORD_BITS),
    )
