import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from train.data.variation import DETUNE, retuned, vary


@given(st.integers(0, 2**32), st.floats(0, 2))
@settings(max_examples=25, deadline=None)
def test_variation_keeps_length_and_range_and_is_a_function_of_its_draws(
    seed: int, level: float
) -> None:
    rng = np.random.default_rng(seed)
    sound = (level * rng.uniform(-1, 1, 3000)).astype(np.float32)
    one, same = (vary(sound, np.random.default_rng(seed)) for _ in range(2))
    assert one.dtype == np.float32
    assert one.shape == (3000,)
    assert np.abs(one).max() <= 1
    np.testing.assert_array_equal(one, same)


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_retuning_moves_the_pitch_by_no_more_than_a_tuning_does(seed: int) -> None:
    tone = np.sin(2 * np.pi * 0.05 * np.arange(20_000)).astype(np.float32)
    sound = retuned(tone, 16_384, np.random.default_rng(seed))
    assert sound.shape == (16_384,)
    pitch = np.argmax(np.abs(np.fft.rfft(sound * np.hanning(16_384)))) / 16_384
    assert abs(12 * np.log2(pitch / 0.05)) < DETUNE + 0.02
