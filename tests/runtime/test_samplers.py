import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.samplers import angles, ddim, ddim_step

RANDOM = np.random.default_rng(0)
SIGNAL, NOISE = RANDOM.normal(size=(2, 1, 1, 64)).astype(np.float32)


def true_velocity(_: np.ndarray, sigma: float) -> np.ndarray:
    alpha, beta = angles(sigma)
    return alpha * NOISE - beta * SIGNAL


@given(st.integers(1, 30))
def test_a_model_that_knows_the_signal_finds_it(steps: int) -> None:
    found = ddim(true_velocity, NOISE, steps)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, SIGNAL, atol=1e-4)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_step_moves_along_the_mixture(sigma: float, following: float) -> None:
    alpha, beta = angles(sigma)
    mixed = alpha * SIGNAL + beta * NOISE
    moved = ddim_step(mixed, true_velocity(mixed, sigma), sigma, following)
    alpha, beta = angles(following)
    np.testing.assert_allclose(moved, alpha * SIGNAL + beta * NOISE, atol=1e-5)


def test_the_model_is_asked_at_falling_levels() -> None:
    asked: list[float] = []

    def velocity(sample: np.ndarray, sigma: float) -> np.ndarray:
        asked.append(sigma)
        return sample

    ddim(velocity, NOISE, 4)
    assert asked == [1.0, 0.75, 0.5, 0.25]


def test_no_step_is_no_sampler() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        ddim(true_velocity, NOISE, 0)
