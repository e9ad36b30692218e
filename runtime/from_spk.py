"""Decode a `.spk` file, or a part of it, to sound, chunk by chunk."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from runtime.audio.samples import Samples
from runtime.codec import Codec, require_model
from runtime.errors import SpikingMusicError
from runtime.piece import Chunk
from runtime.playback import UNSAID, Playback
from runtime.spk.header import UNKNOWN, SpkHeader
from runtime.spk.reader import SpkReader
from runtime.spk.salvage import Salvage, filled
from runtime.windows import without_first


@dataclass(frozen=True)
class Span:
    """Samples `first` to `stop`, or to the end of the recording if `stop` is None."""

    first: int = 0
    stop: int | None = None

    def length(self, samples: int | None) -> int | None:
        """Return its number of samples in a recording of `samples`; None if that is not known."""
        ends = [end for end in (samples, self.stop) if end is not None]
        return None if samples is None else max(min(ends) - self.first, 0)


def span_of(header: SpkHeader, begin: float | None, end: float | None) -> Span:
    """Return the span from `begin` to `end`, in seconds, of a recording.

    Raises `SpikingMusicError` when it is empty, or begins after the end of the recording.
    """
    begin = 0.0 if begin is None else begin
    if not 0 <= begin < (math.inf if end is None else end) <= math.inf:
        raise SpikingMusicError(
            f"the span {begin or 0:g} s to {end:g} s is empty; give a later end"
        )
    first = round(begin * header.sample_rate)
    if header.known and first and first >= header.samples:
        seconds = header.samples / header.sample_rate
        raise SpikingMusicError(
            f"the span begins at {begin:g} s, but the recording lasts "
            f"{seconds:.3f} s; begin earlier"
        )
    stop = None if end is None or math.isinf(end) else round(end * header.sample_rate)
    return Span(first, stop)


def from_spk(
    codec: Codec,
    source: SpkReader | Salvage,
    playback: Playback = UNSAID,
    span: Span = Span(),
) -> Iterator[Samples]:
    """Yield the sound of a file, or of a span of it, in blocks `(n,) float32`.

    A span sounds exactly as it does in the whole, and if the file is seekable only the chunks it
    needs are read. A `Salvage` gives silence for what is lost.
    Raises what reader and codec raise, and `FormatError` for a file made by another model.
    """
    require_model(source.header, codec.manifest)
    frame, skipped = divmod(span.first, codec.manifest.hop)
    playback = playback.over(source.header.playback)
    start = codec.start(frame, playback)
    chunks = _from(source, start // codec.manifest.chunk_frames)
    blocks = codec.decode_stream(chunks, playback, frame, live=not source.header.known)
    return _ended(without_first(blocks, skipped), source, span)


def _from(source: SpkReader | Salvage, index: int) -> Iterator[Chunk]:
    """Yield the chunks from number `index` on, by seeking if that is possible."""
    frames = index * source.header.chunk_frames
    chunks: Iterable[Chunk] = source if isinstance(source, SpkReader) else filled(source)
    if index and isinstance(source, SpkReader) and source.seekable:
        source.seek(index)
        frames = 0
    for chunk in chunks:
        if frames < chunk.events.frames:
            yield replace(chunk, events=chunk.events.part(frames, chunk.events.frames))
        frames = max(frames - chunk.events.frames, 0)


def _ended(blocks: Iterable[Samples], source: SpkReader | Salvage, span: Span) -> Iterator[Samples]:
    """Cut off blocks that begin with the span, where the span or the recording ends."""
    # If the length is not known before the end, the last frame may be shorter than a hop.
    kept = 0 if source.header.known else source.header.hop
    given, late = span.first, np.zeros(0, np.float32)
    for block in blocks:
        late = np.concatenate([late, block])
        ready = late[: max(len(late) - kept, 0)][: _left(source.header.samples, span.stop, given)]
        yield ready
        given, late = given + len(ready), late[len(ready) :]
        if given == span.stop:
            return
    if span.first and UNKNOWN != source.samples <= span.first:
        raise SpikingMusicError(f"the recording ends at sample {source.samples}; begin earlier")
    yield late[: _left(source.samples, span.stop, given)]


def _left(samples: int, stop: int | None, given: int) -> int | None:
    """Return how many samples are left after `given` of them; None while the end is not known."""
    ends = [end for end in (samples, stop) if end not in (None, UNKNOWN)]
    return max(min(ends) - given, 0) if ends else None
