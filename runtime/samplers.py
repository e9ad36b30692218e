"""From noise to signal by a trained velocity: the deterministic sampler (DDIM with eta 0)."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]


def angles(sigma: float) -> tuple[np.float32, np.float32]:
    """Return `(alpha, beta) = (cos, sin)(sigma pi / 2)`: the shares of signal and noise."""
    angle = sigma * math.pi / 2
    return np.float32(math.cos(angle)), np.float32(math.sin(angle))


def ddim_step(sample: Signal, velocity: Signal, sigma: float, next_sigma: float) -> Signal:
    """Move a noisy `sample` from noise level `sigma` to `next_sigma`, both in 0..1.

    The velocity `v = alpha noise - beta signal` gives both back: `signal = alpha sample - beta v`
    and `noise = beta sample + alpha v`, which are mixed again at the next level.
    Sources: Song et al., 2021 (DDIM); Salimans and Ho, 2022 (the v-objective).
    """
    alpha, beta = angles(sigma)
    signal: Signal = alpha * sample - beta * velocity
    noise: Signal = beta * sample + alpha * velocity
    next_alpha, next_beta = angles(next_sigma)
    return next_alpha * signal + next_beta * noise


def ddim(velocity: Callable[[Signal, float], Signal], noise: Signal, steps: int) -> Signal:
    """Turn unit gaussian `noise` of any shape into a signal by `steps` calls of the model.

    `velocity(sample, sigma)` is the model; sigma falls linearly from 1 to 0.
    Raises `ValueError` when `steps` is below 1.
    """
    if steps < 1:
        raise ValueError(f"{steps} steps: a sampler takes at least 1")
    levels = np.linspace(1.0, 0.0, steps + 1).tolist()
    sample = noise
    for sigma, next_sigma in pairwise(levels):
        sample = ddim_step(sample, velocity(sample, sigma), sigma, next_sigma)
    return sample
