"""A stored recording: its header, and what it costs on disk, by the paper, and at the least."""

from dataclasses import asdict
from typing import Any

from runtime.bundle import Manifest
from runtime.container import Sizes, SpkHeader
from runtime.costs import bound_bits, paper_bits
from runtime.events import EventMatrix


def header_of(model: Manifest, samples: int) -> SpkHeader:
    """Return the header of a recording of `samples` that `model` has encoded."""
    return SpkHeader(
        sample_rate=model.sample_rate,
        samples=samples,
        units=model.units,
        hop=model.hop,
        chunk_frames=model.chunk_frames,
        kind=model.kind,
        model=model.model_hash,
    )


def rates(header: SpkHeader, events: EventMatrix) -> dict[str, float]:
    """Return the paper's formula, the entropy bound and the dense matrix, in kbit/s of sound.

    The formula is summed over the file's chunks, each in its cheapest format, as the file does it;
    the bound `log2 C(N T, S)` is that of the whole matrix.
    """
    starts = range(0, events.frames, header.chunk_frames)
    chunks = [events.bits[:, start : start + header.chunk_frames] for start in starts]
    paper = sum(paper_bits(len(chunk), chunk.shape[1], int(chunk.sum())) for chunk in chunks)
    bound = bound_bits(events.units, events.frames, events.count)
    kilobits = 1e-3 / seconds(header)
    return {
        "paper_kbps": paper * kilobits,
        "bound_kbps": bound * kilobits,
        "dense_kbps": events.bits.size * kilobits,
    }


def stored(header: SpkHeader, events: EventMatrix, parts: Sizes) -> dict[str, Any]:
    """Return what `info` tells of a file: its bytes by part, its rates, its events, its model."""
    duration = seconds(header)
    return {
        "bytes": parts.total,
        **{f"{name}_bits": 8 * size for name, size in asdict(parts).items()},
        "seconds": duration,
        "samples": header.samples,
        "sample_rate": header.sample_rate,
        "stored_kbps": parts.total * 8e-3 / duration,
        **rates(header, events),
        "units": events.units,
        "frames": events.frames,
        "events": events.count,
        "density": events.density,
        "events_per_second": events.count / duration,
        "kind": header.kind,
        "coder": header.coder,
        "model": header.model,
    }


def seconds(header: SpkHeader) -> float:
    """Return the duration; of an empty recording that of one sample, to divide by."""
    return max(header.samples, 1) / header.sample_rate
