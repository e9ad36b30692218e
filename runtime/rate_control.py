"""The mu of each chunk of a MU_SPARSE bundle: the fewest events that reach a quality, or the most
that fit in a rate.

A larger mu is assumed to sound worse and to need fewer bits, so the search is by bisection.
Source: the quality control of arXiv 2402.01571, figure 4, which uses 9 dB.
"""

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable
from functools import cache, partial
from typing import Protocol

from runtime.audio.samples import Samples
from runtime.codec import Codec
from runtime.encoder import Encoded, Window
from runtime.errors import SpikingMusicError
from runtime.events import Bits
from runtime.metrics import si_snr
from runtime.mu import LARGEST_MU
from runtime.spk.chunks import store
from runtime.spk.tags import EVERY

Run = Callable[[int], Encoded]


class Choice(Protocol):
    """How the mu of a window is chosen; `missed` counts the chunks that no mu satisfies."""

    missed: int

    def mu(self, window: Window, run: Run) -> int:
        """Return the mu of a window; `run(mu)` encodes it."""


def chosen_chunks(
    codec: Codec, blocks: Iterable[Samples], choice: Choice
) -> Generator[Encoded, None, None]:
    """Yield the chunks of a signal like `Codec.encode_stream`, each at the chosen mu.

    Raises `SpikingMusicError` for a bundle without mu.
    """
    manifest = codec.manifest
    if not manifest.has_mu:
        raise SpikingMusicError(
            f"the bundle {manifest.name} is {manifest.kind} and has a single "
            "rate, so none can be chosen for each chunk; choose a MU_SPARSE bundle"
        )
    encoder = codec.encoder
    for window in encoder.windows(blocks):
        run = cache(partial(encoder.run, window))
        yield encoder.inner(run(choice.mu(window, run)), window.frames)


class AtLeast:
    """The largest mu whose sound reaches a given SI-SNR in dB, or else 0.

    Decoded by the waveform decoder, with the events chosen before as left context and those of the
    same mu as right context.
    """

    def __init__(self, codec: Codec, decibels: float) -> None:
        self._codec, self._decibels = codec, decibels
        self._before: Bits | None = None
        self.missed = 0

    def mu(self, window: Window, run: Run) -> int:
        """Return the mu of the next window."""

        def worse(mu: int) -> bool:
            # Silence has no SI-SNR, so any mu will do.
            return self._si_snr(window, run(mu)) < self._decibels

        mu = bisect_left(range(1, LARGEST_MU + 1), True, key=worse)
        self.missed += mu == 0 and worse(0)
        self._before = self._codec.encoder.inner(run(mu), window.frames).events.bits
        return mu

    def _si_snr(self, window: Window, encoded: Encoded) -> float:
        manifest = self._codec.manifest
        context, frames, hop = manifest.context_frames, window.frames, manifest.hop
        bits = encoded.events.bits.copy()
        bits[:, :context] = False
        if self._before is not None:
            past = self._before[:, max(self._before.shape[1] - context, 0) :]
            bits[:, context - past.shape[1] : context] = past
        if frames < manifest.chunk_frames:
            bits[:, context + frames :] = False  # the signal has ended
        heard = self._codec.waveform.decoded(bits, encoded.mu)[: frames * hop]
        return si_snr(window.audio[context * hop :][: frames * hop], heard)


class Within:
    """The smallest mu that keeps the file so far within a given rate in kbit/s, or else 31.

    Unused bits are left for later chunks. `coder` is that of the file, `overhead` its bytes
    outside the chunks.
    """

    def __init__(self, codec: Codec, kbps: float, coder: str, overhead: int) -> None:
        self._codec, self._coder = codec, coder
        self._bytes_a_sample = kbps * 125 / codec.manifest.sample_rate
        self._samples, self._spent = 0, float(overhead)
        self.missed = 0

    def mu(self, window: Window, run: Run) -> int:
        """Return the mu of the next window."""
        hop = self._codec.manifest.hop
        # The very last frame may hold a single sample.
        samples = self._samples + (window.frames - 1) * hop + 1
        left = samples * self._bytes_a_sample - self._spent

        def size(mu: int) -> float:
            chunk = self._codec.encoder.inner(run(mu), window.frames)
            return store(chunk, self._coder).size + 8 / EVERY  # and an entry in the seek table

        mu = bisect_left(range(LARGEST_MU), True, key=lambda mu: size(mu) <= left)
        self.missed += mu == LARGEST_MU and size(mu) > left
        self._spent += size(mu)
        self._samples += window.frames * hop
        return mu
