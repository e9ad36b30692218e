"""The paper's four formats for a binary matrix, written as bytes that can be decoded.

A payload is a string of bits, the first one in the most significant place of the first byte,
padded with zeros. Every number has a fixed width, most significant bit first:

    0 dense   N T cells of 1 bit, unit 0 with all its frames first
    1 coo     S pairs (unit: clog N bits, frame: clog T bits), sorted
    2 time    N - 1 pointers, then S frames (clog T bits): the frames of unit 0, of unit 1, ...
    3 units   T - 1 pointers, then S units (clog N bits): the units of frame 0, of frame 1, ...

Pointer i says how many events come before list i + 1; it takes `clog(S + 1)` bits, where the
paper writes `clog(S)`, since it can be any of 0..S. The bits of a payload follow from N, T and S,
so a reader knows its length beforehand. Source: arXiv 2402.01571, section 2.
"""

import numpy as np

from runtime.coders.numbers import Flags, from_flags, to_flags
from runtime.costs import clog, coo_bits, dense_bits
from runtime.errors import FormatError
from runtime.events import Bits, Index

NAMES = ("dense", "coo", "time", "units")
DENSE, COO, TIME, UNITS = range(4)


def payload_bits(form: int, units: int, frames: int, events: int) -> int:
    """Return the exact length of a payload in bits; raises `FormatError` for an unknown format."""
    match form:
        case 0:
            return dense_bits(units, frames)
        case 1:
            return coo_bits(units, frames, events)
        case 2:
            return max(units - 1, 0) * clog(events + 1) + events * clog(frames)
        case 3:
            return max(frames - 1, 0) * clog(events + 1) + events * clog(units)
    raise FormatError(f"storage format {form} is unknown; this version reads 0 to 3")


def pack(bits: Bits) -> tuple[int, bytes]:
    """Store `bits (N, T) bool` in its smallest format and return `(format, payload)`.

    If several are equally small, it is the first of them.
    """
    units, frames = bits.shape
    events = int(np.count_nonzero(bits))
    sizes = [payload_bits(form, units, frames, events) for form in range(4)]
    form = sizes.index(min(sizes))
    return form, pack_as(form, bits)


def pack_as(form: int, bits: Bits) -> bytes:
    """Store `bits (N, T) bool` in the given format; raises `FormatError` when it is unknown."""
    units, frames = bits.shape
    match form:
        case 0:
            flags = bits.astype(np.uint8).ravel()
        case 1:
            unit, frame = _coordinates(bits)
            columns = [to_flags(unit, clog(units)), to_flags(frame, clog(frames))]
            flags = np.concatenate(columns, axis=1).ravel()
        case 2:
            flags = _lists(bits)
        case 3:
            flags = _lists(bits.T)
        case _:
            payload_bits(form, 0, 0, 0)
    return np.packbits(flags).tobytes()


def unpack(form: int, payload: bytes, units: int, frames: int, events: int) -> Bits:
    """Read back the matrix `(N, T) bool` of exactly `events` ones.

    Raises `FormatError` when the length is not the one that follows from the numbers, when an
    index is out of range, when a list is not sorted, or when the padding is not zero: a matrix has
    exactly one payload in each format, and any other bytes are refused.
    """
    length = payload_bits(form, units, frames, events)
    if len(payload) != (length + 7) // 8:
        raise FormatError(f"payload has {len(payload)} bytes instead of {(length + 7) // 8}")
    flags = np.unpackbits(np.frombuffer(payload, np.uint8))
    if flags[length:].any():
        raise FormatError("payload has bits set after its end")
    flags = flags[:length]
    if form == DENSE:
        bits = flags.view(np.bool_).reshape(units, frames)
        if np.count_nonzero(bits) != events:
            raise FormatError(f"payload holds {np.count_nonzero(bits)} events instead of {events}")
        return bits
    if form == COO:
        table = flags.reshape(events, clog(units) + clog(frames))
        row, column = from_flags(table[:, : clog(units)]), from_flags(table[:, clog(units) :])
        return _matrix(row, column, units, frames)
    if form == TIME:
        return _matrix(*_parse_lists(flags, units, frames, events), units, frames)
    return _matrix(*_parse_lists(flags, frames, units, events), frames, units).T


def _lists(bits: Bits) -> Flags:
    rows, columns = bits.shape
    row, column = _coordinates(bits)
    pointers = np.searchsorted(row, np.arange(1, rows))
    parts = [to_flags(pointers, clog(len(row) + 1)), to_flags(column, clog(columns))]
    return np.concatenate([part.ravel() for part in parts])


def _coordinates(bits: Bits) -> tuple[Index, Index]:
    """Do what `np.nonzero` does, faster."""
    return np.divmod(np.flatnonzero(bits), max(bits.shape[1], 1))


def _parse_lists(flags: Flags, rows: int, columns: int, events: int) -> tuple[Index, Index]:
    pointers = max(rows - 1, 0)
    split = pointers * clog(events + 1)
    ends = from_flags(flags[:split].reshape(pointers, clog(events + 1)))
    column = from_flags(flags[split:].reshape(events, clog(columns)))
    edges = np.concatenate([[0], ends, [events]])
    counts = np.diff(edges)
    if (counts < 0).any():
        raise FormatError("pointers of the payload go backwards")
    # If there are no rows there is one count too many; it is 0.
    return np.repeat(np.arange(rows), counts[:rows]), column


def _matrix(row: Index, column: Index, rows: int, columns: int) -> Bits:
    if row.size and (row.max() >= rows or column.max() >= columns):
        raise FormatError(f"payload names an event outside {rows} x {columns}")
    cell = row * columns + column
    if (np.diff(cell) <= 0).any():
        raise FormatError("events of the payload are not in order")
    bits = np.zeros(rows * columns, np.bool_)
    bits[cell] = True
    return bits.reshape(rows, columns)
