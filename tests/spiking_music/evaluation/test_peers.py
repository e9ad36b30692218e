import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.metrics import si_snr
from spiking_music.evaluation.peers import aligned, flac, opus
from train.config import SAMPLE_RATE


def chord(samples: int = 3 * SAMPLE_RATE) -> np.ndarray:
    time = np.arange(samples) / SAMPLE_RATE
    partials = (np.sin(2 * np.pi * hertz * time + hertz) / hertz for hertz in (220, 277.2, 880))
    return (40 * sum(partials) * np.exp(-time)).astype(np.float32)


@given(st.floats(-40, 40), st.integers(0, 9))
def test_a_delay_is_found_and_undone(delay: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = np.convolve(rng.standard_normal(6000), np.hanning(30)).astype(np.float32)
    phase = np.exp(-2j * np.pi * np.fft.rfftfreq(2 * len(sound)) * delay)
    late = np.fft.irfft(np.fft.rfft(sound, 2 * len(sound)) * phase)[: len(sound)]
    assert si_snr(sound[100:-100], aligned(sound, late.astype(np.float32))[100:-100]) > 30


@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=4000))
def test_flac_is_exact_to_sixteen_bits(values: list[float]) -> None:
    samples = np.array(values, np.float32)
    sound, bits = flac(samples)
    np.testing.assert_allclose(sound, samples, atol=1.01 / 32768)
    assert bits > 0
    assert bits % 8 == 0


def test_opus_costs_more_the_better_it_is() -> None:
    sound = chord()
    found = {kbps: opus(sound, kbps) for kbps in (6, 24, 96)}
    sizes = [bits for _, bits in found.values()]
    quality = [si_snr(sound, decoded) for decoded, _ in found.values()]
    assert sizes == sorted(sizes)
    assert quality == sorted(quality)
    assert quality[-1] > 20
    assert 5 < sizes[0] / 3000 < 12


@pytest.mark.parametrize("samples", [1, 300, 5001])
def test_silence_and_short_sounds_keep_their_length(samples: int) -> None:
    silence = np.zeros(samples, np.float32)
    decoded, _ = opus(silence, 12)
    assert decoded.shape == (samples,)
    assert np.abs(decoded).max() < 1e-3
