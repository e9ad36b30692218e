import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.metrics import si_snr

RANDOM = np.random.default_rng(0)
SIGNAL = RANDOM.normal(size=5000)
NOISE = RANDOM.normal(size=5000)


@given(st.floats(-40, 60), st.floats(1e-3, 1e3), st.floats(-5, 5))
def test_it_is_the_ratio_whatever_the_scale_and_mean(
    decibels: float, scale: float, offset: float
) -> None:
    reference = SIGNAL - SIGNAL.mean()
    noise = NOISE - NOISE.mean()
    noise -= reference * (noise @ reference) / (reference @ reference)
    noise *= np.linalg.norm(reference) / np.linalg.norm(noise) * 10 ** (-decibels / 20)
    estimate = scale * (reference + noise) + offset
    assert si_snr(SIGNAL + 3, estimate) == pytest.approx(decibels, abs=1e-4)


def test_the_limits() -> None:
    wave = np.array([1.0, -1.0, 1.0, -1.0])
    other = np.array([1.0, 1.0, -1.0, -1.0])
    assert si_snr(wave, 2 * wave) == math.inf
    assert si_snr(wave, other) == -math.inf
    assert si_snr(wave, np.zeros(4)) == -math.inf
    assert math.isnan(si_snr(np.ones(4), wave))
    assert math.isnan(si_snr(np.zeros(0), np.zeros(0)))


def test_signals_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        si_snr(np.zeros(3), np.zeros(4))
