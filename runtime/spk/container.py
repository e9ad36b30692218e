"""Whole `.spk` files: a piece to bytes and back, and how many bytes each part takes.

`SpkWriter` and `SpkReader` work on one chunk at a time.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError
from runtime.events import MAX_CELLS, EventMatrix
from runtime.files import opened_output
from runtime.piece import NO_MU, Chunk, LappedCode, Piece
from runtime.spk.header import DEFAULT_CODER, LAPPED_CODER, NOMINAL_LEVELS, SpkHeader
from runtime.spk.parts import header_bytes
from runtime.spk.reader import SpkReader, opened_spk
from runtime.spk.writer import SpkWriter


@dataclass(frozen=True)
class Sizes:
    """The bytes of each part of a file: `header`, `framing` of the chunks, `payload`, `tags`."""

    header: int
    framing: int
    payload: int
    tags: int

    @property
    def total(self) -> int:
        """Bytes on disk."""
        return self.header + self.framing + self.payload + self.tags


def write_spk(
    path: Path, piece: Piece, coder: str = DEFAULT_CODER, overwrite: bool = False
) -> None:
    """Write a piece to `path`, whole or not at all; `coder` is one of `CODERS`.

    Raises `FormatError` for a piece that the format cannot hold, `OutputError` when the file
    exists and `overwrite` is false or when it cannot be written.
    """
    data = packed(piece, coder)
    with opened_output(path, overwrite) as file:
        file.write(data)


def packed(piece: Piece, coder: str = DEFAULT_CODER) -> bytes:
    """Return a piece as the bytes of a file; raises `FormatError` if the format cannot hold it."""
    file = io.BytesIO()
    tables = piece.code.tables if piece.code else None
    writer = SpkWriter(file, _header(piece, coder), piece.texts, tables)
    for chunk in piece.chunks():
        writer.write(chunk.events, chunk.mu, chunk.corrections)
    writer.close()
    return file.getvalue()


def _header(piece: Piece, coder: str = DEFAULT_CODER) -> SpkHeader:
    """Return the header of a piece's file."""
    playback, mus, code = piece.playback, set(piece.mus), piece.code
    if code is None:
        units, mu, tables, bands = piece.units, mus.pop() if len(mus) == 1 else NO_MU, "", 0
    elif code.tables is None:
        raise FormatError("the tables of its coder are not here; give the bundle that made it")
    else:
        coder, mu, tables = LAPPED_CODER, NO_MU, code.tables.hash
        units, bands = 2 * NOMINAL_LEVELS * code.bins, code.bands
    return SpkHeader(
        sample_rate=piece.sample_rate,
        samples=piece.samples,
        units=units,
        hop=piece.hop,
        chunk_frames=piece.chunk_frames,
        kind=piece.kind,
        model=piece.model,
        coder=coder,
        mu=mu,
        decoder=playback.decoder or "",
        sampler=playback.sampler or "",
        steps=playback.steps or 0,
        seed=playback.seed or 0,
        tables=tables,
        bands=bands,
    )


def read_spk(path: Path) -> Piece:
    """Read a whole file and check every byte of it.

    Raises `FormatError`, which names the file and the damaged part, or says that it is no `.spk`.
    """
    with opened_spk(path) as file:
        return unpacked(file)


def unpacked(file: BinaryIO, tables: Tables | None = None) -> Piece:
    """Read a piece from a binary file object, which may be a pipe; raises `FormatError`."""
    reader = SpkReader(file, tables=tables)
    header, chunks = reader.header, [*_within_memory(reader)]
    mus = tuple(chunk.mu for chunk in chunks)
    corrections = tuple(c.corrections for c in chunks if c.corrections is not None)
    code = LappedCode(reader.tables, header.bins, header.bands) if header.lapped else None
    units = max((header.units, *(chunk.events.units for chunk in chunks)))
    return Piece(
        EventMatrix.joined((chunk.events for chunk in chunks), units),
        reader.samples,
        header.sample_rate,
        header.hop,
        header.chunk_frames,
        header.kind,
        header.model,
        () if NO_MU in mus and not header.lapped else mus,
        header.playback,
        reader.texts,
        code,
        corrections,
    )


def sizes(path: Path) -> Sizes:
    """Return the bytes of each part of a file; raises `FormatError` like `read_spk`."""
    with opened_spk(path) as file:
        reader, framing, payload = SpkReader(file), 0, 0
        for chunk in reader.stored():
            payload += len(chunk.payload)
            framing += chunk.size - len(chunk.payload)
        header = header_bytes(reader.header)
        return Sizes(header, framing, payload, file.tell() - header - framing - payload)


def _within_memory(reader: SpkReader) -> Iterator[Chunk]:
    frames = events = 0
    for chunk in reader:
        frames += chunk.events.frames
        events += chunk.events.count
        if frames * reader.header.cells > MAX_CELLS or events > MAX_CELLS // 8:
            raise FormatError(f"{frames} frames do not fit in memory; read it in chunks")
        yield chunk
