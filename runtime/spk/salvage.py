"""Read the intact parts of a damaged file: every good chunk, and what was lost between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.kinds import Note, frame_count
from runtime.piece import Chunk
from runtime.spk.blocks import reads
from runtime.spk.chunks import StoredChunk
from runtime.spk.header import UNKNOWN, SpkHeader
from runtime.spk.parts import digest_of, read_header
from runtime.spk.reader import misfit, tables_for, take_text
from runtime.spk.scan import Gap, blocks
from runtime.spk.short import ShortChunk
from runtime.spk.tags import End, Tag

# By default `filled` inserts at most this much more silence than there is sound left.
MORE_LOST_SECONDS = 600


@dataclass(frozen=True)
class Loss:
    """Chunks `first` to `last` that could not be read, or None for other parts, and the reason."""

    first: int | None
    last: int | None
    reason: str

    def __str__(self) -> str:
        if self.first is None:
            return self.reason
        many = f"chunks {self.first} to {self.last}"
        return f"{f'chunk {self.first}' if self.first == self.last else many}: {self.reason}"


class Salvage:
    """The good chunks of a damaged file in rising order; only the header must be intact.

    Iterating yields `Chunk`s; the caller puts silence where an index is missing. A chunk that
    comes late or twice is dropped, so that this works on a pipe. After the last chunk, `losses`
    lists what could not be read, and `samples` is the length, `UNKNOWN` if the end is lost too.
    `tables` are those of a LAPPED model's coder, see `SpkReader`; `most_lost` is how many seconds
    of silence `filled` may insert, None for ten minutes more than the sound that is left.
    Raises `FormatError` for a damaged header.
    """

    def __init__(
        self,
        file: BinaryIO,
        note: Note = lambda message: None,
        tables: Tables | None = None,
        most_lost: float | None = None,
    ) -> None:
        self.most_lost = most_lost
        self.header: SpkHeader = read_header(reads(file))
        self._tables = tables_for(self.header, tables)
        self._digest = digest_of(self.header)
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
                take_text(block, self.texts, self._note)
            elif isinstance(block, End):
                self._end(block)
            elif (chunk := self._decoded(block)) is not None:
                self._miss(chunk.index)
                self._due = chunk.index + 1
                self._digest.add(chunk)
                yield chunk
        self._miss(self.header.chunks if self.header.known else self._due)
        if self.header.ended and not self._ended:
            self.losses.append(Loss(None, None, "end: missing"))

    def _decoded(self, stored: StoredChunk | ShortChunk) -> Chunk | None:
        fault = misfit(stored, self.header)
        if stored.index < self._due:
            fault = f"comes after chunk {self._due - 1}"
        try:
            if not fault:
                return stored.decoded(self.header, self._tables)
        except FormatError as error:
            fault = str(error)
        self.losses.append(Loss(stored.index, stored.index, fault))
        return None

    def _end(self, end: End) -> None:
        self._ended = True
        self._miss(end.chunks)
        if not self.losses and self._digest.value() != end.digest:
            reason = "end: the digest differs; these are not the events that were written"
            self.losses.append(Loss(None, None, reason))
        self._due = max(self._due, end.chunks)
        if not self.header.known:
            self.samples = end.samples

    def _miss(self, index: int) -> None:
        """Record as lost the chunks from the next expected one to the one before `index`."""
        gap, self._gap = self._gap, None
        reason = f"{gap.reason} (bytes {gap.start} to {gap.stop})" if gap else "missing"
        if self._due < index:
            self.losses.append(Loss(self._due, index - 1, reason))
        elif gap:
            self.losses.append(Loss(None, None, reason))


def filled(salvage: Salvage) -> Iterator[Chunk]:
    """Yield the good chunks of a file, and chunks without events in place of lost ones.

    A file of unknown length whose end is lost stops after its last good chunk.
    Raises `FormatError` for a damaged header and when more is lost than `most_lost` allows.
    """
    header = salvage.header
    frames = lost = 0

    def silence(stop: int) -> Iterator[Chunk]:
        nonlocal frames, lost
        seconds = header.hop / header.sample_rate
        found = (frames - lost) * seconds
        lost += max(stop - frames, 0)
        most = found + MORE_LOST_SECONDS if salvage.most_lost is None else salvage.most_lost
        if lost * seconds > most:
            raise FormatError(
                f"{lost * seconds:.0f} seconds are lost and {found:.0f} are left before them; "
                "allow so much silence by --max-seconds"
            )
        while frames < stop:
            left = stop - frames
            width = left if left <= header.longest else header.chunk_frames
            index = frames // header.chunk_frames
            yield Chunk(EventMatrix.silent(header.units, width), header.mu, index)
            frames += width

    for chunk in salvage:
        yield from silence(chunk.index * header.chunk_frames)
        yield chunk
        frames += chunk.events.frames
    if salvage.samples != UNKNOWN:
        yield from silence(frame_count(header.kind, salvage.samples, header.hop))
