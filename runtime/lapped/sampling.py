"""What a decoded waveform lacks, sampled in short frames (see `short`).

From noise, by a velocity that knows the waveform and how loud noise in its place would be.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from runtime.bundle import DIFFUSION, ENVELOPE, Bundle
from runtime.decoders.diffusion import Sampling, sampling_of
from runtime.decoders.noise import frame_noise
from runtime.decoders.samplers import Signal, sampled
from runtime.errors import SpikingMusicError
from runtime.lapped import short
from runtime.lapped.transform import synthesis
from runtime.playback import Playback
from runtime.sessions import Graph, single

MOST_STEPS = 8
VELOCITY_INPUTS = {"sample", "sigma", "stride", "context"}

Floats = npt.NDArray[np.float32]


def short_reach(steps: int) -> int:
    """Short frames on each side that a sample depends on: by the velocity, two a step.

    By the envelope, eight.
    """
    return 2 * steps + 8


def few_steps(playback: Playback) -> Sampling:
    """The sampling of a playback, see `sampling_of`; also raises for more than `MOST_STEPS`."""
    sampling = sampling_of(playback)
    if sampling.sampler.steps > MOST_STEPS:
        raise SpikingMusicError(
            f"{sampling.sampler.steps} steps: this model takes from 1 to {MOST_STEPS}"
        )
    return sampling


@dataclass(frozen=True, eq=False)
class Given:
    """What the velocity is told: a `context (1, width, T, PATCHES)`.

    And its unit, the log amplitudes `levels (T, BINS)` of the coefficients.
    """

    levels: Floats
    context: Floats


class ShortFrames:
    """The envelope and the velocity of a bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def given(self, base: Floats, filled: Floats, size: Floats) -> Given:
        """What is known of the coefficients that the waveform's, `base (T, BINS)`, lack.

        `filled (T, BINS)` are log amplitudes of noise in their place, `size (T,)` how coarse the
        code is.
        """
        heard = short.features(base, filled, size)
        found = self._envelope({"features": heard[None]})
        return Given(filled + single(found["levels"], filled.shape), found["context"])

    def residual(self, given: Given, first: int, sampling: Sampling) -> Floats:
        """The sound `((T - 1) short.HOP,)` of a sample, from the noise of short frame `first` on.

        It begins where the second short frame does.
        """
        sample = self._sampled(given.context, first, sampling)
        return synthesis(sample * np.exp(given.levels), short.HOP)

    def _sampled(self, context: Floats, first: int, sampling: Sampling) -> Floats:
        """Values `(T, BINS)` in units of the envelope."""
        count = context.shape[2]
        stride = np.array([1 / sampling.sampler.steps], np.float32)
        run = self._velocity.holding({"context": context, "stride": stride})

        def velocity(sample: Signal, sigma: float) -> Signal:
            feed = {"sample": sample, "sigma": np.array([sigma], np.float32)}
            return single(run(feed)["velocity"], (count, short.BINS))[None]

        noise = frame_noise(sampling.seed, first, count, short.BINS)
        return sampled(sampling.sampler, velocity, noise.reshape(1, count, short.BINS))[0]

    @cached_property
    def _envelope(self) -> Graph:
        return self._bundle.graph(ENVELOPE, {"features"}, {"levels", "context"})

    @cached_property
    def _velocity(self) -> Graph:
        return self._bundle.graph(DIFFUSION, VELOCITY_INPUTS, {"velocity"})
