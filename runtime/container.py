"""The `.spk` file: a header, then one checked chunk for every few seconds.

`docs/spk-format.md` is the format on one page; this file follows it from top to bottom.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from runtime.coders import paper as formats
from runtime.errors import FormatError
from runtime.events import Bits, EventMatrix
from runtime.files import replacing

MAGIC = b"\x89SPK"
VERSION = 1
SYNC = b"\xa5\x5a"
KINDS = ("FREE", "SPARSE", "MU_SPARSE")
CODERS = ("paper",)

# magic, version, sample_rate, samples, units, hop, chunk_frames, kind, coder, model; then CRC-32
_HEADER = struct.Struct("<4sBIQHHHBB8s")
# sync, index, frames, events, format, payload length; then the payload and CRC-32
_CHUNK = struct.Struct("<2sIHIBI")
_CRC = struct.Struct("<I")
HEADER_BYTES = _HEADER.size + _CRC.size
FRAMING_BYTES = _CHUNK.size + _CRC.size

# A header is believed only within these, so that no file can ask for much memory.
MAX_CHUNK_CELLS = 2**20
MAX_CELLS = 2**31
_RANGES = {
    "sample_rate": (1, 1_000_000),
    "samples": (0, 2**48),
    "units": (1, 65_535),
    "hop": (1, 65_535),
    "chunk_frames": (1, 65_535),
}


@dataclass(frozen=True)
class SpkHeader:
    """What a reader must know before the first event.

    `sample_rate` in Hz, `samples` in the decoded signal, `units`, `hop` in samples a frame,
    `chunk_frames`, `kind` one of `KINDS`, `model` the 16 hex digits that name the bundle, `coder`
    one of `CODERS`. Raises `FormatError` for a value that the format does not allow.
    """

    sample_rate: int
    samples: int
    units: int
    hop: int
    chunk_frames: int
    kind: str
    model: str
    coder: str = "paper"

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise FormatError(f"header: {name} {getattr(self, name)} is not in {least}..{most}")
        for name, known in (("kind", KINDS), ("coder", CODERS)):
            if getattr(self, name) not in known:
                raise FormatError(f"header: {name} {getattr(self, name)!r} is none of {known}")
        if len(self.model) != 16 or not set(self.model) <= set("0123456789abcdef"):
            raise FormatError(f"header: model {self.model!r} is not 16 lower-case hex digits")
        for cells, most in (
            (self.units * self.chunk_frames, MAX_CHUNK_CELLS),
            (self.units * self.frames, MAX_CELLS),
        ):
            if cells > most:
                raise FormatError(f"header: {cells} cells are more than the {most} allowed")

    @property
    def frames(self) -> int:
        """Frames in the file, `ceil(samples / hop)`."""
        return -(-self.samples // self.hop)

    @property
    def chunks(self) -> int:
        """Chunks in the file, `ceil(frames / chunk_frames)`."""
        return -(-self.frames // self.chunk_frames)

    def frames_in(self, index: int) -> int:
        """Return the frames of one chunk: `chunk_frames`, fewer in the last one."""
        return min(self.chunk_frames, self.frames - index * self.chunk_frames)


@dataclass(frozen=True)
class Sizes:
    """Where the bytes of a file go: `header`, `framing` of the chunks, `payload`."""

    header: int
    framing: int
    payload: int

    @property
    def total(self) -> int:
        """Bytes on disk."""
        return self.header + self.framing + self.payload


def write_spk(path: Path, header: SpkHeader, events: EventMatrix, overwrite: bool = False) -> None:
    """Write `events (header.units, header.frames)` to `path`, whole or not at all.

    Raises `FormatError` when the header does not describe the events, `OutputError` when the file
    exists and `overwrite` is false or when it cannot be written.
    """
    if (events.units, events.frames) != (header.units, header.frames):
        raise FormatError(
            f"header: describes {header.units} x {header.frames} cells, "
            f"the events have {events.units} x {events.frames}"
        )
    with replacing(path, overwrite) as temporary, temporary.open("wb") as file:
        file.write(_header_bytes(header))
        for index in range(header.chunks):
            start = index * header.chunk_frames
            file.write(_chunk_bytes(index, events.bits[:, start : start + header.chunk_frames]))


def read_spk(path: Path) -> tuple[SpkHeader, EventMatrix]:
    """Read a whole file and check every byte of it.

    Raises `FormatError` naming the file and the part that is damaged, or that it is not one.
    """
    with _reading(path) as file:
        header = _read_header(file)
        bits = np.zeros((header.units, header.frames), np.bool_)
        for index, chunk in enumerate(_chunks(file, header)):
            start = index * header.chunk_frames
            bits[:, start : start + chunk.shape[1]] = chunk
    return header, EventMatrix(bits)


def sizes(path: Path) -> Sizes:
    """Return the bytes of each part of a file; raises `FormatError` like `read_spk`."""
    with _reading(path) as file:
        header = _read_header(file)
        for _ in _chunks(file, header):
            pass
        total = file.tell()
    framing = header.chunks * FRAMING_BYTES
    return Sizes(HEADER_BYTES, framing, total - HEADER_BYTES - framing)


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with Path(path).open("rb") as file:
            yield file
    except FormatError as error:
        raise FormatError(f"{path}: {error}") from None
    except OSError as error:
        raise FormatError(f"{path}: cannot be read ({error.strerror or error})") from error


def _header_bytes(header: SpkHeader) -> bytes:
    body = _HEADER.pack(
        MAGIC,
        VERSION,
        header.sample_rate,
        header.samples,
        header.units,
        header.hop,
        header.chunk_frames,
        KINDS.index(header.kind),
        CODERS.index(header.coder),
        bytes.fromhex(header.model),
    )
    return _sealed(body)


def _read_header(file: BinaryIO) -> SpkHeader:
    data = file.read(HEADER_BYTES)
    if data[:4] != MAGIC[: len(data)] or not data:
        raise FormatError("is not a .spk file")
    if len(data) > 4 and data[4] != VERSION:
        raise FormatError(f"header: version {data[4]} is unknown, this program reads {VERSION}")
    body = _opened(data, HEADER_BYTES, "header")
    _, _, rate, samples, units, hop, chunk_frames, kind, coder, model = _HEADER.unpack(body)
    if kind >= len(KINDS) or coder >= len(CODERS):
        raise FormatError(f"header: kind {kind} or coder {coder} is unknown to this program")
    header = SpkHeader(
        rate, samples, units, hop, chunk_frames, KINDS[kind], model.hex(), CODERS[coder]
    )
    # Every chunk takes some bytes: a short file cannot announce a long recording.
    if header.chunks * FRAMING_BYTES > os.fstat(file.fileno()).st_size - HEADER_BYTES:
        raise FormatError(f"chunks: the file is too short for the {header.chunks} it announces")
    return header


def _chunk_bytes(index: int, bits: Bits) -> bytes:
    form, payload = formats.pack(bits)
    events = int(np.count_nonzero(bits))
    head = _CHUNK.pack(SYNC, index, bits.shape[1], events, form, len(payload))
    return _sealed(head + payload)


def _chunks(file: BinaryIO, header: SpkHeader) -> Iterator[Bits]:
    for index in range(header.chunks):
        try:
            yield _read_chunk(file, index, header)
        except FormatError as error:
            raise FormatError(f"chunk {index} of {header.chunks}: {error}") from None
    if file.read(1):
        raise FormatError("end: bytes follow the last chunk")


def _read_chunk(file: BinaryIO, index: int, header: SpkHeader) -> Bits:
    head = file.read(_CHUNK.size)
    if len(head) < _CHUNK.size:
        raise FormatError("the file ends inside it")
    sync, number, frames, events, form, length = _CHUNK.unpack(head)
    expected = header.frames_in(index)
    if sync != SYNC or number != index or frames != expected:
        raise FormatError(f"its head is damaged: chunk {index} with {expected} frames is due")
    if events > header.units * frames:
        raise FormatError(f"{events} events do not fit in {header.units} x {frames} cells")
    # The numbers above settle the length; the field is there for readers that skip payloads.
    due = (formats.payload_bits(form, header.units, frames, events) + 7) // 8
    if length != due:
        raise FormatError(f"its payload has {length} bytes instead of {due}")
    rest = file.read(length + _CRC.size)
    body = _opened(head + rest, _CHUNK.size + length + _CRC.size, "it")
    return formats.unpack(form, body[_CHUNK.size :], header.units, frames, events)


def _sealed(body: bytes) -> bytes:
    return body + _CRC.pack(zlib.crc32(body))


def _opened(data: bytes, length: int, name: str) -> bytes:
    if len(data) < length:
        raise FormatError(f"{name}: the file ends inside")
    body, (crc,) = data[: -_CRC.size], _CRC.unpack(data[-_CRC.size :])
    if zlib.crc32(body) != crc:
        raise FormatError(f"{name}: the checksum does not match, the file is damaged")
    return body
