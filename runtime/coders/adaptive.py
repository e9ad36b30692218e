"""The adaptive coder: codes each cell with a probability learned from the cells before it.

Three contexts each give a probability, estimated from what they have seen: (1) the recent rate of
the unit and its last 3 cells; (2) its last 5 cells, the unit before it and the surplus of events in
this frame; (3) the unit itself and that surplus. A binary range coder codes the cell with the mean
of the three. Every payload starts from the density of its own matrix, so it can be decoded alone.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.coders import adaptive_loop as loop
from runtime.errors import FormatError
from runtime.events import Bits

Octets = npt.NDArray[np.uint8]

# Plain Python codes this many cells in about the time it takes to load numba.
PATIENCE = 500_000
_patience = PATIENCE
_BUCKETS, _STEPS = np.array(loop.BUCKETS, np.int64), np.array(loop.STEPS, np.int64)


def encode(bits: Bits, run: loop.Loop | None = None) -> bytes:
    """Return the payload of `bits (N, T) bool`, cut off once it is as long as the cells themselves.

    `run` is the loop to use, plain or compiled; both give the same bytes.
    """
    units, frames = bits.shape
    cells = np.array(bits.T, np.uint8, order="C").ravel()  # a copy: numba wants to write there
    payload = np.zeros((cells.size + 7) // 8, np.uint8)
    events = int(np.count_nonzero(cells))
    length = _coded(cells, payload, units, frames, events, False, run)
    return payload[:length].tobytes() if length >= 0 else payload.tobytes()


def decode(
    payload: bytes, units: int, frames: int, events: int, run: loop.Loop | None = None
) -> Bits:
    """Read back the matrix `(N, T) bool` of exactly `events` ones.

    Raises `FormatError` when the payload holds another number of events, or has bytes left over.
    """
    if not events and payload:
        raise FormatError("payload of no events is not empty")
    cells = np.zeros(units * frames, np.uint8)
    if not events:
        return cells.view(np.bool_).reshape(units, frames)
    coded = np.frombuffer(payload, np.uint8).copy()
    used = _coded(cells, coded, units, frames, events, True, run)
    found = int(np.count_nonzero(cells))
    if found != events:
        raise FormatError(f"payload holds {found} events instead of {events}")
    if len(payload) > used or payload.endswith(b"\0"):
        raise FormatError("payload has bytes after its end")
    return np.ascontiguousarray(cells.view(np.bool_).reshape(frames, units).T)


def _coded(
    cells: Octets,
    payload: Octets,
    units: int,
    frames: int,
    events: int,
    decoding: bool,
    run: loop.Loop | None,
) -> int:
    """Run the loop; at the start every probability and rate is the density of the matrix."""
    if not cells.size:
        return 0
    run = run or _loop(cells.size)
    density = min(events * loop.ONE // cells.size, loop.ONE - 1)
    contexts = loop.contexts(units)
    fills = ((contexts, density), (contexts, 0), (units, density), (units, 0))
    if run is not loop.code_cells:
        state: list[Any] = [np.full(length, value, np.int64) for length, value in fills]
        return run(cells, payload, units, decoding, *state, _BUCKETS, _STEPS)
    # Plain Python is fastest on lists and bytes, so arrays are copied to these and back.
    state = [[value] * length for length, value in fills]
    plain_cells, plain_payload = bytearray(cells), bytearray(payload)
    used = run(plain_cells, plain_payload, units, decoding, *state, loop.BUCKETS, loop.STEPS)
    if decoding:
        cells[:] = np.frombuffer(plain_cells, np.uint8)
    else:
        payload[:] = np.frombuffer(plain_payload, np.uint8)
    return used


def _loop(cells: int) -> loop.Loop:
    global _patience
    _patience -= cells
    return (loop.compiled() if _patience < 0 else None) or loop.code_cells
