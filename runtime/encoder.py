"""Samples to events, one window after another, however the samples come.

The encoder sees `chunk_frames` frames and `context_frames` on each side, the signal continued by
zeros at its ends. Every window has the same length and its contents depend on the recording alone,
so the events do too: whole, in blocks of any size, or as a stream.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
import numpy.typing as npt

from runtime.bundle import Bundle
from runtime.errors import AudioError
from runtime.events import Bits
from runtime.kinds import Samples
from runtime.mu import fed, ports
from runtime.sessions import Graph, single
from runtime.spk.header import NO_MU
from runtime.windows import Arriving

Payload = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Encoded:
    """Consecutive frames: `payload (latent, T) int8`, `bits (units, T) bool`, the `mu` of both."""

    payload: Payload
    bits: Bits
    mu: int = NO_MU


@dataclass(frozen=True, eq=False)
class Window:
    """What the encoder sees for `frames` frames: `audio (n,) float32` with context around them."""

    audio: Samples
    frames: int


class Encoder:
    """The encoder of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle, self._manifest = bundle, bundle.manifest

    def chunks(self, blocks: Iterable[Samples], mu: int) -> Iterator[Encoded]:
        """Yield the events of a signal in chunks of `chunk_frames`, the last one shorter.

        A chunk is given as soon as its own samples and `context_frames` behind them have come.
        Raises `AudioError` for samples that are not finite, `BundleError` for a bad encoder.
        """
        for window in self.windows(blocks):
            yield self.inner(self.run(window, mu), window.frames)

    def windows(self, blocks: Iterable[Samples]) -> Iterator[Window]:
        """Cut blocks of samples into windows, one for each chunk."""
        context, chunk, hop = self._sizes
        signal = Arriving(blocks)
        for start in count(0, chunk * hop):
            if not signal.reaches(start + 1):
                return
            audio = signal.window(start - context * hop, (chunk + 2 * context) * hop)
            if not np.isfinite(audio).all():
                raise AudioError("the signal holds NaN or infinity; repair it before encoding")
            yield Window(audio, min(chunk, -(-(signal.stop - start) // hop)))

    def run(self, window: Window, mu: int) -> Encoded:
        """Encode a window with its context."""
        outputs = self._graph({"audio": window.audio[None, None], **fed(mu)})
        frames = len(window.audio) // self._manifest.hop
        payload = single(outputs["payload"], (self._manifest.latent, frames))
        events = single(outputs["events"], (self._manifest.units, frames))
        return Encoded(payload.astype(np.int8), events > 0.5, mu)

    def inner(self, encoded: Encoded, frames: int) -> Encoded:
        """Leave out the context of an encoded window."""
        context = self._manifest.context_frames
        own = slice(context, context + frames)
        return Encoded(encoded.payload[:, own], encoded.bits[:, own], encoded.mu)

    @property
    def _sizes(self) -> tuple[int, int, int]:
        return self._manifest.context_frames, self._manifest.chunk_frames, self._manifest.hop

    @cached_property
    def _graph(self) -> Graph:
        inputs = {"audio", *ports(self._manifest)}
        return self._bundle.graph("encoder.onnx", inputs, {"payload", "events"})
