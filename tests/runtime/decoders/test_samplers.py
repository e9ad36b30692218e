import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.decoders.samplers import (
    DDIM,
    DPMSolver,
    Sampler,
    State,
    angles,
    levels,
    sampled,
    sampler_of,
)
from runtime.errors import SpikingMusicError
from runtime.kinds import SAMPLERS

RANDOM = np.random.default_rng(0)
SIGNAL, NOISE = RANDOM.normal(size=(2, 1, 1, 64)).astype(np.float32)
EVERY = st.builds(sampler_of, st.sampled_from(SAMPLERS), st.integers(1, 30))


def true_velocity(_: np.ndarray, sigma: float) -> np.ndarray:
    alpha, beta = angles(sigma)
    return alpha * NOISE - beta * SIGNAL


def gaussian_velocity(sample: np.ndarray, sigma: float) -> np.ndarray:
    """Of signals with standard deviations from 0.2 to 3 and mean 1, which are known exactly."""
    alpha, beta = angles(sigma)
    variance = np.linspace(0.2, 3, sample.shape[-1], dtype=np.float32) ** 2
    share = alpha * variance / (alpha**2 * variance + beta**2)
    signal = 1 + share * (sample - alpha)
    # v = (alpha sample - signal) / beta
    return (alpha * sample - signal) / beta


@given(EVERY)
def test_a_model_that_knows_the_signal_finds_it(sampler: Sampler) -> None:
    found = sampled(sampler, true_velocity, NOISE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, SIGNAL, atol=1e-3)


@given(EVERY, st.data())
def test_a_step_moves_along_the_mixture(sampler: Sampler, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, sampler.steps - 1))
    sigma, following = levels(sampler.steps)[index : index + 2]
    alpha, beta = angles(sigma)
    mixed = alpha * SIGNAL + beta * NOISE
    before = SIGNAL if index else None
    moved = sampler.step(State(mixed, before), true_velocity(mixed, sigma), index)
    alpha, beta = angles(following)
    np.testing.assert_allclose(moved.sample, alpha * SIGNAL + beta * NOISE, atol=1e-4)
    assert moved.signal is not None
    np.testing.assert_allclose(moved.signal, SIGNAL, atol=1e-4)


@given(EVERY, st.integers(1, 63))
def test_pieces_of_a_signal_are_sampled_as_the_whole(sampler: Sampler, cut: int) -> None:
    whole = sampled(sampler, lambda sample, _: np.tanh(sample), NOISE)
    pieces = [
        sampled(sampler, lambda sample, _: np.tanh(sample), part)
        for part in (NOISE[..., :cut], NOISE[..., cut:])
    ]
    np.testing.assert_allclose(np.concatenate(pieces, axis=-1), whole, atol=1e-6)


@given(EVERY)
def test_a_step_changes_nothing_that_it_is_given(sampler: Sampler) -> None:
    sample, velocity = NOISE.copy(), SIGNAL.copy()
    sampler.step(State(sample, None), velocity, 0)
    np.testing.assert_array_equal(sample, NOISE)
    np.testing.assert_array_equal(velocity, SIGNAL)


def test_the_second_order_comes_closer_in_as_many_steps() -> None:
    exact = sampled(DDIM(1000), gaussian_velocity, NOISE)

    def error(sampler: Sampler) -> float:
        return float(np.abs(sampled(sampler, gaussian_velocity, NOISE) - exact).mean())

    for steps in (8, 16, 32):
        assert error(DPMSolver(steps)) < 0.6 * error(DDIM(steps))
    # Twice the steps: half the error in the first order, a quarter, about, in the second.
    assert error(DDIM(32)) > 0.4 * error(DDIM(16))
    assert error(DPMSolver(32)) < 0.4 * error(DPMSolver(16))


def test_the_model_is_asked_at_falling_levels() -> None:
    for name in SAMPLERS:
        asked: list[float] = []

        def velocity(sample: np.ndarray, sigma: float, asked: list[float] = asked) -> np.ndarray:
            asked.append(sigma)
            return sample

        sampled(sampler_of(name, 4), velocity, NOISE)
        assert asked == [1.0, 0.75, 0.5, 0.25]


@pytest.mark.parametrize(("name", "steps"), [("ddim", 0), ("dpm", 1001), ("euler", 4)])
def test_what_is_no_sampler_is_named(name: str, steps: int) -> None:
    with pytest.raises(SpikingMusicError, match=name if steps == 4 else str(steps)):
        sampler_of(name, steps)
