"""A chunk of levels as bytes and back, with the tables that belong to a model."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from runtime.coders.lapped import loop as at
from runtime.coders.lapped.compiling import Numbers
from runtime.coders.lapped.loop import code_corrections, code_frames
from runtime.coders.lapped.memory import forget, memory_of, numbers, zeros
from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError

Levels = npt.NDArray[np.int32]
Corrections = npt.NDArray[np.int8]

WORK = 128  # the most decisions a byte of payload, so that small files cost little work


@dataclass(frozen=True)
class Shape:
    """What a reader must know beforehand: `frames`, `bins`, and their `spacing` in Hz.

    `bins` is a multiple of 8, at most 2048; `rows` and `bands` are those of the corrections.
    """

    frames: int
    bins: int
    spacing: float
    rows: int = 0
    bands: int = 0


def encode(
    levels: Levels, spacing: float, tables: Tables, corrections: Corrections | None = None
) -> bytes:
    """Return the payload of `levels (T, bins)`, signed integers; it is empty for silence.

    `corrections (rows, bands)`, -12..12, follow if given.
    Raises `FormatError` for a level beyond `loop.MOST` or a correction beyond 12.
    """
    for name, values, most in (
        ("level", levels, at.MOST),
        ("correction", corrections, at.LARGEST_CORRECTION),
    ):
        if values is not None and values.size and max(values.max(), -int(values.min())) > most:
            raise FormatError(f"{name}s from {values.min()} to {values.max()}; {most} is the most")
    if not levels.any() and (corrections is None or not corrections.any()):
        return b""
    return send(levels, memory_of(tables, levels.shape[1], spacing), corrections)


def decode(payload: bytes, shape: Shape, tables: Tables) -> tuple[Levels, Corrections]:
    """Read back the levels `(T, bins) int32` and the corrections `(rows, bands) int8`.

    Raises `FormatError` for a payload that no writer can produce. The work is bounded by its
    length.
    """
    levels = np.zeros((shape.frames, shape.bins), np.int32)
    corrections = np.zeros((shape.rows, shape.bands), np.int8)
    if not payload:
        return levels, corrections
    memory = memory_of(tables, shape.bins, shape.spacing)
    memory[at.READING] = 1
    memory[at.VALUE] = int.from_bytes(payload[:4].ljust(4, b"\0"), "big")
    memory[at.NEXT] = 4
    found, moved = numbers(levels.ravel()), numbers(corrections.ravel())
    most = WORK * (len(payload) + 1) - 1
    octets = numbers(np.frombuffer(payload, np.uint8))
    # Every frame and every correction takes a decision at least.
    within = shape.frames + corrections.size <= most
    if not within or not code_frames(found, shape.bins, memory, octets, most):
        raise FormatError(f"payload: its {len(payload)} bytes cannot hold so much, it is damaged")
    code_corrections(moved, shape.bands, memory, octets)
    levels = np.array(found, np.int32).reshape(levels.shape)
    corrections = np.array(moved, np.int8).reshape(corrections.shape)
    memory[at.NEXT] -= 4  # the reader has read four bytes ahead of the writer
    if payload != _ended(memory, octets) or not (levels.any() or corrections.any()):
        raise FormatError("payload: it goes on or ends where no writer would, it is damaged")
    return levels, corrections


def send(levels: Levels, memory: Numbers, corrections: Corrections | None = None) -> bytes:
    """Return the payload of `levels`, coded with a memory that learns from them."""
    forget(memory)
    heights = np.abs(levels[levels != 0].astype(np.int64))
    decisions = np.minimum(heights, at.LEVELS) + 2 * at.BITS * (heights >= at.LEVELS)
    moved = np.zeros((0, 0)) if corrections is None else corrections
    # No decision takes more than 16 bits; a cell takes three, and more for what fires there.
    most = int(decisions.sum()) + 3 * levels.size + 14 * moved.size
    payload = zeros(2 * most + 8)
    code_frames(numbers(levels.ravel()), levels.shape[1], memory, payload, 2**62)
    code_corrections(numbers(moved.ravel()), moved.shape[1], memory, payload)
    return _ended(memory, payload)


def _ended(memory: Numbers, payload: Numbers) -> bytes:
    """Cut a payload to the fewest bytes that decode alike when zeros follow."""
    low, high = int(memory[at.LOW]), int(memory[at.HIGH])
    for size in range(5):
        keep = 0xFFFFFFFF << (32 - 8 * size) & 0xFFFFFFFF
        last = (low + (0xFFFFFFFF ^ keep)) & keep
        if low <= last <= high:
            break
    sent = np.array(payload[: memory[at.NEXT]], np.uint8).tobytes().ljust(memory[at.NEXT], b"\0")
    whole = (sent + last.to_bytes(4, "big")[:size]).rstrip(b"\0")
    return whole.ljust(int(memory[at.DECISIONS]) // WORK, b"\0")
