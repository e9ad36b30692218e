import numpy as np
import pytest

from spiking_music.evaluation.frechet import frechet_distance, load_embedder
from spiking_music.evaluation.transcription import HOP, SAMPLE_RATE


def test_it_is_that_of_normal_distributions() -> None:
    one = np.random.default_rng(0).normal(size=(500, 6))
    assert frechet_distance(one, one) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(one, one + 2) == pytest.approx(6 * 2**2)
    spread = np.trace(np.cov(one, rowvar=False))  # twice as wide: (2 - 1)^2 of each variance
    wide = one.mean(0) + 2 * (one - one.mean(0))
    assert frechet_distance(one, wide) == pytest.approx(spread)
    assert frechet_distance(wide, one) == pytest.approx(spread)


def test_a_frame_has_features_and_a_dull_sound_has_others() -> None:
    embed, time = load_embedder(), np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tones = [np.sin(2 * np.pi * 220 * k * time) for k in range(1, 11)]
    bright, dull = (0.05 * np.sum(some, axis=0).astype(np.float32) for some in (tones, tones[:2]))
    found = embed(bright)
    assert found.shape == (-(-len(time) // HOP), 128)
    assert frechet_distance(found, embed(dull)) > 1e-3
