"""Whole `.spk` files: write one, read one, and say where its bytes go.

`runtime.spk` has the parts, and readers and writers that take a chunk at a time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from runtime.errors import FormatError
from runtime.events import Bits, EventMatrix
from runtime.files import replacing
from runtime.spk.chunks import FRAMING_BYTES, Chunk
from runtime.spk.header import HEADER_BYTES, UNKNOWN, SpkHeader
from runtime.spk.reader import Note, SpkReader, opened_spk
from runtime.spk.salvage import Loss, Salvage, filled
from runtime.spk.writer import SpkWriter

__all__ = [
    "FRAMING_BYTES",
    "HEADER_BYTES",
    "Sizes",
    "SpkHeader",
    "read_damaged",
    "read_spk",
    "sizes",
    "write_spk",
]

MAX_CELLS = 2**31  # of a whole file in memory; longer ones are read chunk by chunk


@dataclass(frozen=True)
class Sizes:
    """Where the bytes of a file go: `header`, `framing` of the chunks, `payload`, `tags`."""

    header: int
    framing: int
    payload: int
    tags: int

    @property
    def total(self) -> int:
        """Bytes on disk."""
        return self.header + self.framing + self.payload + self.tags


def write_spk(
    path: Path,
    header: SpkHeader,
    events: EventMatrix,
    overwrite: bool = False,
    texts: Mapping[str, str] | None = None,
    mus: Sequence[int] | None = None,
) -> None:
    """Write `events (header.units, header.frames)` to `path`, whole or not at all.

    `texts` may hold a `title` and a `source`, `mus` the mu of each chunk.
    Raises `FormatError` when the header does not describe the events, `OutputError` when the file
    exists and `overwrite` is false or when it cannot be written.
    """
    if (events.units, events.frames) != (header.units, header.frames):
        raise FormatError(
            f"header: describes {header.units} x {header.frames} cells, "
            f"the events have {events.units} x {events.frames}"
        )
    with replacing(path, overwrite) as temporary, temporary.open("wb") as file:
        writer = SpkWriter(file, header, texts)
        for index in range(header.chunks):
            start = index * header.chunk_frames
            part = events.part(start, start + header.chunk_frames)
            writer.write(part.bits, None if mus is None else mus[index])
        writer.close()


def read_spk(path: Path, note: Note = lambda message: None) -> tuple[SpkHeader, EventMatrix]:
    """Read a whole file and check every byte of it; the header returned knows its length.

    Raises `FormatError` naming the file and the part that is damaged, or that it is not one.
    """
    with opened_spk(path) as file:
        reader = SpkReader(file, note)
        bits = _joined(reader, reader.header)
        return replace(reader.header, samples=reader.samples), EventMatrix.from_bits(bits)


def read_damaged(
    path: Path, note: Note = lambda message: None
) -> tuple[SpkHeader, EventMatrix, list[Loss]]:
    """Read what is left of a file, silence for what is lost, and say what that is.

    Of a file whose end is lost and whose length is unknown the last good chunk is the end.
    Raises `FormatError` when the header is damaged or more is lost than silence can stand for.
    """
    with opened_spk(path) as file:
        salvage = Salvage(file, note)
        bits = _joined(filled(salvage), salvage.header)
        known = salvage.samples != UNKNOWN
        samples = salvage.samples if known else bits.shape[1] * salvage.header.hop
        header = replace(salvage.header, samples=samples)
        return header, EventMatrix.from_bits(bits[:, : header.frames]), salvage.losses


def sizes(path: Path) -> Sizes:
    """Return the bytes of each part of a file; raises `FormatError` like `read_spk`."""
    with opened_spk(path) as file:
        chunks = payload = 0
        for chunk in SpkReader(file).stored():
            chunks += 1
            payload += len(chunk.payload)
        total = file.tell()
    framing = chunks * FRAMING_BYTES
    return Sizes(HEADER_BYTES, framing, payload, total - HEADER_BYTES - framing - payload)


def _joined(chunks: Iterable[Chunk], header: SpkHeader) -> Bits:
    """Put chunks one behind another."""
    parts: list[Bits] = []
    frames = 0
    for chunk in chunks:
        frames += chunk.bits.shape[1]
        if frames * header.units > MAX_CELLS:
            raise FormatError(f"{frames} frames are too many for the memory; read it by chunks")
        parts.append(chunk.bits)
    return np.concatenate([np.zeros((header.units, 0), np.bool_), *parts], axis=1)
