"""Sigma-delta input: the sender sends changes of the latent, and the receiver adds them up."""

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.entry import Payload
from neuromorphic.integers.layer import PAYLOAD_MAX
from runtime.errors import GraphError

DELTA_BITS = 9  # -254..254, two's complement
SENDER_OPERATIONS = 3  # per latent and frame: difference, comparison, update of what is held

Deltas = npt.NDArray[np.int16]


def deltas(payload: Payload, threshold: int = 0) -> Deltas:
    """Return the deltas to send for `payload (M, T) int8`: `(M, T) int16`, mostly 0 if steady.

    A latent sends its difference from the value the receiver holds when that exceeds `threshold`;
    a threshold of 0 is exact. It holds zeros at first. Raises `GraphError` for a threshold out of
    range.
    """
    if not 0 <= threshold <= 2 * PAYLOAD_MAX:
        raise GraphError(f"threshold {threshold}: choose from 0 (exact) to {2 * PAYLOAD_MAX}")
    state = np.zeros(len(payload), np.int16)
    sent = np.zeros(payload.shape, np.int16)
    for frame in range(payload.shape[1]):
        change = payload[:, frame].astype(np.int16) - state
        change[np.abs(change) <= threshold] = 0
        state += change
        sent[:, frame] = change
    return sent


def integrated(sent: Deltas) -> Payload:
    """Return the payload `(M, T) int8` that the receiver holds after each frame of `sent (M, T)`.

    Raises `GraphError` when it leaves -127..127, which cannot happen with deltas of `deltas`.
    """
    total = np.cumsum(sent, axis=1, dtype=np.int64)
    if total.size and np.abs(total).max() > PAYLOAD_MAX:
        raise GraphError(
            f"deltas add up to {np.abs(total).max()}; a payload is {PAYLOAD_MAX} at most"
        )
    return total.astype(np.int8)
