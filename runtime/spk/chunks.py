"""A chunk: a few seconds of events that can be decoded without the other chunks."""

import struct
from dataclasses import dataclass, replace

from runtime.coders.lapped.tables import Tables
from runtime.coders.payloads import FORMS, most_bytes, pack, unpack
from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.piece import NO_MU, Chunk
from runtime.spk.blocks import CRC, Read, opened, sealed, three
from runtime.spk.header import SpkHeader

SYNC = b"\xa5\x5a"
# index, frames, mu, form, events, payload length; the payload and CRC-32 follow
_HEAD = struct.Struct("<IHBB3s3s")
FRAMING_BYTES = len(SYNC) + _HEAD.size + CRC.size


@dataclass(frozen=True)
class StoredChunk:
    """A chunk as stored in the file: `form` of the payload, number of `events`, `payload`."""

    index: int
    frames: int
    mu: int
    form: int
    events: int
    payload: bytes

    def decoded(self, header: SpkHeader, tables: Tables | None = None) -> Chunk:
        """Return the events; raises `FormatError` when the payload is not valid in this form."""
        bits = unpack(self.form, self.payload, header.units, self.frames, self.events)
        return Chunk(EventMatrix.from_bits(bits), self.mu, self.index)

    def counted(self, header: SpkHeader, tables: Tables | None = None) -> int:
        """Return the number of events."""
        return self.events

    @property
    def coding(self) -> str:
        """The name of the payload's form."""
        return FORMS[self.form]

    def fault(self, header: SpkHeader) -> str:
        """Return why a file with this header cannot have this chunk; empty if it can."""
        if self.form >= len(FORMS) or self.events > header.units * self.frames:
            return f"holds {self.events} events in form {self.form}"
        if header.mu not in (NO_MU, self.mu):
            return f"has mu {self.mu} instead of {header.mu}"
        return ""

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return FRAMING_BYTES + len(self.payload)


def store(chunk: Chunk, coder: str) -> StoredChunk:
    """Code a chunk with one of the coders."""
    events = chunk.events
    form, payload = pack(events.bits, coder)
    return StoredChunk(chunk.index, events.frames, chunk.mu, form, events.count, payload)


def pack_chunk(chunk: StoredChunk) -> bytes:
    """Return the bytes of a chunk."""
    events, length = three(chunk.events), three(len(chunk.payload))
    head = _HEAD.pack(chunk.index, chunk.frames, chunk.mu, chunk.form, events, length)
    return sealed(SYNC + head + chunk.payload)


def read_head(read: Read, header: SpkHeader) -> tuple[StoredChunk, int, bytes]:
    """Read from behind `SYNC` up to the payload; return its length and the bytes read, too."""
    head = read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise FormatError("the file ends inside it")
    index, frames, mu, form, *counts = _HEAD.unpack(head)
    events, length = (int.from_bytes(count, "little") for count in counts)
    # Checked before anything is read or allocated, so a damaged length costs no memory.
    if not 1 <= frames <= header.chunk_frames or length > most_bytes(header.units * frames):
        raise FormatError(f"its head is damaged: {frames} frames in {length} bytes")
    return StoredChunk(index, frames, mu, form, events, b""), length, SYNC + head


def read_chunk(read: Read, header: SpkHeader) -> StoredChunk:
    """Read what follows `SYNC`; raises `FormatError` when it is damaged or out of bounds."""
    chunk, length, head = read_head(read, header)
    return replace(chunk, payload=opened(head, length, read))
