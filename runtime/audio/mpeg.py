"""Find where the frames of an MPEG stream (MP2, MP3) begin, and whether it states its length.

For a stream without a table (Xing, Info, VBRI), libsndfile assumes that all frames have the bit
rate of the first one and stops where the stream would then end, so the length is a guess.
Source of the headers: ISO/IEC 11172-3, 2.4.2.3.
"""

import re
from dataclasses import dataclass
from typing import BinaryIO

_SEARCHED = 1 << 16  # bytes behind the tags in which the first frame must begin
_CHAIN = 4  # this many frames in a row are no coincidence
_TABLES = re.compile(rb"Xing|Info|VBRI")
# kbit/s by index, of versions 1 and 2 and of layers 2 and 3; Hz by index, of version 1
_RATES = {
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES[2, 3] = _RATES[2, 2]
_HERTZ = (44_100, 48_000, 32_000)
_DIVISOR = {0b11: 1, 0b10: 2, 0b00: 4}  # of the sample rate, by version


@dataclass(frozen=True)
class Frame:
    """A frame of a stream: its `place` in the file in bytes, and its `data`."""

    place: int
    data: bytes


def first_frame(file: BinaryIO) -> Frame | None:
    """Return the first frame, or None if there is none near the start of the file.

    `file` must be seekable; its position changes.
    """
    start = _behind_tags(file)
    file.seek(start)
    data = file.read(_SEARCHED)
    for at in (found.start() for found in re.finditer(rb"\xff[\xe0-\xff]", data)):
        place = at
        for _ in range(_CHAIN):
            size = _frame_bytes(data[place : place + 4])
            if size is None:
                break
            place += size
        else:
            return Frame(start + at, data[at : at + (_frame_bytes(data[at : at + 4]) or 0)])
    return None


def tells_length(data: bytes) -> bool:
    """Return whether the first frame's data is a table that describes the other frames."""
    return _TABLES.search(data) is not None


def _behind_tags(file: BinaryIO) -> int:
    """Return the offset of the first byte after any ID3v2 tags."""
    place = 0
    while True:
        file.seek(place)
        head = file.read(10)
        if len(head) < 10 or head[:3] != b"ID3":
            return place
        size = 0
        for byte in head[6:]:
            size = size << 7 | byte & 0x7F
        place += 10 + size


def _frame_bytes(head: bytes) -> int | None:
    """Return the size of a frame from its first four bytes, or None if they are not a header."""
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version not in _DIVISOR or layer not in (2, 3) or not 1 <= rate <= 14 or hertz == 3:
        return None
    divisor = _DIVISOR[version]
    bits = 1000 * _RATES[min(divisor, 2), layer][rate - 1]
    second = _HERTZ[hertz] // divisor
    samples = 576 if layer == 3 and divisor > 1 else 1152
    return samples // 8 * bits // second + padding
