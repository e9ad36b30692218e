import numpy as np
import pytest

from runtime.lapped import noise
from runtime.lapped.corrections import corrections

RATE = 22050


def test_a_part_of_the_noise_is_the_same_as_in_the_whole() -> None:
    levels = np.random.default_rng(0).uniform(-6, -2, (41, noise.BANDS)).astype(np.float32)
    whole = noise.noise(levels, 5, 0, RATE)
    assert len(whole) == 40 * noise.HOP
    part = noise.noise(levels[8:25], 5, 8, RATE)
    np.testing.assert_allclose(part, whole[8 * noise.HOP : 24 * noise.HOP], atol=1e-6)
    assert not np.array_equal(noise.noise(levels, 6, 0, RATE), whole)


def test_noise_has_the_level_that_it_is_given() -> None:
    levels = np.full((400, noise.BANDS), -3.0, np.float32)
    found = noise.powers(noise.noise(levels, 0, 0, RATE), noise.BANDS, RATE).mean(0)
    np.testing.assert_allclose(found[1:], np.exp(-6.0), rtol=0.2)  # constant in the first band


@pytest.mark.parametrize("wrong", [-4, 0, 3])
def test_corrections_undo_what_the_levels_are_wrong_by(wrong: int) -> None:
    levels = np.full((4 * 32 + 1, noise.BANDS), -2.0, np.float32)
    sound = noise.noise(levels, 1, 0, RATE)
    louder = levels + np.float32(wrong * noise.UNIT_DB * noise.NEPER)
    found = corrections(sound, np.zeros_like(sound), louder, RATE)
    assert found.shape == (2, noise.BANDS - noise.first_band(RATE))
    # The mean of log powers lies below the log of their mean: one unit at most.
    assert (np.abs(found + wrong) <= 1).all()
    moved = noise.corrected(louder[:128], np.repeat(found, 16, 0), RATE)
    assert np.abs(moved[:, noise.first_band(RATE) :] - levels[0, 0]).max() < 0.5


def test_corrections_stay_where_the_noise_matters_little(monkeypatch: pytest.MonkeyPatch) -> None:
    units = np.random.default_rng(2).uniform(-2, 2, (8, noise.BANDS))
    levels = -2 - noise.UNIT_DB * noise.NEPER * np.repeat(units, 16 * noise.PARTS, 0)
    levels = np.pad(levels, ((0, 1), (0, 0)), mode="edge").astype(np.float32)
    sound = noise.noise(np.full_like(levels, -2), 1, 0, RATE)
    decoded = noise.noise(np.full_like(levels, -2), 2, 0, RATE)  # as loud as the sound
    steady = corrections(sound, decoded, levels - 1, RATE)
    monkeypatch.setattr("runtime.lapped.corrections.CHANGE", 0.0)
    free = corrections(sound, decoded, levels - 1, RATE)
    assert np.abs(np.diff(steady, axis=0)).sum() < np.abs(np.diff(free, axis=0)).sum() / 2
