"""Samples to events and back: whole signals, and streams of them that give the same bit for bit."""

from collections.abc import Iterable, Iterator

import numpy as np

from runtime.bundle import Bundle
from runtime.decoders.diffusion import Diffusion, Sampling
from runtime.decoders.samplers import sampler_of
from runtime.decoders.waveform import EventChunk, Waveform, rows
from runtime.encoder import Encoded, Encoder, Payload
from runtime.errors import FormatError, SpikingMusicError
from runtime.events import EventMatrix
from runtime.kinds import DECODERS, Progress, Samples
from runtime.mu import chosen_mu
from runtime.spk.chunks import Chunk
from runtime.windows import Arriving


class Codec:
    """A bundle that runs. Graphs are loaded when they are first needed."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest
        self.encoder = Encoder(bundle)
        self.waveform = Waveform(bundle)
        self.diffusion = Diffusion(bundle, self.waveform)

    def encode_stream(self, blocks: Iterable[Samples], mu: int | None = None) -> Iterator[Encoded]:
        """Yield the events of a signal that comes in blocks `(n,) float32` of any size.

        Each chunk has `chunk_frames` frames, the last one what is left, and comes as soon as
        `context_frames` more have been heard. Whatever the blocks, the events are those of
        `analyse`, which has the options and what is raised.
        """
        return self.encoder.chunks(blocks, chosen_mu(self.manifest, mu))

    def decode_stream(
        self,
        chunks: Iterable[EventChunk],
        decoder: str | None = None,
        steps: int | None = None,
        seed: int = 0,
        sampler: str | None = None,
        first: int = 0,
    ) -> Iterator[Samples]:
        """Yield the sound, `hop` samples a frame, of events that come in chunks of any size.

        The sound begins at frame `first`, and the chunks at frame `start(first, decoder)`; what is
        given out is then the same as a part of the whole. The fast decoder is a chunk and
        `context_frames` behind what comes in, diffusion three chunks. `decode` has the options and
        what is raised; the mu of each chunk is its own.
        """
        decoder, sampling = self._chosen(decoder, steps, seed, sampler)
        signal = Arriving(rows(chunks, self.manifest), self.start(first, decoder))
        if decoder == "fast":
            return self.waveform.decoded(signal, first)
        return self.diffusion.decoded(signal, sampling, first)

    def start(self, first: int, decoder: str | None = None) -> int:
        """Return the frame, a multiple of `chunk_frames`, where `decode_stream` is to begin."""
        decoder = decoder or self.manifest.decoder.default
        way = self.waveform if decoder == "fast" else self.diffusion
        return way.start(first) // self.manifest.chunk_frames * self.manifest.chunk_frames

    def latent(self, samples: Samples) -> Payload:
        """Return the payload `(latent, T) int8` that the bottleneck receives; see `analyse`."""
        return self.analyse(samples)[0]

    def encode(
        self, samples: Samples, progress: Progress | None = None, mu: int | None = None
    ) -> EventMatrix:
        """Return the events of a signal; see `analyse`."""
        return self.analyse(samples, progress, mu)[1]

    def analyse(
        self, samples: Samples, progress: Progress | None = None, mu: int | None = None
    ) -> tuple[Payload, EventMatrix]:
        """Return payload `(latent, T) int8` and events `(units, T)` of `samples (n,) float32`.

        `T = ceil(n / hop)`; `progress` hears the fraction done, 0..1; `mu` in 0..31 sets the rate
        of a MU_SPARSE bundle, by default 16.
        Raises `AudioError` for samples that are not finite, `BundleError` for a bad encoder,
        `SpikingMusicError` for a mu out of range or for a bundle that has none.
        """
        frames = self._frames(len(samples))
        payload = np.zeros((self.manifest.latent, frames), np.int8)
        parts: list[EventMatrix] = []
        done = 0
        for chunk in self.encode_stream([samples], mu):
            stop = done + chunk.bits.shape[1]
            payload[:, done:stop] = chunk.payload
            parts.append(EventMatrix.from_bits(chunk.bits))
            done = stop
            _tell(progress, done, frames)
        return payload, EventMatrix.joined(parts, self.manifest.units)

    def decode(
        self,
        events: EventMatrix,
        samples: int,
        decoder: str | None = None,
        steps: int | None = None,
        seed: int = 0,
        progress: Progress | None = None,
        mu: int | None = None,
        sampler: str | None = None,
    ) -> Samples:
        """Return `(samples,) float32` heard from `events (units, ceil(samples / hop))`.

        `fast` is the waveform decoder; `diffusion` adds to it what `steps` of a `sampler` (one of
        `SAMPLERS`) find, from noise that `seed` (0..2**64-1) settles; the bundle has chosen what is
        left away.
        `mu` is that of the encoding. The same call gives the same samples.
        Raises `FormatError` when the events do not fit, `BundleError` when the bundle lacks the
        decoder, `SpikingMusicError` for steps or a seed out of range.
        """
        due = (self.manifest.units, self._frames(samples))
        given = (events.units, events.frames)
        if given != due:
            raise FormatError(f"events are {given}, but {samples} samples need {due}")
        whole = Chunk(0, events.bits, chosen_mu(self.manifest, mu))
        audio = np.zeros(samples, np.float32)
        done = 0
        for block in self.decode_stream([whole], decoder, steps, seed, sampler):
            part = block[: samples - done]
            audio[done : done + len(part)] = part
            done += len(part)
            _tell(progress, done, samples)
        return audio

    def _chosen(
        self, decoder: str | None, steps: int | None, seed: int, sampler: str | None
    ) -> tuple[str, Sampling]:
        usual = self.manifest.decoder
        decoder = decoder or usual.default
        if decoder not in DECODERS:
            raise SpikingMusicError(f"decoder {decoder!r}: choose {' or '.join(DECODERS)}")
        if not 0 <= seed < 2**64:
            raise SpikingMusicError(f"seed {seed}: choose one from 0 to 2**64 - 1")
        chosen = sampler_of(sampler or usual.sampler, usual.steps if steps is None else steps)
        return decoder, Sampling(chosen, seed)

    def _frames(self, samples: int) -> int:
        return -(-samples // self.manifest.hop)


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done / total)
