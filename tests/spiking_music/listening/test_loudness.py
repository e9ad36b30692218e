import numpy as np
import pyloudnorm
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.listening.loudness import CEILING, LUFS, matched

NOISE = np.random.default_rng(0).normal(0, 0.1, 44_100).astype(np.float32)


def loudness(sound: np.ndarray) -> float:
    return pyloudnorm.Meter(22_050).integrated_loudness(sound.astype(np.float64))


@given(st.lists(st.floats(0.01, 10), min_size=1, max_size=4))
def test_all_are_equally_loud(gains: list[float]) -> None:
    for sound in matched([NOISE * np.float32(gain) for gain in gains], 22_050):
        assert sound.dtype == np.float32
        assert loudness(sound) == pytest.approx(LUFS, abs=0.01)


def test_all_are_softer_where_one_would_clip() -> None:
    clicks = np.zeros(44_100, np.float32)
    clicks[::4000] = 1.0
    loud, soft = matched([clicks, NOISE], 22_050)
    assert np.abs(loud).max() == pytest.approx(CEILING)
    assert loudness(loud) == pytest.approx(loudness(soft), abs=0.01) != LUFS


def test_silence_and_the_shortest_sound_stay() -> None:
    silence, short = np.zeros(44_100, np.float32), NOISE[:1000]
    for sound, level in zip((silence, short), matched([silence, short], 22_050), strict=True):
        assert (sound == level).all()
    assert matched([], 22_050) == []
