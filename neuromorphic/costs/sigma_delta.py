"""Sigma-delta input: changes of the latent are sent, and added up again where they arrive."""

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.entry import Payload
from neuromorphic.integers.layer import PAYLOAD_MAX
from runtime.errors import GraphError

DELTA_BITS = 9  # -254..254, two's complement
SENDER_OPERATIONS = 3  # a latent a frame: difference, comparison, what is held

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
