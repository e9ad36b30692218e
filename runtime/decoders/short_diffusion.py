"""Diffusion of what a waveform decoder lacks, in short frames (see `runtime.lapped.sampling`).

It starts from noise as loud as the decoded bands, and is told how many units fire.
"""

from dataclasses import replace
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.bundle import DIFFUSION, Bundle
from runtime.decoders.diffusion import Sampling
from runtime.decoders.waveform import Heard, Waveform, Window
from runtime.errors import BundleError
from runtime.lapped import short
from runtime.lapped.noise import BANDS, HOP, powers
from runtime.lapped.sampling import MOST_STEPS, ShortFrames, few_steps, short_reach
from runtime.playback import Playback

SILENCE = 1e-9  # power, added to that of a band
BELOW = 1.0  # nepers by which the noise starts below the decoded bands

Floats = npt.NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


class ShortDiffusion:
    """The voice that samples; see `waveform.Voice`."""

    def __init__(self, bundle: Bundle, waveform: Waveform) -> None:
        self._bundle, self._manifest, self._waveform = bundle, bundle.manifest, waveform
        self._short = ShortFrames(bundle)
        self.context = waveform.context + margin_of(MOST_STEPS)

    def heard(self, playback: Playback) -> Heard:
        """See `Voice`; raises for a bad sampler, steps or seed, and for another hop."""
        if self._manifest.hop != HOP:
            raise BundleError(
                f"{self._bundle.path}: {DIFFUSION} is for hops of {HOP} samples, and the bundle "
                f"has {self._manifest.hop}; export or copy it again"
            )
        return partial(self._heard, few_steps(playback))

    def _heard(self, sampling: Sampling, window: Window) -> Samples:
        margin = margin_of(sampling.sampler.steps)
        spare = self.context - self._waveform.context - margin
        window = replace(window, events=_inner(window.events, spare))
        sound = self._waveform.sound(window)
        count = _inner(window.events, self._waveform.context).sum(0, dtype=np.float32)
        given = self._short.given(*known(sound, count, self._manifest.sample_rate))
        # Frames are numbered from the first that any window reaches, so none is negative.
        residual = self._short.residual(given, window.start + spare, sampling)
        # Of n hops, n - 1 short frames lie inside, and their sound begins one hop later.
        return _inner(sound, margin * HOP) + _inner(residual, (margin - 1) * HOP)


def known(sound: Samples, count: Floats, rate: int) -> tuple[Floats, Floats, Floats]:
    """What is known of the short frames inside a decoded `sound (T HOP,)`, see `ShortFrames.given`.

    `count (T,)` units fire. The coefficients and the levels of noise, `(T - 1, BINS)` each, and how
    coarse the code is, `(T - 1,)`.
    """
    levels = np.log(powers(sound, BANDS, rate) + SILENCE) / 2 - BELOW
    coarse = np.float32(2) / (2 + count[:-1] + count[1:])
    return short.analysed(sound)[1:-1], short.base_levels(levels, rate), coarse


def margin_of(steps: int) -> int:
    """Hops of sound on each side of a window that its samples depend on, and one at the edge."""
    return short_reach(steps) + 1


def _inner(values: npt.NDArray[Scalar], margin: int) -> npt.NDArray[Scalar]:
    """The values along the last axis without those within a margin of either end."""
    return values[..., margin : values.shape[-1] - margin]
