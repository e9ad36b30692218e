import numpy as np
import pytest

from benchmarks.event_codes import (
    CODES,
    RATE,
    EventCode,
    _lif,
    adaptive_steps,
    band_parts,
    bands,
    encoded,
    fitted,
    send_on_delta,
    steps,
    threshold_adaptive,
)

names = pytest.mark.parametrize("code", CODES, ids=[code.name for code in CODES])


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    time = np.arange(6000) / RATE
    return 0.3 * np.sin(2 * np.pi * 220 * time) * np.exp(-3 * time)


@names
def test_many_spikes_give_the_sound_back(code: EventCode, sound: np.ndarray) -> None:
    replay = code.replay(*encoded(code, sound, lambda s: np.count_nonzero(s) <= len(sound) / 4))
    found = fitted([replay], [code.split(sound)])(replay)
    assert np.square(found - sound).sum() < 0.1 * np.square(sound).sum()


@names
def test_a_scale_keeps_to_what_is_wanted(code: EventCode, sound: np.ndarray) -> None:
    spikes, scale = encoded(code, sound, lambda spikes: np.count_nonzero(spikes) <= 50)
    assert np.count_nonzero(spikes) <= 50
    assert np.count_nonzero(code.encode(code.prepare(sound), scale / 4)) > 50


def test_a_staircase_follows_the_sound_within_a_step(sound: np.ndarray) -> None:
    found = steps(send_on_delta(sound[None], 0.05), 0.05)[0]
    assert np.abs(found - sound).max() < 0.05


def test_adaptive_thresholds_follow_from_the_spikes(sound: np.ndarray) -> None:
    spikes = threshold_adaptive(sound[None], 0.02)
    found = adaptive_steps(spikes, 0.02)[0]
    assert np.square(found - sound).mean() < 0.2 * np.square(sound).mean()
    assert np.count_nonzero(spikes) < np.count_nonzero(send_on_delta(sound[None], 0.02))


def test_an_integrator_fires_as_one_that_steps_through_time() -> None:
    current = np.random.default_rng(0).random(3000) * 0.1
    decay, value, fired, membrane, free = 0.99, 0.0, [], [], 0.0
    for given in current:
        free, value = decay * free + given, decay * value + given
        membrane.append(free)
        fired.append(value > 1.0)
        value -= fired[-1]
    assert (_lif(np.array(membrane), 1.0, decay) == fired).all()
    assert any(fired)


def test_no_band_is_louder_than_the_sound(sound: np.ndarray) -> None:
    assert np.square(bands(sound)).sum(1).max() < 2 * np.square(sound).sum()


def test_bands_add_up_to_the_sound(sound: np.ndarray) -> None:
    np.testing.assert_allclose(band_parts(sound).sum(0), sound, atol=1e-12)
