"""Decode events to sound by diffusion, in overlapping windows that agree with their neighbours.

Windows of `chunk_frames` overlap. Every other one is denoised first; each of those between is kept
in line with its two neighbours at every step of the sampler. So memory and latency do not grow with
the number of steps, and a part of a recording sounds the same as in the whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count

import numpy as np

from runtime.audio.samples import Samples
from runtime.bundle import DECODER, Bundle
from runtime.decoders.colour import coloured, whitened
from runtime.decoders.noise import frame_noise
from runtime.decoders.samplers import Sampler, angles, sampled, sampler_of
from runtime.decoders.seams import Seams
from runtime.decoders.waveform import Rows, Waveform, rows
from runtime.errors import SpikingMusicError
from runtime.mu import fed, ports
from runtime.piece import Chunk
from runtime.playback import Playback
from runtime.sessions import Graph, Tensor, single
from runtime.windows import Arriving, cross_faded, without_first

_MULTIPLE = 4  # frames; the U-Net takes multiples of this
_QUIET = 1e-3  # the smallest root mean square that a window is normalised by


@dataclass(frozen=True)
class Sampling:
    """The `sampler`, and the `seed` of the noise it starts from."""

    sampler: Sampler
    seed: int


def sampling_of(playback: Playback) -> Sampling:
    """Return the sampler and seed of a playback, of which nothing may be None.

    Raises `SpikingMusicError` for an unknown sampler, and for steps or a seed out of range.
    """
    assert playback.sampler is not None
    assert playback.steps is not None
    assert playback.seed is not None
    if not 0 <= playback.seed < 2**64:
        raise SpikingMusicError(f"seed {playback.seed}: choose one from 0 to 2**64 - 1")
    return Sampling(sampler_of(playback.sampler, playback.steps), playback.seed)


@dataclass(frozen=True, eq=False)
class Window:
    """The `rows` of a window with context on both sides; its own `frames` begin at `start`.

    `seam`: the frame of the window at which it takes over from the window before.
    """

    start: int
    frames: int
    seam: int
    rows: Rows


@dataclass(frozen=True, eq=False)
class Denoised:
    """The `sound (n,) float32` of a window that begins at frame `start`, and its `seams`."""

    start: int
    sound: Samples
    seams: Seams


class Diffusion:
    """The diffusion decoder of a bundle, which adds what the waveform decoder misses."""

    def __init__(self, bundle: Bundle, waveform: Waveform) -> None:
        self._bundle, self._manifest, self._waveform = bundle, bundle.manifest, waveform
        self._length = self._manifest.chunk_frames
        self._overlap = 2 * self._manifest.decoder.context_frames
        self._stride = self._length - self._overlap

    def start(self, first: int) -> int:
        """Return the first frame whose events are needed for the sound from frame `first` on."""
        # One stride earlier than the grid says, since the very last window may begin before it.
        place = (self._number(first) - 1) * self._stride - self._manifest.context_frames
        return max(place, 0)

    def decoded(
        self,
        chunks: Iterable[Chunk],
        start: int,
        first: int,
        playback: Playback,
        live: bool = True,
    ) -> Iterator[Samples]:
        """Yield the sound from frame `first` on, in windows on a fixed grid.

        Only the last window is off the grid: it ends where the events end. The chunks begin at
        frame `start`, no later than `start(first)`. `live` changes nothing: windows follow one
        another. Raises `SpikingMusicError` immediately for an unknown sampler, and for steps or a
        seed out of range.
        """
        signal = Arriving(rows(chunks, self._manifest), start)
        return self._joined(signal, sampling_of(playback), first)

    def _joined(
        self, signal: Arriving[np.uint8], sampling: Sampling, first: int
    ) -> Iterator[Samples]:
        if not signal.reaches(first + 1):
            return
        hop = self._manifest.hop
        windows = self._windows(signal, self._number(first))
        for window in windows:
            found = self._denoised(chain([window], windows), sampling)
            pieces = ((one.start * hop, one.sound) for one in found)
            joined = cross_faded(pieces, self._overlap * hop)
            yield from without_first(joined, (first - window.start) * hop)

    def _number(self, first: int) -> int:
        """Return the last independent window that has taken over before frame `first`."""
        number = max(first - self._overlap, 0) // self._stride
        return number - number % 2

    def _windows(self, signal: Arriving[np.uint8], number: int) -> Iterator[Window]:
        context, stop = self._manifest.context_frames, None
        for place in count(number * self._stride, self._stride):
            start = place
            if not signal.reaches(place + self._length):
                if signal.stop == stop:
                    return
                start = max(signal.stop - self._length, 0)
            frames = min(self._length, signal.stop - start)
            whole = -(-frames // _MULTIPLE) * _MULTIPLE
            rows = signal.window(start - context, whole + 2 * context)
            seam = 0 if stop is None else stop - self._overlap - start
            stop = start + frames
            yield Window(start, frames, seam, rows)

    def _denoised(self, windows: Iterator[Window], sampling: Sampling) -> Iterator[Denoised]:
        """Denoise every other window alone, and each one between once its neighbours are done."""
        before: Seams | None = None
        between: Window | None = None
        for number, window in enumerate(windows):
            if number % 2:
                between = window
                continue
            after = self._one(window, sampling)
            if between is not None:
                yield self._one(between, sampling, before, after.seams)
            yield after
            before, between = after.seams, None
        if between is not None:
            yield self._one(between, sampling, before)

    def _one(
        self,
        window: Window,
        sampling: Sampling,
        before: Seams | None = None,
        after: Seams | None = None,
    ) -> Denoised:
        """Denoise one window, in line with the neighbours that are given."""
        hop, context = self._manifest.hop, self._manifest.context_frames
        decoder, sample_rate = self._manifest.decoder, self._manifest.sample_rate
        own = window.rows[:, context : window.rows.shape[1] - context]
        mu = int(own[-1, window.frames // 2])
        noise = frame_noise(sampling.seed, window.start, own.shape[1], hop)
        wave, scale = np.zeros(noise.size, np.float32), np.float32(1)
        if self._on_residual:
            wave = self._waveform.decoded(window.rows[:-1], mu)
            scale = np.float32(max(float(np.sqrt(np.mean(np.square(wave)))), _QUIET))
        base = whitened(wave / scale, decoder.spectrum, sample_rate)
        given = {"events": own[None, :-1].astype(np.float32), "base": base[None, None], **fed(mu)}
        graph = self._graph.holding(given)
        seams = Seams(window.seam * hop, self._overlap * hop, before, after)

        def velocity(sample: Tensor, sigma: float) -> Tensor:
            feed = {"sample": sample, "sigma": np.array([sigma], np.float32)}
            found = single(graph(feed)["velocity"], (1, noise.size))[None]
            alpha, beta = angles(sigma)
            # Neighbours have different scales, so they are compared as the signal will be heard.
            predicted = scale * (alpha * sample - beta * found)
            agreed = seams.agreed(predicted[0, 0])
            return found + (predicted - agreed) / (scale * beta)

        found = sampled(sampling.sampler, velocity, noise[None, None])[0, 0]
        if self._on_residual:
            gain = np.float32(decoder.residual_gain) * scale
            found = wave + gain * coloured(found, decoder.spectrum, sample_rate)
        return Denoised(window.start, found[: window.frames * hop], seams)

    @property
    def _on_residual(self) -> bool:
        return self._manifest.has_waveform

    @cached_property
    def _graph(self) -> Graph:
        inputs = {"sample", "sigma", "events", "base", *ports(self._manifest)}
        return self._bundle.graph(DECODER, inputs, {"velocity"})
