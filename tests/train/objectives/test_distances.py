import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.objectives.distances import magnitudes, mel_distance, stft_distance
from train.objectives.losses import mel_distance as trained_distance


def noise(samples: int, seed: int, level: float = 0.1) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(samples) * level).astype(np.float32)


@given(st.integers(2048, 12_000), st.integers(0, 99), st.floats(0, 1, width=32))
def test_distances_are_of_pairs(samples: int, seed: int, level: float) -> None:
    original, decoded = noise(samples, seed), noise(samples, seed + 1, level)
    for distance in (mel_distance, stft_distance):
        assert distance(original, original) == 0
        assert distance(original, decoded) > 0
    assert mel_distance(original, decoded) == pytest.approx(mel_distance(decoded, original))


@given(st.integers(2048, 12_000), st.integers(0, 99), st.sampled_from([0.0, 1e-4, 0.03, 1.0]))
def test_the_mel_distance_is_that_of_the_training(samples: int, seed: int, level: float) -> None:
    original, decoded = noise(samples, seed), noise(samples, seed + 1, level)
    pair = (torch.from_numpy(sound)[None, None] for sound in (original, decoded))
    assert abs(mel_distance(original, decoded) - trained_distance(*pair).item()) < 1e-4


@given(st.sampled_from([512, 1024, 2048]), st.integers(2048, 9000))
def test_magnitudes_are_those_of_torch(window: int, samples: int) -> None:
    sound = noise(samples, samples)
    expected = torch.stft(
        torch.from_numpy(sound),
        window,
        window // 4,
        window=torch.hann_window(window),
        return_complex=True,
    ).abs()
    np.testing.assert_allclose(magnitudes(sound, window), expected.numpy(), atol=1e-4)


def test_half_the_level_is_half_a_convergence_and_log_two() -> None:
    sound = noise(20_000, 0, 1.0)
    assert stft_distance(sound, sound / 2) == pytest.approx(0.5 + np.log(2), abs=0.01)
