import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic

from runtime.audio.recordings import AUDIO_SUFFIXES
from runtime.errors import DataError
from train.config import SAMPLE_RATE
from train.data.crops import Crops
from train.data.sets import VALIDATION_CLIPS, VALIDATION_SAMPLES, load_music


def write_midi(path: Path, notes: int = 12) -> None:
    score = symusic.Score(480, ttype="Tick")
    track = symusic.Track()
    for index in range(notes):
        track.notes.append(symusic.Note(index * 400, 700, 48 + 3 * index % 24, 60 + index))
    score.tracks.append(track)
    path.parent.mkdir(parents=True, exist_ok=True)
    score.dump_midi(path)


def write_noise(path: Path, seconds: float = 4.0, rate: int = SAMPLE_RATE) -> None:
    rng = np.random.default_rng(0)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, rng.uniform(-0.5, 0.5, int(seconds * rate)), rate)


def write_maestro(root: Path, train: tuple[str, ...] = ("a", "b", "c")) -> Path:
    """A small MAESTRO without its sound: training pieces and two to validate on."""
    root.mkdir()
    with (root / "maestro-v3.0.0.csv").open("w", newline="") as file:
        table = csv.writer(file)
        names = ["canonical_composer", "canonical_title", "split"]
        table.writerow([*names, "midi_filename", "audio_filename"])
        for name, split in [*((n, "train") for n in train), *((n, "validation") for n in "vw")]:
            table.writerow([name, name, split, f"2004/{name}.midi", f"2004/{name}.wav"])
            write_midi(root / f"2004/{name}.midi")
    return root


def test_a_performance_without_its_recording_is_rendered_where_it_is_read(tmp_path: Path) -> None:
    root = write_maestro(tmp_path / "maestro")
    told: list[str] = []
    music = load_music(f"maestro:{root}", tmp_path / "cache", told.append)
    assert music.validation.shape == (VALIDATION_CLIPS, VALIDATION_SAMPLES)
    assert np.abs(music.validation).max(1).min() > 1e-3
    one, same = (
        Crops(load_music(f"maestro:{root}", tmp_path / "cache").train, 2, 4096, 0)(3)
        for _ in range(2)
    )
    assert one.tobytes() == same.tobytes()
    assert not (tmp_path / "cache").exists()
    assert not told


@pytest.mark.parametrize("rate", [SAMPLE_RATE, 44_100])
def test_a_performance_with_its_recording_is_that(tmp_path: Path, rate: int) -> None:
    root = write_maestro(tmp_path / "maestro")
    write_noise(root / "2004/b.wav", 4.0, rate)
    music = load_music(f"maestro:{root}", tmp_path / "cache")
    assert [Path(source.name).name for source in music.train] == ["a.midi", "b.wav", "c.midi"]
    assert music.train[1].frames == 4 * SAMPLE_RATE
    assert np.abs(music.train[1].read(0, 4096)).mean() > 0.1


def test_a_part_of_maestro_is_used_and_what_is_damaged_is_named(tmp_path: Path) -> None:
    root = write_maestro(tmp_path / "maestro")
    midi = root / "2004/a.midi"
    midi.write_bytes(midi.read_bytes()[:-40])
    (root / "2004/v.midi").write_bytes(b"no music")
    (root / "2004/c.midi").unlink()
    told: list[str] = []
    music = load_music(f"maestro:{root}", tmp_path / "cache", told.append)
    assert [Path(source.name).name for source in music.train] == ["b.midi"]
    missing, first, second = told
    assert "1 of 3 train" in missing
    assert "a.midi" in first
    assert "v.midi" in second
    for name in "bw":
        (root / f"2004/{name}.midi").unlink()
    with pytest.raises(DataError, match="train"):
        load_music(f"maestro:{root}", tmp_path / "cache", told.append)


def test_sets_are_joined_by_a_plus(tmp_path: Path) -> None:
    root = write_maestro(tmp_path / "maestro")
    folder = tmp_path / "a+b"
    for name in ("1", "2", "3"):
        write_noise(folder / f"{name}.flac")
    alone = load_music(str(folder), tmp_path / "cache")
    assert len(alone.train) == 2
    (folder).rename(tmp_path / "ab")
    both = load_music(f"maestro:{root}+{tmp_path / 'ab'}", tmp_path / "cache")
    names = [Path(source.name).name for source in both.train]
    assert names == ["a.midi", "b.midi", "c.midi", "1.flac", "2.flac"]
    loud = np.abs(both.validation).mean(1) > 0.2
    assert 0 < loud.sum() < VALIDATION_CLIPS


def test_the_shipped_performances_are_music(tmp_path: Path) -> None:
    music = load_music("shipped", tmp_path / "cache")
    assert len(music.train) == 2
    assert music.validation.shape == (VALIDATION_CLIPS, VALIDATION_SAMPLES)
    assert not (tmp_path / "cache").exists()


def test_validation_clips_stay_as_they_were_and_come_from_pieces_that_can_be_read(
    tmp_path: Path,
) -> None:
    for name, seconds in (("1", 9.0), ("2", 1.0), ("3", 5.0), ("4", 6.0)):
        write_noise(tmp_path / f"music/validation/{name}.flac", seconds)
    write_noise(tmp_path / "music/train/1.flac")
    cut = tmp_path / "music/validation/4.flac"
    cut.write_bytes(cut.read_bytes()[:3000])
    told: list[str] = []
    music = load_music(str(tmp_path / "music"), tmp_path / "cache", told.append)
    assert ["2.flac" in told[0], "4.flac" in told[1], len(told)] == [True, True, 2]
    for index, clip in enumerate(music.validation):
        file = tmp_path / f"music/validation/{'13'[index * 2 // VALIDATION_CLIPS]}.flac"
        sound, _ = soundfile.read(file, dtype="float32")
        start = (len(sound) - VALIDATION_SAMPLES) * (index % 5 + 1) // 6
        np.testing.assert_array_equal(clip, sound[start : start + VALIDATION_SAMPLES])


def test_short_music_is_padded_where_there_is_no_longer_one(tmp_path: Path) -> None:
    write_noise(tmp_path / "music/1.flac", 1.0)
    clips = load_music(str(tmp_path / "music"), tmp_path / "cache").validation
    assert clips[:, :SAMPLE_RATE].all(1).any()
    assert not clips[:, SAMPLE_RATE:].any()


def test_a_broken_file_is_named_and_the_rest_is_used(tmp_path: Path) -> None:
    for name in ("1", "2", "4"):
        write_noise(tmp_path / f"music/{name}.flac")
    (tmp_path / "music/3.wav").write_bytes(b"no sound")
    told: list[str] = []
    music = load_music(str(tmp_path / "music"), tmp_path / "cache", told.append)
    assert len(music.train) == 2
    (line,) = told
    assert "3.wav" in line
    assert "\n" not in line


FORMS = {
    ".opus": "OGG",
    ".oga": "OGG",
    ".aif": "AIFF",
    ".aifc": "AIFF",
    ".snd": "AU",
    ".sph": "NIST",
    ".wave": "WAV",
    ".bwf": "WAV",
    ".mp2": "MP3",
    ".mpga": "MP3",
}


@pytest.mark.parametrize("suffix", AUDIO_SUFFIXES)
def test_training_reads_what_the_command_line_reads(suffix: str, tmp_path: Path) -> None:
    form = FORMS.get(suffix, suffix[1:].upper())
    rate = 48_000 if suffix == ".opus" else SAMPLE_RATE
    sound = 0.1 * np.random.default_rng(0).standard_normal(rate)
    subtype = "OPUS" if suffix == ".opus" else None
    soundfile.write(tmp_path / f"1{suffix}", sound, rate, format=form, subtype=subtype)
    music = load_music(str(tmp_path), tmp_path / "cache")
    assert music.train[0].read(1000, 1000).std() > 0.02


def test_music_of_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/1.wav").write_bytes(b"no sound")
    for data, match in (
        (str(tmp_path / "absent"), "absent"),
        (f"maestro:{tmp_path}", "maestro"),
        (str(tmp_path / "nothing"), "holds no recordings"),
        (str(tmp_path / "broken"), "broken"),
        ("", "not a folder"),
        ("shipped+", "not a folder"),
    ):
        with pytest.raises(DataError, match=match):
            load_music(data, tmp_path / "cache", lambda line: None)
