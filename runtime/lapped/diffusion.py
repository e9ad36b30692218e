"""The diffusion decoder of a lapped model: it samples what the events do not tell.

The sample is made in short frames (see `short`), from noise, by a velocity that knows the decoded
waveform and the levels of the noise. Then every coefficient of the long frames is held to its cell
(see `cells`), so that nothing that was coded can get lost.
"""

from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
import numpy.typing as npt

from runtime.bundle import DIFFUSION, ENVELOPE, Bundle
from runtime.decoders.diffusion import Sampling, sampling_of
from runtime.decoders.noise import frame_noise
from runtime.decoders.samplers import Signal, sampled
from runtime.errors import SpikingMusicError
from runtime.lapped import short
from runtime.lapped.cells import cells
from runtime.lapped.decoder import Heard, Window
from runtime.lapped.model import CONTEXT, LappedModel, own_parts
from runtime.lapped.noise import PARTS, corrected
from runtime.lapped.transform import analysis, frames, synthesis
from runtime.playback import Playback
from runtime.sessions import Graph, single

MOST_STEPS = 8
VELOCITY_INPUTS = {"sample", "sigma", "stride", "context"}

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


def reach(steps: int) -> int:
    """Frames on each side of a window that its samples depend on.

    By the velocity, two short frames a step; by the envelope, eight; and one hop and one short
    frame at the edge.
    """
    return -(-(2 * steps + 8) // PARTS) + 1


@dataclass(frozen=True, eq=False)
class Given:
    """What the velocity is told: a `context (1, width, T, PATCHES)`.

    And its unit, the log amplitudes `levels (T, BINS)` of the coefficients.
    """

    levels: Floats
    context: Floats

    def restored(self, sample: Floats) -> Floats:
        """The sound of a sample `(T, BINS)`: `((T - 1) * short.HOP,)`."""
        return synthesis(sample * np.exp(self.levels), short.HOP)


class LappedDiffusion:
    """The voice of a lapped decoder that samples; see `decoder.Voice`."""

    context = CONTEXT + reach(MOST_STEPS)

    def __init__(self, model: LappedModel, bundle: Bundle) -> None:
        self._model, self._bundle = model, bundle

    def heard(self, playback: Playback) -> Heard:
        """See `Voice.heard`."""
        sampling = sampling_of(playback)
        if sampling.sampler.steps > MOST_STEPS:
            raise SpikingMusicError(
                f"{sampling.sampler.steps} steps: this model takes from 1 to {MOST_STEPS}"
            )
        return partial(self._heard, sampling)

    def _heard(self, sampling: Sampling, window: Window) -> Floats:
        near = reach(sampling.sampler.steps)
        spare = reach(MOST_STEPS) - near
        window = window.narrowed(spare)
        model, hop, q, step = self._model, self._model.hop, window.q, window.step
        values = model.values(q, step, window.first - CONTEXT - near)[CONTEXT:-CONTEXT]
        waveform = synthesis(values, hop)
        given = self._given(waveform, q, step, window.corrections)
        first = PARTS * (window.first + spare)
        residual = given.restored(self._sampled(given.context, first, sampling))
        own = slice(near * hop, len(waveform) - near * hop)
        inside = slice(CONTEXT + near, len(q) - CONTEXT - near)
        around = residual[own.start - hop : own.stop + hop]
        moved = self._moved(around, values[near:-near], q[inside], step[inside])
        return waveform[own] + residual[own] + synthesis(moved, hop)

    def _given(self, waveform: Floats, q: Ints, step: Floats, corrections: Ints) -> "Given":
        rate = self._model.rate
        values = self._model.unrefined(q, step)
        predicted = corrected(self._model.noise_levels(values, step), corrections, rate)
        filled = short.base_levels(own_parts(predicted), rate)
        steps = np.repeat(step, PARTS)[PARTS * CONTEXT :][: len(filled)]
        heard = short.features(short.analysed(waveform), filled, steps)
        found = self._envelope({"features": heard[None]})
        return Given(filled + single(found["levels"], filled.shape), found["context"])

    def _sampled(self, context: Floats, first: int, sampling: Sampling) -> Floats:
        """Values `(T, BINS)` in units of the envelope, from the noise of short frame `first` on."""
        count = context.shape[2]
        stride = np.array([1 / sampling.sampler.steps], np.float32)
        run = self._velocity.holding({"context": context, "stride": stride})

        def velocity(sample: Signal, sigma: float) -> Signal:
            feed = {"sample": sample, "sigma": np.array([sigma], np.float32)}
            return single(run(feed)["velocity"], (count, short.BINS))[None]

        noise = frame_noise(sampling.seed, first, count, short.BINS)
        return sampled(sampling.sampler, velocity, noise.reshape(1, count, short.BINS))[0]

    def _moved(self, residual: Floats, values: Floats, q: Ints, step: Floats) -> Floats:
        """What brings the coefficients of waveform and residual into their cells, `(T, bins)`."""
        hop, units = self._model.hop, self._model.units
        found = values + analysis(frames(residual, hop)[1:-1], units.bins)
        return np.clip(found, *cells(q, step, units)) - found

    @cached_property
    def _envelope(self) -> Graph:
        return self._bundle.graph(ENVELOPE, {"features"}, {"levels", "context"})

    @cached_property
    def _velocity(self) -> Graph:
        return self._bundle.graph(DIFFUSION, VELOCITY_INPUTS, {"velocity"})
