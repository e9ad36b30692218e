"""Sigma-delta input: changes of the latent are sent, and added up again where they arrive."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from neuromorphic.costs.counts import Counts, count
from neuromorphic.integers.layer import PAYLOAD_MAX, IntegerLayer
from runtime.errors import GraphError

DELTA_BITS = 9  # -254..254, two's complement
SENDER_OPERATIONS = 3  # a latent a frame: difference, comparison, what is held

Payload = npt.NDArray[np.int8]
Deltas = npt.NDArray[np.int16]


def deltas(payload: Payload, threshold: int = 0, held: Payload | None = None) -> Deltas:
    """Return what is sent for `payload (M, T) int8`: `(M, T) int16`, mostly zeros if it is steady.

    A latent sends its difference from what the other side holds when that is greater than
    `threshold`; 0 loses nothing. `held (M,)` is what the other side holds at first, zeros without.
    Raises `GraphError` for a threshold out of range.
    """
    if not 0 <= threshold <= 2 * PAYLOAD_MAX:
        raise GraphError(f"threshold {threshold}: choose from 0 (exact) to {2 * PAYLOAD_MAX}")
    state = np.zeros(len(payload), np.int16) if held is None else held.astype(np.int16)
    sent = np.zeros(payload.shape, np.int16)
    for frame in range(payload.shape[1]):
        change = payload[:, frame].astype(np.int16) - state
        change[np.abs(change) <= threshold] = 0
        state += change
        sent[:, frame] = change
    return sent


def integrated(sent: Deltas, held: Payload | None = None) -> Payload:
    """Return the payload `(M, T) int8` that the other side holds after each frame of `sent (M, T)`.

    Raises `GraphError` where it leaves -127..127, which no sender makes it do.
    """
    total = np.cumsum(sent, axis=1, dtype=np.int64)
    if held is not None:
        total += held[:, None]
    if total.size and np.abs(total).max() > PAYLOAD_MAX:
        raise GraphError(f"deltas add up to {np.abs(total).max()}; a payload ends at {PAYLOAD_MAX}")
    return total.astype(np.int8)


def count_deltas(layer: IntegerLayer, sent: Deltas) -> Counts:
    """Count the run of `layer` on deltas: events are those that are sent, a bit plane of nine each.

    The units add up what arrives and keep it, so all of them are updated in every frame as before.
    Exact arithmetic is assumed; a chip that shifts what arrives keeps the exact sum only of a layer
    with shift 0 (see `docs/energy.md`). `SENDER_OPERATIONS` on the other side are not in it.
    """
    payload = integrated(sent)
    words = int(np.count_nonzero(sent))
    coded = sent.astype(np.uint16) & (2**DELTA_BITS - 1)
    planes = int(np.bitwise_count(coded).sum(dtype=np.int64))
    driven = int(sent.any(axis=0).sum())
    return replace(
        count(layer, payload, layer.spikes(payload)),
        input_words=words,
        synaptic_events=words * layer.units,
        plane_spikes=planes,
        plane_events=planes * layer.units,
        driven_updates=driven * layer.units,
        idle_updates=(sent.shape[1] - driven) * layer.units,
    )
