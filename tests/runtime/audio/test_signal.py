from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from runtime.audio.recordings import read_audio
from runtime.audio.signal import mono_signal
from runtime.errors import AudioError

RATE = 22_050
TONE = 0.5 * np.sin(np.arange(9_001) / 7)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int16, np.int32])
def test_every_dtype_is_the_same_sound(dtype: type) -> None:
    scale = 1 if np.issubdtype(dtype, np.floating) else -float(np.iinfo(dtype).min)
    found = mono_signal((TONE * scale).astype(dtype), RATE, RATE)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, TONE, atol=1e-3)
    unsigned = np.rint(TONE * 128 + 128).astype(np.uint8)
    np.testing.assert_allclose(mono_signal(unsigned, RATE, RATE), TONE, atol=0.01)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_are_averaged(channels: int) -> None:
    stacked = np.stack([TONE * gain for gain in range(channels)], axis=1)
    expected = TONE * (channels - 1) / 2
    for samples in (stacked, stacked.tolist()):
        np.testing.assert_allclose(mono_signal(samples, RATE, RATE), expected, atol=1e-6)


@given(st.integers(1, 9_000), st.sampled_from([8_000, 22_050, 44_100, 48_000, 96_000]))
def test_any_rate_gives_its_length(samples: int, rate: int) -> None:
    found = mono_signal(TONE[:samples], rate, RATE)
    assert len(found) == max(1, round(samples * RATE / rate))


def test_a_file_gives_the_same_as_its_samples(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (20_001, 2)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", noise, 44_100, "FLOAT")
    read = read_audio(tmp_path / "a.wav", RATE).samples
    np.testing.assert_array_equal(mono_signal(noise, 44_100, RATE), read)


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (TONE, 10, "rate of 10 Hz"),
        (TONE, 44_100.5, "44100.5"),
        (TONE, "44100", "'44100'"),
        (TONE, float("nan"), "nan"),
        (TONE.reshape(-1, 1, 1), RATE, r"\(9001, 1, 1\)"),
        (np.zeros((2, 9_001)), RATE, r"shape \(2, 9001\): give \(n,\) or \(n, channels\)"),
        ([], RATE, r"shape \(0,\): there are none"),
        (np.zeros((0, 2), np.int16), RATE, r"shape \(0, 2\): there are none"),
        (np.float32(0.5), RATE, r"shape \(\)"),
        ([[1.0], [1.0, 2.0]], RATE, "no array"),
        ([1, 2, 3], RATE, "int64 have no full scale"),
        (np.zeros(9, np.complex64), RATE, "complex64"),
        (["a"], RATE, "no full scale"),
        (np.array([0.0, np.nan]), RATE, "NaN"),
        (np.array([0.0, 1e300]), RATE, "beyond float32"),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(samples: object, rate: object, message: str) -> None:
    with pytest.raises(AudioError, match=message) as caught:
        mono_signal(samples, rate, RATE)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
