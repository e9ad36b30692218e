"""Encode samples to events, window by window, whatever the blocks that the samples come in.

The encoder sees `chunk_frames` frames and `context_frames` on each side; beyond its ends the signal
is zero. Every window has the same length and its contents depend only on the recording, so the
events are the same whether it comes whole, in blocks of any size, or as a stream.
"""

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count

import numpy as np
import numpy.typing as npt

from runtime.ahead import mapped
from runtime.audio.samples import Samples
from runtime.bundle import ENCODER, Bundle
from runtime.errors import AudioError
from runtime.events import EventMatrix
from runtime.mu import fed, ports
from runtime.piece import Chunk
from runtime.sessions import Graph, single
from runtime.windows import Arriving

Payload = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Encoded(Chunk):
    """A chunk and its `payload (latent, T) int8`, from which the bottleneck made the events."""

    payload: Payload = field(kw_only=True)


@dataclass(frozen=True, eq=False)
class Window:
    """What the encoder sees for `frames` frames: `audio (n,) float32` with context on both sides.

    `index` is the chunk's.
    """

    audio: Samples
    frames: int
    index: int


class Encoder:
    """The encoder of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle, self._manifest = bundle, bundle.manifest

    def chunks(
        self, blocks: Iterable[Samples], mu: int, live: bool = True
    ) -> Generator[Encoded, None, None]:
        """Yield the events of a signal in chunks of `chunk_frames`; the last may be shorter.

        A chunk is yielded as soon as its own samples and the `context_frames` after them are there.
        If the signal is not `live`, several are made at once, in a thread for each core. Raises
        `AudioError` for samples that are not finite, `BundleError` for a bad encoder.
        """

        def coded(window: Window) -> Encoded:
            return self.inner(self.run(window, mu), window.frames)

        windows = self.windows(blocks)
        return (coded(window) for window in windows) if live else mapped(coded, windows)

    def windows(self, blocks: Iterable[Samples]) -> Iterator[Window]:
        """Cut blocks of samples into windows, one for each chunk."""
        context, chunk, hop = self._sizes
        signal = Arriving(blocks)
        for index in count():
            start = index * chunk * hop
            if not signal.reaches(start + 1):
                return
            audio = signal.window(start - context * hop, (chunk + 2 * context) * hop)
            if not np.isfinite(audio).all():
                raise AudioError("the signal holds NaN or infinity; repair it before encoding")
            yield Window(audio, min(chunk, -(-(signal.stop - start) // hop)), index)

    def run(self, window: Window, mu: int) -> Encoded:
        """Encode a window with its context."""
        outputs = self._graph({"audio": window.audio[None, None], **fed(mu)})
        frames = len(window.audio) // self._manifest.hop
        payload = single(outputs["payload"], (self._manifest.latent, frames))
        events = single(outputs["events"], (self._manifest.units, frames))
        found = EventMatrix.from_bits(events > 0.5)
        return Encoded(found, mu, window.index, payload=payload.astype(np.int8))

    def inner(self, encoded: Encoded, frames: int) -> Encoded:
        """Remove the context from an encoded window."""
        start = self._manifest.context_frames
        stop = start + frames
        events, payload = encoded.events.part(start, stop), encoded.payload[:, start:stop]
        return replace(encoded, events=events, payload=payload)

    @property
    def _sizes(self) -> tuple[int, int, int]:
        return self._manifest.context_frames, self._manifest.chunk_frames, self._manifest.hop

    @cached_property
    def _graph(self) -> Graph:
        inputs = {"audio", *ports(self._manifest)}
        return self._bundle.graph(ENCODER, inputs, {"payload", "events"})
