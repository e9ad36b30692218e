import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.decoders.noise import frame_noise
from runtime.errors import SpikingMusicError

VALUES = [
    0.25857443,
    0.93814892,
    0.882824,
    0.94455236,
    0.68754816,
    0.41427651,
    0.5154404,
    -0.46543166,
]


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(1, 9), st.integers(1, 9))
def test_frames_have_their_noise_wherever_the_window_begins(
    seed: int, first: int, before: int, frames: int
) -> None:
    whole = frame_noise(seed, first, before + frames, 16)
    part = frame_noise(seed, first + before, frames, 16)
    np.testing.assert_array_equal(whole[before * 16 :], part)


def test_it_is_unit_gaussian() -> None:
    noise = frame_noise(3, 0, 2000, 512).astype(np.float64)
    moments = [np.mean(noise**power) for power in (1, 2, 3, 4)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.05)
    neighbours = noise[:-1] @ noise[1:] / noise.size
    assert abs(neighbours) < 0.005


def test_seeds_and_frames_differ() -> None:
    frames = [frame_noise(seed, first, 1, 8).tobytes() for seed in range(9) for first in range(9)]
    assert len(set(frames)) == 81


def test_it_stays_what_it_was() -> None:
    # Files name a seed and not the noise, so these values are part of the decoder.
    found = frame_noise(7, 100, 1, 8)
    np.testing.assert_allclose(found, VALUES, rtol=1e-5)


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_an_impossible_seed_is_named(seed: int) -> None:
    with pytest.raises(SpikingMusicError, match=str(seed)):
        frame_noise(seed, 0, 1, 8)


def test_an_impossible_hop_is_named() -> None:
    with pytest.raises(ValueError, match="hop 500"):
        frame_noise(0, 0, 1, 500)
