"""A chunk of levels as bytes and back, from the tables that a model brings."""

import numpy as np
import numpy.typing as npt

from runtime.coders.lapped import contexts as of
from runtime.coders.lapped import memory as at
from runtime.coders.lapped.compiling import Numbers
from runtime.coders.lapped.loop import code_frames
from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError

Levels = npt.NDArray[np.int32]

WORK = 128  # decisions that a byte of payload may stand for, so that no file asks for more


def encode(levels: Levels, spacing: float, tables: Tables) -> bytes:
    """Return the payload of `levels (T, bins)`, signed whole numbers; of silence it is empty.

    `bins` is a multiple of 8, at most 2048, and `spacing` their distance in Hz.
    Raises `FormatError` for a level beyond `contexts.MOST`.
    """
    if not levels.any():
        return b""
    highest = int(np.abs(levels.astype(np.int64)).max())
    if highest > of.MOST:
        raise FormatError(f"a bin fires {highest} times in a frame; {of.MOST} are allowed")
    return send(levels, at.memory_of(tables, levels.shape[1], spacing))


def decode(payload: bytes, frames: int, bins: int, spacing: float, tables: Tables) -> Levels:
    """Read back the levels `(T, bins) int32`.

    Raises `FormatError` for a payload that no writer makes, after work that its length bounds.
    """
    if not payload:
        return np.zeros((frames, bins), np.int32)
    memory = at.memory_of(tables, bins, spacing)
    memory[at.READING] = 1
    memory[at.VALUE] = int.from_bytes(payload[:4].ljust(4, b"\0"), "big")
    memory[at.NEXT] = 4
    levels = at.numbers(np.zeros(frames * bins))
    most = WORK * (len(payload) + 1) - 1
    octets = at.numbers(np.frombuffer(payload, np.uint8))
    if not code_frames(levels, bins, memory, octets, most):
        raise FormatError(f"payload: its {len(payload)} bytes cannot hold so much, it is damaged")
    memory[at.NEXT] -= 4  # a writer is four bytes behind
    found = np.array(levels, np.int32).reshape(frames, bins)
    if payload != _ended(memory, octets) or not found.any():
        raise FormatError("payload: it goes on or ends where no writer would, it is damaged")
    return found


def send(levels: Levels, memory: Numbers) -> bytes:
    """Return the payload of `levels` from a memory, which learns from them."""
    at.forget(memory)
    heights = np.abs(levels.astype(np.int64))
    # No decision takes more than 16 bits.
    decisions = np.minimum(heights, of.LEVELS) + 2 + 2 * of.BITS * (heights >= of.LEVELS)
    frames, bins = levels.shape
    payload = at.numbers(np.zeros(2 * int(decisions.sum()) + frames * (bins + 2)))
    code_frames(at.numbers(levels.ravel()), bins, memory, payload, 2**62)
    return _ended(memory, payload)


def _ended(memory: Numbers, payload: Numbers) -> bytes:
    """Cut a payload to the shortest bytes that say the same if zeros follow."""
    low, high = int(memory[at.LOW]), int(memory[at.HIGH])
    for size in range(5):
        keep = 0xFFFFFFFF << (32 - 8 * size) & 0xFFFFFFFF
        last = (low + (0xFFFFFFFF ^ keep)) & keep
        if low <= last <= high:
            break
    sent = np.array(payload[: memory[at.NEXT]], np.uint8).tobytes().ljust(memory[at.NEXT], b"\0")
    whole = (sent + last.to_bytes(4, "big")[:size]).rstrip(b"\0")
    return whole.ljust(int(memory[at.DECISIONS]) // WORK, b"\0")
