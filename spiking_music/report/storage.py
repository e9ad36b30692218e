"""A stored recording: its header, and its rate on disk, by the paper's formula, and the bound."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from runtime.coders.lapped.tables import Tables
from runtime.costs import bound_bits, midi_like_bits, paper_bits
from runtime.kinds import Note
from runtime.piece import NO_MU, Piece
from runtime.spk.container import Sizes
from runtime.spk.parts import header_bytes
from runtime.spk.reader import SpkReader, opened_spk


def rates(piece: Piece) -> dict[str, float]:
    """Return the paper's formula, the entropy bound and the dense matrix, in kbit/s of sound.

    The formula is summed over the file's chunks, each in its cheapest format, as the file does it;
    the bound `log2 C(N T, S)` is that of the whole matrix.
    """
    events, parts = piece.events, [chunk.events for chunk in piece.chunks()]
    paper = sum(paper_bits(part.units, part.frames, part.count) for part in parts)
    bound = bound_bits(events.units, events.frames, events.count)
    kilobits = 1e-3 * piece.sample_rate / max(piece.samples, 1)
    return {
        "paper_kbps": paper * kilobits,
        "bound_kbps": bound * kilobits,
        "dense_kbps": events.cells * kilobits,
    }


def stored(
    path: Path, note: Note = lambda message: None, tables: Tables | None = None
) -> dict[str, Any]:
    """Return what `info` tells of a file: its bits by part, its rates, its events, its model.

    The file is read a chunk at a time. Rates are in kbit/s of sound: as stored; by the paper's
    formula, summed over the chunks; the entropy bound of the whole matrix; one bit a cell; each
    event as a MIDI message. Raises `FormatError` like `read_spk`.
    """
    with opened_spk(path) as file:
        reader = SpkReader(file, note, tables)
        header, payload, framing, chunks, counts = reader.header, 0, 0, [], []
        for chunk in reader.stored():
            payload += len(chunk.payload)
            framing += chunk.size - len(chunk.payload)
            counts.append(chunk.counted(header, reader.tables))
            chunks.append(replace(chunk, payload=b""))
        total = file.tell()
    samples, start = reader.samples, header_bytes(header)
    frames = sum(chunk.frames for chunk in chunks)
    events = sum(counts)
    parts = Sizes(start, framing, payload, total - start - framing - payload)
    duration = max(samples, 1) / header.sample_rate
    paper = sum(
        paper_bits(header.units, chunk.frames, count)
        for chunk, count in zip(chunks, counts, strict=True)
    )
    rate = "step" if header.lapped else "mu"
    mus = [chunk.mu for chunk in chunks if header.lapped or chunk.mu != NO_MU]
    return {
        "title": reader.texts.get("title"),
        "source": reader.texts.get("source"),
        "bytes": parts.total,
        **{f"{name}_bits": 8 * size for name, size in vars(parts).items()},
        "seconds": duration,
        "samples": samples,
        "sample_rate": header.sample_rate,
        "stored_kbps": parts.total * 8e-3 / duration,
        "paper_kbps": paper * 1e-3 / duration,
        "bound_kbps": bound_bits(header.units, frames, events) * 1e-3 / duration,
        "dense_kbps": header.units * frames * 1e-3 / duration,
        "midi_like_kbps": midi_like_bits(events) * 1e-3 / duration,
        "units": header.units,
        "frames": frames,
        "events": events,
        "density": events / max(header.units * frames, 1),
        "events_per_second": events / duration,
        "chunks": len(chunks),
        "chunk_frames": header.chunk_frames,
        "coder": header.coder,
        "forms": dict(Counter(chunk.coding for chunk in chunks)),
        "kind": header.kind,
        f"least_{rate}": min(mus, default=None),
        f"most_{rate}": max(mus, default=None),
        "decoder": header.decoder or None,
        "sampler": header.sampler or None,
        "steps": header.steps or None,
        "seed": header.seed,
        "model": header.model,
        **({"tables": header.tables} if header.lapped else {}),
    }
