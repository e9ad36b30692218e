"""The diffusion decoder of a lapped model: it samples what the events do not tell.

The sample is made in short frames (see `sampling`). Then every coefficient of the long frames is
held to its cell (see `cells`), so that nothing that was coded can get lost.
"""

from functools import partial

import numpy as np
import numpy.typing as npt

from runtime.bundle import Bundle
from runtime.decoders.diffusion import Sampling
from runtime.lapped import short
from runtime.lapped.cells import cells
from runtime.lapped.decoder import Heard, Window
from runtime.lapped.model import CONTEXT, LappedModel, own_parts
from runtime.lapped.noise import PARTS, corrected
from runtime.lapped.sampling import MOST_STEPS, Given, ShortFrames, few_steps, short_reach
from runtime.lapped.transform import analysis, frames, synthesis
from runtime.playback import Playback

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


def reach(steps: int) -> int:
    """Frames on each side of a window that its samples depend on, and one at the edge."""
    return -(-short_reach(steps) // PARTS) + 1


class LappedDiffusion:
    """The voice of a lapped decoder that samples; see `decoder.Voice`."""

    context = CONTEXT + reach(MOST_STEPS)

    def __init__(self, model: LappedModel, bundle: Bundle) -> None:
        self._model, self._short = model, ShortFrames(bundle)

    def heard(self, playback: Playback) -> Heard:
        """See `Voice.heard`."""
        return partial(self._heard, few_steps(playback))

    def _heard(self, sampling: Sampling, window: Window) -> Floats:
        near = reach(sampling.sampler.steps)
        spare = reach(MOST_STEPS) - near
        window = window.narrowed(spare)
        model, hop, q, step = self._model, self._model.hop, window.q, window.step
        values = model.values(q, step, window.first - CONTEXT - near)[CONTEXT:-CONTEXT]
        waveform = synthesis(values, hop)
        given = self._given(waveform, q, step, window.corrections)
        first = PARTS * (window.first + spare)
        residual = self._short.residual(given, first, sampling)
        own = slice(near * hop, len(waveform) - near * hop)
        inside = slice(CONTEXT + near, len(q) - CONTEXT - near)
        around = residual[own.start - hop : own.stop + hop]
        moved = self._moved(around, values[near:-near], q[inside], step[inside])
        return waveform[own] + residual[own] + synthesis(moved, hop)

    def _given(self, waveform: Floats, q: Ints, step: Floats, corrections: Ints) -> Given:
        rate = self._model.rate
        values = self._model.unrefined(q, step)
        predicted = corrected(self._model.noise_levels(values, step), corrections, rate)
        filled = short.base_levels(own_parts(predicted), rate)
        steps = np.repeat(step, PARTS)[PARTS * CONTEXT :][: len(filled)]
        return self._short.given(short.analysed(waveform), filled, steps)

    def _moved(self, residual: Floats, values: Floats, q: Ints, step: Floats) -> Floats:
        """What brings the coefficients of waveform and residual into their cells, `(T, bins)`."""
        hop, units = self._model.hop, self._model.units
        found = values + analysis(frames(residual, hop)[1:-1], units.bins)
        return np.clip(found, *cells(q, step, units)) - found
