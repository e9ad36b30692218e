"""Headers of WAV: that of one channel in 16 bits (RF64, EBU Tech 3306, where it is longer), and
those of others, whose size may never have been filled in.
"""

import struct
from collections.abc import Callable

UNKNOWN = 0xFFFF_FFFF  # the size of what is not over, or stands in the chunk ds64
_MOST = UNKNOWN - 80  # bytes of sound that a WAV header can tell, with a few to spare
_LARGEST = 1 << 20  # bytes of a chunk before the sound that is worth reading
_DS64 = struct.Struct("<QQQI")  # bytes of the file, of sound, frames, entries of a table


def too_long(samples: int) -> bool:
    """Return whether so many samples are more than a WAV header can tell."""
    return 2 * samples > _MOST


def wav_header(sample_rate: int, samples: int | None, room: bool = False) -> bytes:
    """Return a header for `samples`, whose bytes follow; None is for a length that is not known.

    It is RF64 where a WAV cannot be so long. With `room` it has the same size for every length.
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
    """Read a WAV up to its sound and return what was read, `head` read already before it.

    A size of 0, of a header that was written before the sound and never again, is `UNKNOWN` in it.
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
    """Return whether eight bytes begin a chunk of a WAV, of at most `room` bytes with them."""
    size = int.from_bytes(head[4:], "little")
    return head[:4].isascii() and head[:4].decode("ascii").isprintable() and 8 + size <= room
