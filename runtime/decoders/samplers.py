"""Samplers, which turn noise into a signal with a trained velocity; each step is a pure function.

For a `sample = alpha signal + beta noise`, the velocity `v = alpha noise - beta signal` gives both
parts back: `signal = alpha sample - beta v`, `noise = beta sample + alpha v` (Salimans and Ho,
2022).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from runtime.errors import SpikingMusicError
from runtime.kinds import SAMPLERS

Signal = npt.NDArray[np.float32]

MOST_STEPS = 1000


@dataclass(frozen=True, eq=False)
class State:
    """Between two steps: the `sample` at its noise level, and the `signal` that the previous step
    estimated (None at first), both of one shape."""

    sample: Signal
    signal: Signal | None = None


class Sampler(Protocol):
    """Takes the noise level `sigma` from 1 to 0 in `steps` calls of the model."""

    @property
    def steps(self) -> int:
        """How many times the model is called."""

    def step(self, state: State, velocity: Signal, index: int) -> State:
        """Move from level `index` to the next, given the model's `velocity` at `state.sample`.

        Each value depends only on values at the same position, so a long signal may be processed
        in pieces.
        """


def levels(steps: int) -> list[float]:
    """Return a sampler's noise levels: `steps + 1` values of `sigma`, evenly from 1 to 0."""
    return np.linspace(1.0, 0.0, steps + 1).tolist()


def angles(sigma: float) -> tuple[np.float32, np.float32]:
    """Return `(alpha, beta) = (cos, sin)(sigma pi / 2)`: the shares of signal and noise."""
    angle = sigma * math.pi / 2
    return np.float32(math.cos(angle)), np.float32(math.sin(angle))


@dataclass(frozen=True)
class DDIM:
    """The deterministic first-order sampler: it mixes the estimated signal and noise at each level.

    Source: Song et al., 2021 (DDIM, eta 0).
    """

    steps: int

    def step(self, state: State, velocity: Signal, index: int) -> State:
        """See `Sampler.step`."""
        sigma, following = levels(self.steps)[index : index + 2]
        (alpha, beta), (next_alpha, next_beta) = angles(sigma), angles(following)
        signal: Signal = alpha * state.sample - beta * velocity
        noise: Signal = beta * state.sample + alpha * velocity
        return State(next_alpha * signal + next_beta * noise, signal)


@dataclass(frozen=True)
class DPMSolver:
    """DPM-Solver++(2M): second order, from the signals estimated in this step and the one before.

    As a function of `log(alpha / beta)` the path is nearly straight, so the signal is extrapolated
    along a line. The first step has no predecessor and the last one no finite end point, so both
    are DDIM steps.
    Source: Lu et al., 2022 (arXiv 2211.01095), algorithm 2.
    """

    steps: int

    def step(self, state: State, velocity: Signal, index: int) -> State:
        """See `Sampler.step`."""
        if state.signal is None or index in (0, self.steps - 1):
            return DDIM(self.steps).step(state, velocity, index)
        before, sigma, following = levels(self.steps)[index - 1 : index + 2]
        alpha, beta = angles(sigma)
        signal: Signal = alpha * state.sample - beta * velocity
        done, ahead = _log_ratio(before, sigma), _log_ratio(sigma, following)
        reach = np.float32(ahead / (2 * done))
        along: Signal = signal + reach * (signal - state.signal)
        next_alpha, next_beta = angles(following)
        kept, gained = next_beta / beta, next_alpha * np.float32(-math.expm1(-ahead))
        sample: Signal = kept * state.sample + gained * along
        return State(sample, signal)


_CLASSES: Final[dict[str, Callable[[int], Sampler]]] = {"ddim": DDIM, "dpm": DPMSolver}


def sampler_of(name: str, steps: int) -> Sampler:
    """Return the sampler `name` with `steps`; raises `SpikingMusicError` if either is not valid."""
    if name not in SAMPLERS:
        raise SpikingMusicError(f"sampler {name!r}: choose {' or '.join(SAMPLERS)}")
    if not 1 <= steps <= MOST_STEPS:
        raise SpikingMusicError(f"{steps} steps: choose from 1 to {MOST_STEPS}")
    return _CLASSES[name](steps)


def sampled(sampler: Sampler, velocity: Callable[[Signal, float], Signal], noise: Signal) -> Signal:
    """Turn unit gaussian `noise` of any shape into a signal by the model `velocity(sample, sigma)`.

    The model is called once per step, at falling noise levels.
    """
    state = State(noise)
    for index, sigma in enumerate(levels(sampler.steps)[:-1]):
        state = sampler.step(state, velocity(state.sample, sigma), index)
    return state.sample


def _log_ratio(sigma: float, following: float) -> float:
    """Return the change of `log(alpha / beta)` between two levels, the first above the second."""
    return math.log(math.tan(sigma * math.pi / 2) / math.tan(following * math.pi / 2))
