import numpy as np
import pytest

from benchmarks.noise import excess


@pytest.mark.parametrize("gain", [0.1, 0.5, 2.0])
def test_noise_is_louder_by_what_it_was_made_louder(gain: float) -> None:
    sound = np.random.default_rng(0).normal(0, 0.3, 50_000).astype(np.float32)
    found = excess(sound, np.float32(gain) * sound)
    assert found == pytest.approx(20 * np.log10(gain), abs=0.1)
