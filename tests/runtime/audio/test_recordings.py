from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.audio.recordings import read_audio, write_audio
from runtime.errors import AudioError, OutputError

RATE = 22050


def tone(samples: int, rate: int = RATE, channels: int = 1) -> np.ndarray:
    wave = 0.5 * np.sin(np.arange(samples) * (2 * np.pi * 440 / rate))
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def refusal(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        read_audio(path, RATE)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    frames=st.integers(1, 5000),
    rate=st.sampled_from([8000, 11025, 22050, 44100, 48000, 96000, 192000]),
    channels=st.integers(1, 3),
    suffix=st.sampled_from([".wav", ".flac"]),
)
def test_the_length_is_the_documented_one(
    tmp_path: Path, frames: int, rate: int, channels: int, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    soundfile.write(path, tone(frames, rate, channels), rate)
    recording = read_audio(path, RATE)
    assert recording.samples.shape == (max(1, round(frames * RATE / rate)),)
    assert recording.samples.dtype == np.float32
    assert (recording.source_rate, recording.source_channels) == (rate, channels)
    assert recording.source_frames == frames


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.integers(0, 3000), st.integers(0, 99), st.sampled_from([".wav", ".flac"]))
def test_sixteen_bits_come_back_as_written(
    tmp_path: Path, samples: int, seed: int, suffix: str
) -> None:
    path = tmp_path / f"a{suffix}"
    steps = np.random.default_rng(seed).integers(-32768, 32768, samples + 1)
    signal = (steps / 32768).astype(np.float32)
    write_audio(path, signal, RATE, overwrite=True)
    np.testing.assert_array_equal(read_audio(path, RATE).samples, signal)


@pytest.mark.parametrize("rate", [8000, 44100, 192000])
def test_a_tone_stays_that_tone_at_another_rate(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(200_000, rate), rate, subtype="FLOAT")  # more than three blocks
    found = read_audio(path, RATE).samples
    expected = tone(len(found))[:, 0]
    np.testing.assert_allclose(found[500:-500], expected[500:-500], atol=1e-3)


def test_channels_are_averaged(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    left, right = tone(1000)[:, 0], np.full(1000, 0.25, np.float32)
    soundfile.write(path, np.stack([left, right], axis=1), RATE, subtype="FLOAT")
    recording = read_audio(path, RATE)
    np.testing.assert_allclose(recording.samples, (left + right) / 2, atol=1e-7)
    assert recording.warnings == ()


def test_writing_clips_and_never_wraps(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    write_audio(path, np.array([2.0, -2.0, 1.0, -1.0, 0.0], np.float32), RATE)
    steps, _ = soundfile.read(path, dtype="int16")
    assert steps.tolist() == [32767, -32768, 32767, -32768, 0]


@pytest.mark.parametrize("level", [0.0, 1e-5])
def test_a_silent_recording_is_read_with_a_warning(tmp_path: Path, level: float) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.full(700, level, np.float32), RATE, subtype="FLOAT")
    (warning,) = read_audio(path, RATE).warnings
    assert "silent" in warning


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_clipped_recording_is_read_with_a_warning(tmp_path: Path, subtype: str) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.clip(4 * tone(2000), -1, 1), RATE, subtype=subtype)
    (warning,) = read_audio(path, RATE).warnings
    assert "clipped" in warning


def test_a_normalised_recording_is_not_called_clipped(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    peaks = np.random.default_rng(0).uniform(-0.9, 0.9, 2000)
    peaks[[5, 900]] = 1, -1
    soundfile.write(path, peaks, RATE)
    assert read_audio(path, RATE).warnings == ()


def test_one_sample_is_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.array([0.5]), 192000)
    assert read_audio(path, RATE).samples.shape == (1,)


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert "no such file" in refusal(tmp_path / "nowhere.wav")
    assert "is not a file" in refusal(tmp_path)


@pytest.mark.parametrize("name", ["a.wav", "a.txt", "a.raw", "a.flac"])
def test_what_is_not_audio_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"once upon a time there was a piano\n" * 99)
    assert "not an audio file" in refusal(path)
    path.write_bytes(b"")
    assert "empty" in refusal(path)


def test_a_recording_without_samples_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(0), RATE)
    assert "no samples" in refusal(path)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 70_000])
def test_what_is_not_finite_is_refused(tmp_path: Path, bad: float, place: int) -> None:
    path = tmp_path / "a.wav"
    signal = tone(80_000)
    signal[place] = bad
    soundfile.write(path, signal, RATE, subtype="FLOAT")
    assert "NaN or infinity" in refusal(path)


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".au", ".w64", ".rf64"])
@pytest.mark.parametrize("share", [0.3, 0.66, 0.99])
def test_a_truncated_file_is_refused(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"a{suffix}"
    random = np.random.default_rng(0).uniform(-0.5, 0.5, 100_000)
    soundfile.write(path, random, RATE, subtype="PCM_16")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    assert "truncated" in refusal(path)


def test_a_wav_from_a_pipe_knows_no_length_and_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(3000), RATE, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    for at in (4, 40):
        data[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert read_audio(path, RATE).source_frames == 3000


def test_an_impossible_rate_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(100), 1)
    assert "1 Hz" in refusal(path)


def test_bad_output_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    good = np.zeros(9, np.float32)
    with pytest.raises(OutputError, match=r"\.wav or \.flac"):
        write_audio(tmp_path / "a.mp3", good, RATE)
    with pytest.raises(AudioError, match="NaN"):
        write_audio(tmp_path / "a.wav", good * np.nan, RATE)
    assert not list(tmp_path.iterdir())
    write_audio(tmp_path / "a.wav", good, RATE)
    with pytest.raises(OutputError, match="exists already"):
        write_audio(tmp_path / "a.wav", good, RATE)
