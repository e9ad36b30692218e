"""Decode events to sound by the waveform decoder, chunk by chunk: the fast decoder."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import count

import numpy as np
import numpy.typing as npt

from runtime.ahead import mapped
from runtime.audio.samples import Samples
from runtime.bundle import DECODER_FAST, Bundle, Manifest
from runtime.errors import FormatError
from runtime.events import Bits
from runtime.mu import chosen_mu, fed, ports
from runtime.piece import NO_MU, Chunk
from runtime.playback import Playback
from runtime.sessions import Graph, single
from runtime.windows import Arriving, without_first

Rows = npt.NDArray[np.uint8]


def rows(chunks: Iterable[Chunk], manifest: Manifest) -> Iterator[Rows]:
    """Yield `(units + 1, T) uint8` for each chunk: its events, and a row with its mu.

    Raises `FormatError` when a chunk has another number of units, `SpikingMusicError` for a mu
    that the bundle does not have.
    """
    for chunk in chunks:
        events = chunk.events
        if events.units != manifest.units:
            raise FormatError(f"events of {events.units} units; the bundle has {manifest.units}")
        mu = chosen_mu(manifest, None if chunk.mu == NO_MU else chunk.mu)
        yield np.vstack([events.bits, np.full((1, events.frames), mu)]).astype(np.uint8)


class Waveform:
    """The waveform decoder of a bundle, which takes `context_frames` of context on each side."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle, self._manifest = bundle, bundle.manifest

    def start(self, first: int) -> int:
        """Return the first frame whose events are needed for the sound from frame `first` on."""
        own = first - first % self._manifest.chunk_frames
        return max(own - self._manifest.context_frames, 0)

    def decoded(
        self,
        chunks: Iterable[Chunk],
        start: int,
        first: int,
        playback: Playback,
        live: bool = True,
    ) -> Iterator[Samples]:
        """Yield the sound from frame `first` on, in windows on a fixed grid.

        The chunks begin at frame `start`, no later than `start(first)`. If they are not `live`,
        several are decoded at once. `playback` is ignored: this decoder has no options.
        """
        windows = self._windows(Arriving(rows(chunks, self._manifest), start), first)
        blocks = map(self._sound, windows) if live else mapped(self._sound, windows)
        return without_first(blocks, self._skipped(first))

    def heard(self, events: Rows | Bits, mu: int) -> Samples:
        """Decode `events (units, T)`, which include context; return the sound without it."""
        context, hop = self._manifest.context_frames, self._manifest.hop
        frames = events.shape[1]
        feed = {"events": events[None].astype(np.float32), **fed(mu)}
        audio = single(self._graph(feed)["audio"], (1, frames * hop))[0]
        return audio[context * hop : (frames - context) * hop]

    def _windows(self, signal: Arriving[np.uint8], first: int) -> Iterator[tuple[Rows, int]]:
        """Yield the rows of windows with context, and how many frames of each are its own."""
        context, chunk = self._manifest.context_frames, self._manifest.chunk_frames
        for start in count(first - first % chunk, chunk):
            if not signal.reaches(start + 1):
                return
            held = signal.window(start - context, chunk + 2 * context)
            yield held, min(chunk, signal.stop - start)

    def _sound(self, window: tuple[Rows, int]) -> Samples:
        held, frames = window
        mu = int(held[-1, self._manifest.context_frames])
        return self.heard(held[:-1], mu)[: frames * self._manifest.hop]

    def _skipped(self, first: int) -> int:
        return first % self._manifest.chunk_frames * self._manifest.hop

    @cached_property
    def _graph(self) -> Graph:
        inputs = {"events", *ports(self._manifest)}
        return self._bundle.graph(DECODER_FAST, inputs, {"audio"})
