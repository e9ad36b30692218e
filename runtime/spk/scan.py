"""Scan a damaged file for every part whose checksum is right, and the gaps between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from runtime.errors import FormatError
from runtime.spk import chunks, short, tags
from runtime.spk.blocks import reads
from runtime.spk.header import SpkHeader
from runtime.spk.parts import Block, header_bytes, read_block

_PIECE = 4096  # bytes read at a time, and the most that are kept behind
PATIENCE = 64  # how many times a byte may be tried without success, on average
SYNCS = (chunks.SYNC, tags.SYNC, short.END_SYNC)


@dataclass(frozen=True)
class Gap:
    """Bytes `start` to `stop` of the file, which could not be read as a part, and why not."""

    start: int
    stop: int
    reason: str


def blocks(file: BinaryIO, header: SpkHeader) -> Iterator[Block | Gap]:
    """Yield every part after the header; after a damaged one, search for the next.

    Memory is bounded by the largest part, and there is no seeking, so `file` may be a pipe. Time is
    linear in the length of the file, whatever it contains: when more bytes have been tried without
    success than `PATIENCE` allows, the rest of the file is given up.
    """
    window = _Window(file, header_bytes(header))
    gap: tuple[int, str] | None = None
    tried = 0
    while window.more():
        try:
            block = read_block(window.read, header)
        except FormatError as error:
            gap = gap or (window.start, str(error))
            tried += window.looked_at
            if tried > PATIENCE * (window.start + _PIECE):
                while window.skip():
                    pass
                yield Gap(gap[0], window.start, f"{gap[1]}, and too much like it follows")
                return
            window.search()
            continue
        if gap is not None:
            yield Gap(gap[0], window.start, gap[1])
            gap = None
        window.advance()
        assert block is not None  # there was at least one byte to read
        yield block
    if gap is not None:
        yield Gap(gap[0], window.start, gap[1])


class _Window:
    """A file that can go back to `start`, the byte at which the last good part ended."""

    def __init__(self, file: BinaryIO, start: int) -> None:
        self._file = reads(file)
        self._data = b""
        self._origin = self._at = 0  # of `start` and of the next read, in `_data`
        self.start = start

    def more(self) -> bool:
        """Go back to `start` and return whether anything follows."""
        self._at = self._origin
        found = bool(self.read(1))
        self._at = self._origin
        return found

    def read(self, length: int) -> bytes:
        """Read the next bytes, as a file does."""
        missing = self._at + length - len(self._data)
        if missing > 0:
            self._data = self._data[self._origin :] + self._file(max(missing, _PIECE))
            self._at -= self._origin
            self._origin = 0
        part = self._data[self._at : self._at + length]
        self._at += len(part)
        return part

    @property
    def looked_at(self) -> int:
        """Bytes from `start` to the reading position."""
        return self._at - self._origin

    def skip(self) -> bool:
        """Move `start` behind what has been read; return whether anything follows."""
        self._move(len(self._data))
        return self.more()

    def advance(self) -> None:
        """Move `start` to the reading position."""
        self._move(self._at)

    def search(self) -> None:
        """Move `start` to the next place where a part may begin, or to the end of what was read."""
        after = self._origin + 1
        found = [self._data.find(sync, after) for sync in SYNCS]
        # The last byte may be the first half of a mark.
        last = max(len(self._data) - 1, after)
        self._move(min((place for place in found if place > 0), default=last))

    def _move(self, place: int) -> None:
        self.start += place - self._origin
        self._origin = self._at = place
