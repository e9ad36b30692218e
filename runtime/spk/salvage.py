"""Read what is left of a damaged file: every good chunk, and what was lost between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.piece import Chunk
from runtime.spk import chunks, tags
from runtime.spk.blocks import reads
from runtime.spk.chunks import StoredChunk
from runtime.spk.header import HEADER_BYTES, MAX_CHUNK_CELLS, UNKNOWN, SpkHeader, read_header
from runtime.spk.reader import Note, misfit, read_block, take_text
from runtime.spk.tags import Tag, parse_end

_PIECE = 4096  # bytes read at a time, and at most so many of the past are kept
MAX_LOST_CELLS = 2**24  # silence for lost chunks, which no byte of the file vouches for


@dataclass(frozen=True)
class Gap:
    """Bytes `start` to `stop` of the file, which are no good part of it, and why not."""

    start: int
    stop: int
    reason: str


@dataclass(frozen=True)
class Loss:
    """Chunks `first` to `last` that could not be read, or None for other parts, and why."""

    first: int | None
    last: int | None
    reason: str

    def __str__(self) -> str:
        if self.first is None:
            return self.reason
        many = f"chunks {self.first} to {self.last}"
        return f"{f'chunk {self.first}' if self.first == self.last else many}: {self.reason}"


class Salvage:
    """The good chunks of a damaged file in rising order; only the header has to be whole.

    Iterating gives `Chunk`s; whoever hears them puts silence where an index is missing. A chunk
    that comes late or twice is left out, so that this works for a pipe. `losses` tells after the
    last chunk what was not read; `samples` is the length, `UNKNOWN` where the end is lost as well.
    Raises `FormatError` for a damaged header.
    """

    def __init__(self, file: BinaryIO, note: Note = lambda message: None) -> None:
        self.header: SpkHeader = read_header(reads(file))
        self.samples = self.header.samples
        self.losses: list[Loss] = []
        self.texts: dict[str, str] = {}
        self._file, self._note = file, note
        self._due = 0
        self._gap: Gap | None = None
        self._ended = False

    def __iter__(self) -> Iterator[Chunk]:
        for block in blocks(self._file, self.header):
            if isinstance(block, Gap):
                self._gap = block
            elif isinstance(block, Tag):
                self._tag(block)
            elif (chunk := self._decoded(block)) is not None:
                self._miss(chunk.index)
                self._due = chunk.index + 1
                yield chunk
        self._miss(self.header.chunks if self.header.known else self._due)
        if self.header.ended and not self._ended:
            self.losses.append(Loss(None, None, "end: missing"))

    def _decoded(self, stored: StoredChunk) -> Chunk | None:
        fault = misfit(stored, self.header)
        if stored.index < self._due:
            fault = f"comes after chunk {self._due - 1}"
        try:
            if not fault:
                return stored.decoded(self.header.units)
        except FormatError as error:
            fault = str(error)
        self.losses.append(Loss(stored.index, stored.index, fault))
        return None

    def _tag(self, tag: Tag) -> None:
        if tag.name != tags.END:
            take_text(tag, self.texts, self._note)
            return
        try:
            end = parse_end(tag)
        except FormatError as error:
            self.losses.append(Loss(None, None, str(error)))
            return
        self._ended = True
        self._miss(end.chunks)
        self._due = max(self._due, end.chunks)
        if not self.header.known:
            self.samples = end.samples

    def _miss(self, index: int) -> None:
        """Note the chunks from the one that is due to the one before `index` as lost."""
        gap, self._gap = self._gap, None
        reason = f"{gap.reason} (bytes {gap.start} to {gap.stop})" if gap else "missing"
        if self._due < index:
            self.losses.append(Loss(self._due, index - 1, reason))
        elif gap:
            self.losses.append(Loss(None, None, reason))


def filled(salvage: Salvage) -> Iterator[Chunk]:
    """Yield the good chunks of a file and silence, without an event, where some are lost.

    Silence may come in larger pieces, whose index is that of the first chunk. Of a file whose end
    is lost and whose length is unknown the last good chunk is the end.
    Raises `FormatError` for a damaged header and when more is lost than silence may stand for.
    """
    header = salvage.header
    frames = lost = 0

    def silence(stop: int) -> Iterator[Chunk]:
        nonlocal frames, lost
        lost += max(stop - frames, 0)
        if lost * header.units > MAX_LOST_CELLS:
            raise FormatError(f"{lost} frames are lost; too many to replace by silence")
        while frames < stop:
            width = min(stop - frames, max(MAX_CHUNK_CELLS // header.units, 1))
            index = frames // header.chunk_frames
            yield Chunk(EventMatrix.silent(header.units, width), header.mu, index)
            frames += width

    for chunk in salvage:
        yield from silence(chunk.index * header.chunk_frames)
        yield chunk
        frames += chunk.events.frames
    if salvage.samples != UNKNOWN:
        yield from silence(-(-salvage.samples // header.hop))


def blocks(file: BinaryIO, header: SpkHeader) -> Iterator[StoredChunk | Tag | Gap]:
    """Yield every part behind the header; behind a damaged one the next is searched for.

    Memory is that of the largest part, and nothing is sought, so that `file` may be a pipe.
    """
    window = _Window(file)
    gap: tuple[int, str] | None = None
    while window.more():
        try:
            block = read_block(window.read, header)
        except FormatError as error:
            gap = gap or (window.start, str(error))
            window.search()
            continue
        if gap is not None:
            yield Gap(gap[0], window.start, gap[1])
            gap = None
        window.advance()
        assert block is not None  # there was a byte to read
        yield block
    if gap is not None:
        yield Gap(gap[0], window.start, gap[1])


class _Window:
    """A file with a way back to `start`, its place in bytes: where the last good part ended."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = reads(file)
        self._data = b""
        self._origin = self._at = 0  # of `start` and of the next read, in `_data`
        self.start = HEADER_BYTES

    def more(self) -> bool:
        """Go back to `start` and tell whether anything follows."""
        self._at = self._origin
        found = bool(self.read(1))
        self._at = self._origin
        return found

    def read(self, length: int) -> bytes:
        """Read on, like a file."""
        missing = self._at + length - len(self._data)
        if missing > 0:
            self._data = self._data[self._origin :] + self._file(max(missing, _PIECE))
            self._at -= self._origin
            self._origin = 0
        part = self._data[self._at : self._at + length]
        self._at += len(part)
        return part

    def advance(self) -> None:
        """Move `start` to where the reading is."""
        self._move(self._at)

    def search(self) -> None:
        """Move `start` to where a part may begin, or to the end of what has been read."""
        after = self._origin + 1
        found = [self._data.find(sync, after) for sync in (chunks.SYNC, tags.SYNC)]
        # The last byte may be the first half of a mark.
        last = max(len(self._data) - 1, after)
        self._move(min((place for place in found if place > 0), default=last))

    def _move(self, place: int) -> None:
        self.start += place - self._origin
        self._origin = self._at = place
