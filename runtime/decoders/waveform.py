"""Decode events to sound by the waveform decoder, chunk by chunk: the fast decoder."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import count
from typing import Protocol

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


@dataclass(frozen=True, eq=False)
class Window:
    """The `events` of a window with context on each side; its own `frames` begin at `start`."""

    start: int
    frames: int
    events: Rows
    mu: int


Heard = Callable[[Window], Samples]


class Voice(Protocol):
    """Makes sound of windows that have `context` frames on each side."""

    context: int

    def heard(self, playback: Playback) -> Heard:
        """Return what makes the sound of a window; raises `SpikingMusicError` for bad choices."""


class Waveform:
    """The waveform decoder of a bundle, a voice that adds nothing."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle, self._manifest = bundle, bundle.manifest
        self.context = bundle.manifest.context_frames

    def heard(self, playback: Playback) -> Heard:
        """See `Voice`; `playback` is ignored, for this decoder has no options."""
        return self.sound

    def sound(self, window: Window) -> Samples:
        """Decode a window without this voice's context, which is part of the window's."""
        return self.decoded(window.events, window.mu)

    def decoded(self, events: Rows | Bits, mu: int) -> Samples:
        """Decode `events (units, T)`, which include context; return the sound without it."""
        context, hop = self.context, self._manifest.hop
        frames = events.shape[1]
        feed = {"events": events[None].astype(np.float32), **fed(mu)}
        audio = single(self._graph(feed)["audio"], (1, frames * hop))[0]
        return audio[context * hop : (frames - context) * hop]

    @cached_property
    def _graph(self) -> Graph:
        inputs = {"events", *ports(self._manifest)}
        return self._bundle.graph(DECODER_FAST, inputs, {"audio"})


class ChunkDecoder:
    """A decoder that makes the sound of each chunk by itself, with one of the voices."""

    def __init__(self, manifest: Manifest, voice: Voice) -> None:
        self._manifest, self._voice = manifest, voice

    def start(self, first: int) -> int:
        """Return the first frame whose events are needed for the sound from frame `first` on."""
        own = first - first % self._manifest.chunk_frames
        return max(own - self._voice.context, 0)

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
        several are decoded at once. Raises what the voice raises for the `playback`.
        """
        sound = partial(self._own, self._voice.heard(playback))
        windows = self._windows(Arriving(rows(chunks, self._manifest), start), first)
        blocks = map(sound, windows) if live else mapped(sound, windows)
        skipped = first % self._manifest.chunk_frames * self._manifest.hop
        return without_first(blocks, skipped)

    def _own(self, heard: Heard, window: Window) -> Samples:
        return heard(window)[: window.frames * self._manifest.hop]

    def _windows(self, signal: Arriving[np.uint8], first: int) -> Iterator[Window]:
        context, chunk = self._voice.context, self._manifest.chunk_frames
        for start in count(first - first % chunk, chunk):
            if not signal.reaches(start + 1):
                return
            held = signal.window(start - context, chunk + 2 * context)
            frames = min(chunk, signal.stop - start)
            yield Window(start, frames, held[:-1], int(held[-1, context]))
