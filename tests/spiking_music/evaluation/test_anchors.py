import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.evaluation.anchors import ANCHORS_HZ, distort
from train.config import SAMPLE_RATE
from train.data.low_pass import low_pass


def tone(hertz: float, samples: int = 22_050) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(samples) / SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize("cutoff", ANCHORS_HZ)
def test_tones_pass_below_and_vanish_above(cutoff: int) -> None:
    inner = slice(600, -600)
    for hertz in (50, 440, cutoff - 200):
        passed = low_pass(tone(hertz), cutoff)
        np.testing.assert_allclose(passed[inner], tone(hertz)[inner], atol=3e-4)
    for hertz in (cutoff + 200, 10_500):
        assert np.abs(low_pass(tone(hertz), cutoff)[inner]).max() < 1e-4


@given(st.integers(1, 2000), st.integers(0, 9))
def test_lengths_stay_and_the_distorted_anchor_has_eight_levels(samples: int, seed: int) -> None:
    sound = np.random.default_rng(seed).standard_normal(samples).astype(np.float32)
    assert len(low_pass(sound, 3500)) == samples
    distorted = distort(sound)
    assert distorted.shape == sound.shape
    assert distorted.dtype == np.float32
    assert np.isfinite(distorted).all()
    assert len(np.unique(distorted)) <= 8


def test_silence_stays_silent() -> None:
    assert not distort(np.zeros(3000, np.float32)).any()
