"""Samples to events and back, in windows, so that no recording is too long.

The encoder sees one window after another: `chunk_frames` frames and `context_frames` on each side,
the signal continued by zeros at its ends. Every window has the same length and its contents depend
on the recording alone, so the events do too, however the file is fed.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt

from runtime.bundle import DECODERS, Bundle
from runtime.colour import coloured, whitened
from runtime.errors import AudioError, BundleError, FormatError, SpikingMusicError
from runtime.events import Bits, EventMatrix
from runtime.noise import frame_noise
from runtime.samplers import Sampler, sampled, sampler_of
from runtime.sessions import Graph, Tensor, open_graph
from runtime.windows import cross_faded, starts, window

Samples = npt.NDArray[np.float32]
Payload = npt.NDArray[np.int8]
Progress = Callable[[float], None]
Feed = dict[str, Tensor]

LARGEST_MU = 31  # paper section 3
DEFAULT_MU = 16  # paper, figure 4: one event in sixteen entries

_SHORTEST = 4  # frames; the diffusion decoder takes multiples of it
_QUIET = 1e-3  # least root mean square that a window is normalised by


class Codec:
    """A bundle that runs. Graphs are loaded when they are first needed."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.manifest = bundle.manifest

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
        rate = self._rate(mu)
        frames = self._frames(len(samples))
        payload = np.zeros((self.manifest.latent, frames), np.int8)
        bits = np.zeros((self.manifest.units, frames), np.bool_)
        done = 0
        for codes, events in self._encoded(samples, rate):
            stop = done + codes.shape[1]
            payload[:, done:stop], bits[:, done:stop] = codes, events
            done = stop
            _tell(progress, done, frames)
        return payload, EventMatrix(bits)

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
        if events.bits.shape != due:
            raise FormatError(f"events are {events.bits.shape}, but {samples} samples need {due}")
        chosen = self.manifest.decoder
        decoder = decoder or chosen.default
        way = sampler_of(sampler or chosen.sampler, chosen.steps if steps is None else steps)
        if decoder not in DECODERS:
            raise SpikingMusicError(f"decoder {decoder!r}: choose {' or '.join(DECODERS)}")
        rate = self._rate(mu)
        if not events.frames:
            return np.zeros(0, np.float32)
        if decoder == "fast":
            blocks = self._fast(events.bits, rate)
        else:
            blocks = self._diffused(events.bits, way, seed, rate)
        audio = np.zeros(samples, np.float32)
        done = 0
        for block in blocks:
            part = block[: samples - done]
            audio[done : done + len(part)] = part
            done += len(part)
            _tell(progress, done, samples)
        return audio

    def _encoded(self, samples: Samples, rate: Feed) -> Iterator[tuple[Payload, Bits]]:
        manifest, frames = self.manifest, self._frames(len(samples))
        context, chunk, hop = manifest.context_frames, manifest.chunk_frames, manifest.hop
        width = chunk + 2 * context
        for start in range(0, frames, chunk):
            audio = window(samples, (start - context) * hop, width * hop)
            if not np.isfinite(audio).all():
                raise AudioError("the signal holds NaN or infinity; repair it before encoding")
            outputs = self._encoder({"audio": audio[None, None], **rate})
            inner = slice(context, context + min(chunk, frames - start))
            payload = _single(outputs["payload"], (manifest.latent, width))[:, inner]
            events = _single(outputs["events"], (manifest.units, width))[:, inner]
            yield payload.astype(np.int8), events > 0.5

    def _fast(self, bits: Bits, rate: Feed) -> Iterator[Samples]:
        chunk = self.manifest.chunk_frames
        for start in range(0, bits.shape[1], chunk):
            yield self._wave(bits, start, chunk, rate)

    def _diffused(self, bits: Bits, way: Sampler, seed: int, rate: Feed) -> Iterator[Samples]:
        """Denoise windows of `chunk_frames`, or one shorter window for a short recording."""
        hop = self.manifest.hop
        frames = -(-bits.shape[1] // _SHORTEST) * _SHORTEST
        length = min(self.manifest.chunk_frames, frames)
        overlap = min(2 * self.manifest.decoder.context_frames, length // 2)

        def pieces() -> Iterator[tuple[int, Samples]]:
            for start in starts(frames, length, overlap):
                noise = frame_noise(seed, start, length, hop)
                events = {"events": window(bits, start, length)[None].astype(np.float32), **rate}
                if "decoder_fast.onnx" not in self.manifest.files:
                    nothing = np.zeros((1, 1, length * hop), np.float32)
                    yield start * hop, self._sampled({**events, "base": nothing}, noise, way)
                    continue
                wave = self._wave(bits, start, length, rate)
                yield start * hop, self._improved(wave, events, noise, way)

        return cross_faded(pieces(), overlap * hop)

    def _improved(self, wave: Samples, given: Feed, noise: Samples, way: Sampler) -> Samples:
        """Add to the waveform decoder's sound of one window the residual that the sampler finds."""
        scale = np.float32(max(float(np.sqrt(np.mean(np.square(wave)))), _QUIET))
        colour, sample_rate = self.manifest.decoder.spectrum, self.manifest.sample_rate
        base = whitened(wave / scale, colour, sample_rate)[None, None]
        found = coloured(self._sampled({**given, "base": base}, noise, way), colour, sample_rate)
        return wave + np.float32(self.manifest.decoder.residual_gain) * scale * found

    def _sampled(self, given: Feed, noise: Samples, way: Sampler) -> Samples:
        """What the sampler makes of `noise (n,)`, given events and what else the U-Net hears."""

        def velocity(sample: Tensor, sigma: float) -> Tensor:
            feed = {"sample": sample, "sigma": np.array([sigma], np.float32)}
            outputs = self._denoiser({**feed, **given})
            return _single(outputs["velocity"], (1, noise.size))[None]

        return sampled(way, velocity, noise[None, None])[0, 0]

    def _wave(self, bits: Bits, start: int, length: int, rate: Feed) -> Samples:
        """Decode `length` frames from `start` on by the waveform decoder, heard in context."""
        context, hop = self.manifest.context_frames, self.manifest.hop
        width = length + 2 * context
        events = window(bits, start - context, width)[None].astype(np.float32)
        audio = _single(self._waveform({"events": events, **rate})["audio"], (1, width * hop))[0]
        return audio[context * hop : (context + length) * hop]

    @cached_property
    def _encoder(self) -> Graph:
        return self._graph("encoder.onnx", {"audio", *self._with_mu}, {"payload", "events"})

    @cached_property
    def _waveform(self) -> Graph:
        return self._graph("decoder_fast.onnx", {"events", *self._with_mu}, {"audio"})

    @cached_property
    def _denoiser(self) -> Graph:
        inputs = {"sample", "sigma", "events", "base", *self._with_mu}
        return self._graph("decoder.onnx", inputs, {"velocity"})

    @property
    def _with_mu(self) -> set[str]:
        return {"mu"} if self.manifest.kind == "MU_SPARSE" else set()

    def _rate(self, mu: int | None) -> Feed:
        """What graphs with mu are fed besides the signal."""
        if not self._with_mu:
            if mu is not None:
                raise SpikingMusicError(
                    f"mu {mu}: the bundle {self.manifest.name} is {self.manifest.kind} and has one "
                    "rate only; leave mu away, or give a MU_SPARSE bundle"
                )
            return {}
        mu = DEFAULT_MU if mu is None else mu
        if not 0 <= mu <= LARGEST_MU:
            raise SpikingMusicError(f"mu {mu}: choose from 0 (most events) to {LARGEST_MU}")
        return {"mu": np.array([mu], np.int64)}

    def _graph(self, name: str, inputs: set[str], outputs: set[str]) -> Graph:
        return open_graph(self.bundle.file(name), inputs, outputs)

    def _frames(self, samples: int) -> int:
        return -(-samples // self.manifest.hop)


def _single(output: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Take the one item of a batch; a graph that gives another shape is refused."""
    if output.shape != (1, *shape):
        raise BundleError(f"a graph of the bundle gives {output.shape} instead of {(1, *shape)}")
    return output[0]


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress is not None:
        progress(done / total)
