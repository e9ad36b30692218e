import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.report.spectrum import BINS, HOP, log_frequencies, spectrogram

RATE = 22_050


@given(st.floats(100, 9000), st.floats(-60, 0))
def test_a_sine_stands_at_its_frequency_and_level(hertz: float, level: float) -> None:
    time = np.arange(8192) / RATE
    sine = 10 ** (level / 20) * np.sin(2 * np.pi * hertz * time)
    frame = spectrogram(sine.astype(np.float32), RATE)[:, 8]
    loudest = log_frequencies(RATE)[frame.argmax()]
    assert loudest == pytest.approx(hertz, abs=RATE / 2048 + 0.02 * hertz)
    assert frame.max() == pytest.approx(level, abs=2.5)


@given(st.integers(0, 5000))
def test_any_length_has_a_column_every_hop(length: int) -> None:
    decibels = spectrogram(np.zeros(length, np.float32), RATE)
    assert decibels.shape == (BINS, 1 + length // HOP)
    assert (decibels == -120).all()
