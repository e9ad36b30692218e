import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.evaluation.treble import log_spectral_distance, modulation_distance

RATE = 22_050
TIME = np.arange(2 * RATE) / RATE


def hiss(modulation: float = 0.0) -> np.ndarray:
    sound = np.random.default_rng(0).normal(0, 0.1, len(TIME))
    return (sound * (1 + 0.9 * np.sin(2 * np.pi * modulation * TIME))).astype(np.float32)


@given(st.sampled_from((-12.0, -3.0, 6.0)))
def test_a_gain_is_as_far_as_its_decibels(gain: float) -> None:
    louder = hiss() * np.float32(10 ** (gain / 20))
    for distance in (log_spectral_distance, modulation_distance):
        assert distance(hiss(), hiss()) == 0
        assert distance(hiss(), louder) == pytest.approx(abs(gain), rel=0.02)


def test_only_the_treble_counts() -> None:
    bass = np.sin(2 * np.pi * 110 * TIME).astype(np.float32)
    for distance in (log_spectral_distance, modulation_distance):
        assert distance(hiss(), hiss() + 0.1 * bass) < 0.2


def test_beats_that_are_missing_are_heard_in_the_modulation() -> None:
    steady, beating = hiss(), hiss(6.0)
    assert modulation_distance(beating, steady) > 2 * modulation_distance(beating, hiss(7.0))
