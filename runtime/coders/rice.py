"""Golomb coding of the gaps between events, with a parameter that follows from their number.

The cells are taken frame by frame. If more than half of them are events, the silences are coded
instead. A gap `g`, the number of cells between one event and the next, is written as `g // m`
zeros and a one, then `g % m`. All the zeros and ones come first, then all the remainders, so that
each part can be read in one operation. If `m` is a power of two this is the Rice code.
Sources: Golomb, 1966; Rice, 1979; the best `m` for a density: Gallager and Van Voorhis, 1975.
"""

import numpy as np

from runtime.coders.numbers import Flags, from_flags, to_flags
from runtime.costs import clog
from runtime.errors import FormatError
from runtime.events import Bits


def parameter(cells: int, coded: int) -> int:
    """Return `m` for `coded` of `cells`: about `ln 2` times the mean distance, at least 1."""
    return max((9 * cells + 2 * coded) // (13 * coded), 1) if coded else 1


def encode(bits: Bits) -> bytes:
    """Return the payload of `bits (N, T) bool`; for bursts it can be longer than the cells."""
    cells = bits.T.ravel()
    events = int(np.count_nonzero(cells))
    place = np.flatnonzero(cells if 2 * events <= cells.size else ~cells)
    if not place.size:
        return b""
    m = parameter(cells.size, place.size)
    gap = np.diff(place, prepend=-1) - 1
    quotient, remainder = np.divmod(gap, m)
    ends = np.cumsum(quotient + 1)
    unary = np.zeros(ends[-1], np.uint8)
    unary[ends - 1] = 1
    # Truncated binary: clog(m) bits count further than m, so the lower remainders take a bit less.
    width = clog(m)
    short = (1 << width) - m
    long = remainder >= short
    head = to_flags(np.where(long, (remainder + short) >> 1, remainder), max(width - 1, 0))
    tail = ((remainder + short) & 1)[long & (width > 0)].astype(np.uint8)
    return np.packbits(np.concatenate([unary, head.ravel(), tail])).tobytes()


def decode(payload: bytes, units: int, frames: int, events: int) -> Bits:
    """Read back the matrix `(N, T) bool` of exactly `events` ones.

    Raises `FormatError` when `encode` would not write this payload: it is too short, too long, or
    has an event after the last cell.
    """
    total = units * frames
    coded = min(events, total - events)
    m = parameter(total, coded)
    width = clog(m)
    short = (1 << width) - m
    stream = np.unpackbits(np.frombuffer(payload, np.uint8))
    ends = np.flatnonzero(stream)[:coded]
    if len(ends) < coded:
        raise FormatError(f"payload names {len(ends)} cells instead of {coded}")
    at = int(ends[-1]) + 1 if coded else 0
    fixed = max(width - 1, 0)
    head = _part(stream, at, coded * fixed)
    at += coded * fixed
    remainder = from_flags(head.reshape(coded, fixed))
    if width:
        long = remainder >= short
        tail = _part(stream, at, int(np.count_nonzero(long)))
        at += len(tail)
        remainder[long] = 2 * remainder[long] - short + tail
    if len(payload) != (at + 7) // 8 or stream[at:].any():
        raise FormatError("payload has bits after its end")
    quotient = np.diff(ends, prepend=-1) - 1
    place = np.cumsum(quotient * m + remainder + 1) - 1
    if coded and place[-1] >= total:
        raise FormatError(f"payload names an event outside {units} x {frames}")
    cells = np.full(total, 2 * events > total)
    cells[place] = 2 * events <= total
    return np.ascontiguousarray(cells.reshape(frames, units).T)


def _part(stream: Flags, start: int, length: int) -> Flags:
    part = stream[start : start + length]
    if len(part) < length:
        raise FormatError(f"payload ends after {len(stream)} bits")
    return part
