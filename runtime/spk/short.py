"""The bytes of version 2, for LAPPED models, with as little overhead as possible.

A file of one chunk takes 37 bytes besides its payload; the last 8 of them are the end.
"""

import hashlib
import zlib
from dataclasses import dataclass

import numpy as np

from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError
from runtime.kinds import LAPPED
from runtime.piece import Chunk
from runtime.spk.blocks import Read, opened, sealed
from runtime.spk.chunks import SYNC
from runtime.spk.header import (
    DECODER_HINTS,
    LAPPED_CODER,
    MAGIC,
    NOMINAL_LEVELS,
    UNKNOWN,
    SpkHeader,
)
from runtime.spk.tags import End
from runtime.thermometer import events_of, levels_of

VERSION = 2
END_SYNC = b"\xa5\x3c"
# Sample rate, hop, bins, frames of a chunk, selected by the upper half of the flags.
LAYOUTS = ((22_050, 2048, 1536, 64),)
_SPELLED = 15  # the four numbers follow
_ENDED, _KNOWN, _CORRECTED, _HINTED = 1, 2, 4, 8
BLOCK = 16  # frames to a row of corrections
NAME = 3  # bytes that name a model, and tables
_DIGEST, _CHECK, _SAMPLES = 4, 2, 6
_LONGEST = 8  # bytes of a number
LARGEST_STEP = 2047


def number(value: int) -> bytes:
    """Return a number >= 0 in seven bits a byte, lowest first, bit 7 set in all but the last."""
    octets = []
    while value > 127:
        octets.append(value & 127 | 128)
        value >>= 7
    return bytes([*octets, value])


def read_number(read: Read) -> int:
    """Read a number; raises `FormatError` when the file ends or the number is too long."""
    value = 0
    for place in range(_LONGEST):
        octet = read(1)
        if not octet:
            raise FormatError("the file ends inside it")
        value |= (octet[0] & 127) << 7 * place
        if octet[0] < 128:
            if place and not octet[0]:
                break
            return value
    raise FormatError("a number in it is longer than it has to be, it is damaged")


def check(data: bytes) -> bytes:
    """Return the lower half of the CRC-32."""
    return (zlib.crc32(data) & 0xFFFF).to_bytes(_CHECK, "little")


class _Heard:
    """A `read` that keeps what it has read."""

    def __init__(self, read: Read, data: bytes = b"") -> None:
        self._read, self.data = read, data

    def __call__(self, length: int) -> bytes:
        part = self._read(length)
        self.data += part
        return part

    def exactly(self, length: int) -> bytes:
        part = self(length)
        if len(part) < length:
            raise FormatError("the file ends inside it")
        return part

    def checked(self) -> None:
        """Read the check of what was read; raises `FormatError` when it differs."""
        due = check(self.data)
        if self.exactly(_CHECK) != due:
            raise FormatError("its checksum does not match, it is damaged")


def pack_header(header: SpkHeader) -> bytes:
    """Return the bytes of a header."""
    layout = (header.sample_rate, header.hop, header.bins, header.chunk_frames)
    known = layout in LAYOUTS
    hinted = bool(header.decoder or header.seed)
    flags = (LAYOUTS.index(layout) if known else _SPELLED) << 4
    flags |= _ENDED * header.ended | _KNOWN * header.known
    flags |= _CORRECTED * bool(header.bands) | _HINTED * hinted
    body = MAGIC + bytes([VERSION, flags])
    if not known:
        body += b"".join(number(value) for value in layout)
    if header.known:
        body += number(header.samples)
    body += bytes.fromhex(header.tables[: 2 * NAME] + header.model[: 2 * NAME])
    if header.bands:
        body += number(header.bands)
    if hinted:
        body += bytes([DECODER_HINTS.index(header.decoder)]) + number(header.seed)
    return body + check(body)


def parse_header(start: bytes, read: Read) -> SpkHeader:
    """Read what follows magic and version, the bytes `start`; raises `FormatError`."""
    heard = _Heard(read, start)
    (flags,) = heard.exactly(1)
    layout = flags >> 4
    if layout == _SPELLED:
        rate, hop, bins, chunk_frames = (read_number(heard) for _ in range(4))
    elif layout < len(LAYOUTS):
        rate, hop, bins, chunk_frames = LAYOUTS[layout]
    else:
        raise FormatError(f"layout {layout} is unknown to this program")
    samples = read_number(heard) if flags & _KNOWN else UNKNOWN
    tables, model = heard.exactly(NAME).hex(), heard.exactly(NAME).hex()
    bands = read_number(heard) if flags & _CORRECTED else 0
    decoder, seed = 0, 0
    if flags & _HINTED:
        (decoder,) = heard.exactly(1)
        seed = read_number(heard)
    heard.checked()
    return SpkHeader(
        sample_rate=rate,
        samples=samples,
        units=2 * NOMINAL_LEVELS * bins,
        hop=hop,
        chunk_frames=chunk_frames,
        kind=LAPPED,
        model=model,
        coder=LAPPED_CODER,
        decoder=DECODER_HINTS[decoder] if decoder < len(DECODER_HINTS) else "",
        seed=seed,
        ended=bool(flags & _ENDED),
        tables=tables,
        bands=bands,
        size=len(heard.data),
    )


@dataclass(frozen=True)
class ShortChunk:
    """A chunk as stored in the file: `frames`, the step `mu` of its levels, `payload`.

    `told` if the file states the number of frames, as it does when the length is unknown.
    """

    index: int
    frames: int
    mu: int
    payload: bytes
    told: bool

    def decoded(self, header: SpkHeader, tables: Tables | None) -> Chunk:
        """Return the events; raises `FormatError` for a payload that no writer can produce."""
        if tables is None:
            raise FormatError(
                f"needs the coder's tables {header.tables}, which no bundle here has; "
                "give the one that made it by --bundle"
            )
        from runtime.coders.lapped.coder import Shape, decode  # loading numba takes a second

        rows = rows_of(self.frames) if header.bands else 0
        shape = Shape(self.frames, header.bins, _spacing(header), rows, header.bands)
        levels, corrections = decode(self.payload, shape, tables)
        events = events_of(levels, header.units)
        return Chunk(events, self.mu, self.index, corrections if header.bands else None)

    def counted(self, header: SpkHeader, tables: Tables | None) -> int:
        """Return the number of events; this has to decode them."""
        return self.decoded(header, tables).events.count

    @property
    def coding(self) -> str:
        """The name of the payload's form."""
        return LAPPED_CODER

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return len(pack_chunk(self))

    def fault(self, header: SpkHeader) -> str:
        """Return why a file with this header cannot have this chunk; empty if it can."""
        return "" if self.mu <= LARGEST_STEP else f"has step {self.mu}; {LARGEST_STEP} is the most"


def store(chunk: Chunk, header: SpkHeader, tables: Tables) -> ShortChunk:
    """Code a chunk with the tables of its model."""
    from runtime.coders.lapped.coder import encode

    levels = levels_of(chunk.events, header.bins)
    payload = encode(levels, _spacing(header), tables, chunk.corrections)
    frames = chunk.events.frames
    return ShortChunk(chunk.index, frames, chunk.mu, payload, not header.known)


def pack_chunk(chunk: ShortChunk) -> bytes:
    """Return the bytes of a chunk."""
    frames = number(chunk.frames) if chunk.told else b""
    head = number(chunk.index) + frames + number(chunk.mu) + number(len(chunk.payload))
    return sealed(SYNC + head + chunk.payload)


def read_head(read: Read, header: SpkHeader) -> tuple[ShortChunk, int]:
    """Read from behind `SYNC` up to the payload, and return its length, too."""
    index = read_number(read)
    if header.known:
        frames = header.frames_in(index) if index < header.chunks else 0
    else:
        frames = read_number(read)
    step, length = read_number(read), read_number(read)
    # Checked before anything is read or allocated, so a damaged length costs no memory.
    if not 1 <= frames <= header.longest or length > 16 * header.bins * frames:
        raise FormatError(f"its head is damaged: chunk {index} of {frames} frames, {length} bytes")
    return ShortChunk(index, frames, step, b"", not header.known), length


def read_chunk(read: Read, header: SpkHeader) -> ShortChunk:
    """Read what follows `SYNC`; raises `FormatError` when it is damaged or out of bounds."""
    heard = _Heard(read, SYNC)
    chunk, length = read_head(heard, header)
    payload = opened(heard.data, length, read)
    return ShortChunk(chunk.index, chunk.frames, chunk.mu, payload, chunk.told)


def pack_end(header: SpkHeader, end: End) -> bytes:
    """Return the end, which holds the number of samples if the header does not."""
    told = b"" if header.known else end.samples.to_bytes(_SAMPLES, "little")
    body = END_SYNC + told + end.digest
    return body + check(body)


def read_end(read: Read, header: SpkHeader) -> End:
    """Read what follows `END_SYNC`; raises `FormatError` when it is damaged."""
    heard = _Heard(read, END_SYNC)
    told = b"" if header.known else heard.exactly(_SAMPLES)
    digest = heard.exactly(_DIGEST)
    heard.checked()
    samples = header.samples if header.known else int.from_bytes(told, "little")
    return End(samples, -(-samples // (header.hop * header.chunk_frames)), digest)


def end_bytes(header: SpkHeader) -> int:
    """The length of the end in bytes."""
    return len(END_SYNC) + (0 if header.known else _SAMPLES) + _DIGEST + _CHECK


class ShortDigest:
    """The first 4 bytes of SHA-256 over all chunks.

    Each chunk adds its step, 2 bytes; the number of events of each frame, then the numbers of their
    units, 4 bytes each; and its corrections, a byte each.
    """

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, chunk: Chunk) -> None:
        """Add a chunk."""
        self._hash.update(chunk.mu.to_bytes(2, "little"))
        self._hash.update(np.diff(chunk.events.starts).astype("<u4").tobytes())
        self._hash.update(chunk.events.unit.astype("<u4").tobytes())
        if chunk.corrections is not None:
            self._hash.update(chunk.corrections.astype(np.int8).tobytes())

    def value(self) -> bytes:
        """Return the digest of what was added."""
        return self._hash.digest()[:_DIGEST]


def rows_of(frames: int) -> int:
    """The number of rows of corrections of a chunk of `frames`."""
    return -(-(frames - 1) // BLOCK)


def _spacing(header: SpkHeader) -> float:
    return header.sample_rate / (2 * header.hop)
