from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.errors import AudioError
from train.config import SAMPLE_RATE
from train.data.sources import audio_file, prepared


def noise(path: Path, seconds: float = 1.0, rate: int = SAMPLE_RATE, channels: int = 1) -> Path:
    rng = np.random.default_rng(0)
    sound = rng.uniform(-0.5, 0.5, (int(seconds * rate), channels))
    soundfile.write(path, sound, rate, "PCM_16")
    return path


@pytest.mark.parametrize("suffix", ["wav", "flac"])
@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_a_window_of_a_file_is_that_of_the_whole(tmp_path: Path, suffix: str, rate: int) -> None:
    source = audio_file(noise(tmp_path / f"a.{suffix}", 1.0, rate, 2), tmp_path / "cache")
    assert source.frames == SAMPLE_RATE
    whole = source.read(0, source.frames)
    assert (whole.dtype, whole.shape) == (np.float32, (SAMPLE_RATE,))
    np.testing.assert_array_equal(source.read(5000, 777), whole[5000:5777])


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_a_recording_of_another_rate_is_converted_once_and_not_before_it_is_read(
    tmp_path: Path, rate: int
) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone, tone], 1), rate)
    source = audio_file(tmp_path / "tone.wav", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    sound = source.read(0, SAMPLE_RATE)
    assert np.argmax(np.abs(np.fft.rfft(sound))) == 440
    (path,) = (tmp_path / "cache").iterdir()
    stamp = path.stat().st_mtime_ns
    source.read(10, 10)
    assert prepared(tmp_path / "tone.wav", tmp_path / "cache") == path
    assert path.stat().st_mtime_ns == stamp


def test_what_is_no_audio_or_is_cut_short_is_named_by_its_header(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_bytes(b"no sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    content = noise(tmp_path / "whole.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(content[: len(content) // 2])
    for name in ("text", "empty", "cut", "absent"):
        with pytest.raises(AudioError, match=rf"{name}\.wav"):
            audio_file(tmp_path / f"{name}.wav", tmp_path / "cache")


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_a_flac_cut_short_is_found_where_it_is_read(tmp_path: Path, rate: int) -> None:
    path = noise(tmp_path / "cut.flac", 4.0, rate)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    source = audio_file(path, tmp_path / "cache")
    assert source.frames == 4 * SAMPLE_RATE
    with pytest.raises(AudioError, match=r"cut\.flac"):
        source.read(3 * SAMPLE_RATE, 1000)


def test_sound_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    sound = np.zeros(1000, np.float32)
    sound[500] = np.nan
    soundfile.write(tmp_path / "nan.wav", sound, SAMPLE_RATE, "FLOAT")
    source = audio_file(tmp_path / "nan.wav", tmp_path / "cache")
    with pytest.raises(AudioError, match=r"nan\.wav"):
        source.read(400, 200)
    assert not source.read(0, 400).any()
