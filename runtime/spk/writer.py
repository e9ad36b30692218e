"""Write a `.spk` file chunk by chunk to any binary file object, which may be a pipe."""

from collections.abc import Mapping
from typing import BinaryIO

from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.kinds import frame_count
from runtime.piece import NO_MU, Chunk, Corrections
from runtime.spk.header import MAX_CHUNKS, SpkHeader
from runtime.spk.parts import digest_of, pack_chunk, pack_end, pack_header, store
from runtime.spk.short import LARGEST_STEP
from runtime.spk.tags import EVERY, MAX_BODY, End, pack_tag, seek_tag, text_tag


class SpkWriter:
    """A file that is being written, without seeking and in constant memory.

    `texts` may hold a `title` and a `source`. Every `write` is one chunk and is flushed, so that a
    reader at the other end of a pipe has it at once; `close` ends the file. `tables` are those of a
    LAPPED model's coder.
    """

    def __init__(
        self,
        file: BinaryIO,
        header: SpkHeader,
        texts: Mapping[str, str] | None = None,
        tables: Tables | None = None,
    ) -> None:
        self.header = header
        self._file, self._tables = file, tables
        self._digest = digest_of(header)
        self._place = self._chunks = self._frames = 0
        self._places: list[int] = []
        tags = [pack_tag(text_tag(kind, text)) for kind, text in (texts or {}).items()]
        self._put(pack_header(header) + b"".join(tags))

    @property
    def frames(self) -> int:
        """Frames written so far."""
        return self._frames

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._place

    def write(
        self,
        events: EventMatrix,
        mu: int | None = None,
        corrections: Corrections | None = None,
    ) -> None:
        """Write the next chunk, `(units, chunk_frames)`; only the last may have another length.

        `mu` is the mu, 0..254, or the step, 0..2047, of the chunk, by default that of the header.
        Raises `FormatError` when the chunk does not fit in the file.
        """
        header = self.header
        units, frames = events.units, events.frames
        whole = self._frames == self._chunks * header.chunk_frames
        fits = units >= header.units if header.lapped else units == header.units
        if not fits or not 1 <= frames <= header.longest or not whole:
            raise FormatError(
                f"chunk {self._chunks}: {units} x {frames} cells do not fit in a file of chunks "
                f"of {header.units} x {header.chunk_frames}, of which only the last has others"
            )
        chunk = Chunk(events, header.mu if mu is None else mu, self._chunks, corrections)
        most = LARGEST_STEP if header.lapped else NO_MU
        if not 0 <= chunk.mu <= most or header.mu not in (NO_MU, chunk.mu):
            raise FormatError(f"chunk {self._chunks}: mu {mu} contradicts the header")
        if self._chunks >= (header.chunks if header.known else MAX_CHUNKS):
            raise FormatError(f"chunk {self._chunks}: the header announces fewer chunks")
        if self._chunks % EVERY == 0:
            self._places.append(self._place)
        self._put(pack_chunk(store(chunk, header, self._tables)))
        self._digest.add(chunk)
        self._chunks += 1
        self._frames += frames

    def close(self, samples: int | None = None) -> None:
        """End the file; `samples` is its length, if the header does not have it.

        Raises `FormatError` when the chunks do not add up to that length.
        """
        header = self.header
        if samples is None:
            hops = self._frames - header.lapped
            samples = header.samples if header.known else hops * header.hop
        due = frame_count(header.kind, samples, header.hop)
        if (header.known and samples != header.samples) or due != self._frames:
            raise FormatError(f"end: {samples} samples are not the {self._frames} frames written")
        if not header.ended:
            return
        if len(self._places) > 1 and 8 * len(self._places) <= MAX_BODY:
            self._put(pack_tag(seek_tag(self._places)))
        end = End(samples, self._chunks, self._digest.value())
        self._put(pack_end(header, end))

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()
        self._place += len(data)
