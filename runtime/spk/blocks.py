"""What every part of a `.spk` file is made of: exact reads, three-byte numbers, checksums."""

import struct
import zlib
from collections.abc import Callable
from typing import BinaryIO

from runtime.errors import FormatError

CRC = struct.Struct("<I")
Read = Callable[[int], bytes]


def reads(file: BinaryIO) -> Read:
    """Return a function that reads a number of bytes of `file`; fewer only at its end."""

    def read(length: int) -> bytes:
        data = file.read(length)
        while len(data) < length:  # a pipe may deliver only a part at a time
            more = file.read(length - len(data))
            if not more:
                break
            data += more
        return data

    return read


def sealed(body: bytes) -> bytes:
    """Return `body` and its CRC-32."""
    return body + CRC.pack(zlib.crc32(body))


def opened(head: bytes, length: int, read: Read) -> bytes:
    """Read the `length` bytes after `head`, then the CRC-32 of both; return the bytes.

    Raises `FormatError` when the file ends too early or the checksum differs.
    """
    rest = read(length + CRC.size)
    if len(rest) < length + CRC.size:
        raise FormatError("the file ends inside it")
    body, (crc,) = rest[:length], CRC.unpack(rest[length:])
    if zlib.crc32(body, zlib.crc32(head)) != crc:
        raise FormatError("its checksum does not match; it is damaged")
    return body


def three(number: int) -> bytes:
    """Return a number below 2^24 as three bytes."""
    return number.to_bytes(3, "little")
