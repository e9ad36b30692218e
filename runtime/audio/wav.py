"""WAV headers: write that of one 16-bit channel (RF64, EBU Tech 3306, if it is too long for WAV),
and read those of other programs, whose size may never have been filled in.
"""

import struct
from collections.abc import Callable

UNKNOWN = 0xFFFF_FFFF  # the size while it is not known yet, or when the chunk ds64 states it
_MOST = UNKNOWN - 80  # bytes of sound that a WAV header can state, with a few to spare
_LARGEST = 1 << 20  # bytes of a chunk before the sound that is worth reading
_DS64 = struct.Struct("<QQQI")  # bytes of the file, of sound, frames, entries of a table


def too_long(samples: int) -> bool:
    """Return whether this many samples are more than a WAV header can state."""
    return 2 * samples > _MOST


def wav_header(sample_rate: int, samples: int | None, room: bool = False) -> bytes:
    """Return the header that goes before `samples` samples; None if their number is not known.

    It is RF64 if they are too many for a WAV. With `room` it has the same size for every length.
    """
    form = struct.pack("<HHIIHH", 1, 1, sample_rate, 2 * sample_rate, 2, 16)
    size = UNKNOWN if samples is None else 2 * samples
    long = samples is not None and too_long(samples)
    behind = _chunk(b"fmt ", form) + b"data" + struct.pack("<I", UNKNOWN if long else size)
    if not (long or room):
        return _riff(b"RIFF", UNKNOWN if samples is None else len(behind) + 4 + size) + behind
    whole = 4 + 8 + _DS64.size + len(behind) + size
    if not long:
        riff = UNKNOWN if samples is None else whole
        return _riff(b"RIFF", riff) + _chunk(b"JUNK", bytes(_DS64.size)) + behind
    return _riff(b"RF64", UNKNOWN) + _chunk(b"ds64", _DS64.pack(whole, size, samples, 0)) + behind


def _riff(name: bytes, size: int) -> bytes:
    return name + struct.pack("<I", size) + b"WAVE"


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body


def read_head(read: Callable[[int], bytes], head: bytes = b"") -> bytes:
    """Read a WAV up to its sound and return what was read, including the `head` read before.

    A size of 0, left by a program that never went back to fill it in, is replaced by `UNKNOWN`.
    """
    head += read(12 - len(head))
    while len(chunk := read(8)) == 8:
        size = int.from_bytes(chunk[4:], "little")
        if chunk[:4] == b"data":
            return head + chunk[:4] + struct.pack("<I", size or UNKNOWN)
        head += chunk
        if size > _LARGEST:
            return head
        head += read(size + size % 2)
    return head + chunk


def is_chunk(head: bytes, room: int) -> bool:
    """Return whether eight bytes begin a chunk of a WAV that takes at most `room` bytes."""
    size = int.from_bytes(head[4:], "little")
    return head[:4].isascii() and head[:4].decode("ascii").isprintable() and 8 + size <= room
