from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import AudioError, DataError
from train.data.clips import CLIP_SAMPLES, Clip, middle, read_clip, read_clips
from train.data.sources import recordings


@given(st.integers(1, 300_000))
def test_a_clip_is_cut_from_the_middle(samples: int) -> None:
    part = middle(samples)
    assert part.stop - part.start == min(samples, CLIP_SAMPLES)
    assert abs(part.start - (samples - part.stop)) <= 1


@given(st.integers(1, 50), st.integers(1, 60))
def test_at_most_so_many_clips_are_spread_over_all(items: int, limit: int) -> None:
    read = [int(clip.name) for clip in read_clips(range(items), numbered, limit)[0]]
    assert len(read) == min(items, limit)
    assert read == sorted(set(read))
    assert limit == 1 or read[-1] >= items // 2 - 1


def test_others_are_taken_for_those_that_cannot_be_read() -> None:
    def odd(index: int) -> Clip:
        if index % 2 == 0:
            raise AudioError(f"{index} is even")
        return numbered(index)

    clips, skipped = read_clips(range(10), odd, 4)
    assert sorted(clip.name for clip in clips) == ["1", "3", "5", "7"]
    assert skipped[0] == "0 is even"


def numbered(index: int) -> Clip:
    return Clip(str(index), np.zeros(1, np.float32))


def sound(path: Path, samples: int = 30_000, rate: int = 22_050) -> Path:
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, samples), rate)
    return path


def test_unreadable_recordings_are_skipped_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("no sound here")
    sound(tmp_path / "b.wav", 1000)
    for name in "cde":
        sound(tmp_path / f"{name}.flac")
    (tmp_path / "notes.txt").touch()
    clips, skipped = read_clips(recordings(tmp_path), read_clip)
    assert [clip.name for clip in clips] == ["c", "d", "e"]
    assert len(skipped) == 2
    assert "a.wav" in skipped[0]
    assert "b.wav: is shorter than 0.1 s" in skipped[1]


def test_no_recording_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no recordings"):
        recordings(tmp_path)
    (tmp_path / "a.wav").touch()
    with pytest.raises(DataError, match=r"none of 1 recordings .*a\.wav: is empty"):
        read_clips(recordings(tmp_path), read_clip)


def test_notes_beside_a_recording_are_cut_with_it(tmp_path: Path) -> None:
    file = sound(tmp_path / "a.wav", 10 * 16_000, 16_000)
    rows = "# onset_s\toffset_s\tmidi_note\tvelocity\n9\t9.5\t60\t1\n3\t4\t62\t1\n2\t3\t64\t1\n"
    file.with_suffix(".tsv").write_text(rows)
    clip = read_clip(file)
    assert clip.notes is not None
    start = (220_500 - CLIP_SAMPLES) // 2 / 22_050
    np.testing.assert_allclose(clip.notes.onset, [3 - start])
    assert clip.notes.pitch.tolist() == [62]
    assert clip.bandwidth == pytest.approx(7600)
    assert read_clip(sound(tmp_path / "b.wav")).bandwidth is None


@pytest.mark.parametrize("text", ["one two three\n", "1\t2\n", "nan\t2\t60\n"])
def test_a_damaged_list_of_notes_is_refused(tmp_path: Path, text: str) -> None:
    file = sound(tmp_path / "a.wav")
    file.with_suffix(".tsv").write_text(text)
    with pytest.raises(AudioError, match=r"a\.tsv"):
        read_clip(file)
