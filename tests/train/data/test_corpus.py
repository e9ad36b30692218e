import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.errors import AudioError
from train.config import HOP
from train.data.corpus import (
    Crops,
    DataError,
    ahead,
    audio_files,
    maestro,
    prepared,
    rendered,
    vary,
)
from train.data.performance import Performance
from train.data.piano import SAMPLE_RATE
from train.data.sets import load_music

ROWS = [
    {
        "canonical_composer": "A",
        "canonical_title": "One",
        "split": split,
        "year": "2004",
        "midi_filename": f"2004/{split}.midi",
        "audio_filename": f"2004/{split}.wav",
        "duration": "2.0",
    }
    for split in ("train", "validation", "test")
]


def write_csv(root: Path) -> None:
    with (root / "maestro-v3.0.0.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ROWS[0])
        table.writeheader()
        table.writerows(ROWS)


def write_json(root: Path) -> None:
    columns = {name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ROWS[0]}
    (root / "maestro-v3.0.0.json").write_text(json.dumps(columns))


@pytest.mark.parametrize("write", [write_csv, write_json], ids=["csv", "json"])
def test_both_tables_of_maestro_say_the_same(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path)
    (piece,) = maestro(tmp_path, "validation")
    assert (piece.title, piece.split) == ("A: One", "validation")
    assert piece.midi == tmp_path / "2004/validation.midi"


def test_a_folder_without_metadata_and_an_unknown_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="maestro"):
        maestro(tmp_path, "train")
    write_csv(tmp_path)
    with pytest.raises(DataError, match="'dev'"):
        maestro(tmp_path, "dev")


def test_a_piece_with_its_own_recording_is_not_rendered(tmp_path: Path) -> None:
    write_csv(tmp_path)
    (piece,) = maestro(tmp_path, "train")
    piece.audio.parent.mkdir()
    soundfile.write(piece.audio, np.zeros(100), SAMPLE_RATE)
    assert rendered([piece], None, tmp_path / "cache") == [piece.audio]  # type: ignore[arg-type]


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000])
def test_a_recording_of_another_rate_is_converted_once(tmp_path: Path, rate: int) -> None:
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone, tone], 1), rate)
    path = prepared(tmp_path / "tone.wav", tmp_path / "cache")
    sound, found = soundfile.read(path)
    assert (found, sound.shape) == (SAMPLE_RATE, (SAMPLE_RATE,))
    assert np.argmax(np.abs(np.fft.rfft(sound))) == 440
    stamp = path.stat().st_mtime_ns
    assert prepared(tmp_path / "tone.wav", tmp_path / "cache").stat().st_mtime_ns == stamp


def test_a_file_that_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"broken\.wav"):
        load_music(str(tmp_path), tmp_path / "cache")


def noises(folder: Path, seconds: float = 1.0) -> list[Path]:
    rng = np.random.default_rng(0)
    folder.mkdir(exist_ok=True)
    for name in ("a", "b", "c"):
        sound = rng.uniform(-0.5, 0.5, int(seconds * SAMPLE_RATE))
        soundfile.write(folder / f"{name}.flac", sound, SAMPLE_RATE)
    return audio_files(folder)


def test_a_batch_is_a_function_of_seed_and_step(tmp_path: Path) -> None:
    files = noises(tmp_path)
    one, same = Crops(files, 3, 4 * HOP, 7), Crops(files, 3, 4 * HOP, 7)
    one(0)
    np.testing.assert_array_equal(one(5), same(5))
    assert not np.array_equal(one(5), one(6))
    assert not np.array_equal(one(5), Crops(files, 3, 4 * HOP, 8)(5))


def test_reading_ahead_keeps_the_order() -> None:
    made = list(ahead(lambda step: np.full(1, step, np.float32), 3, 9))
    assert [int(batch[0]) for batch in made] == [3, 4, 5, 6, 7, 8]


def test_files_shorter_than_a_crop_are_left_out_or_refused(tmp_path: Path) -> None:
    files = noises(tmp_path)
    soundfile.write(tmp_path / "short.flac", np.zeros(10), SAMPLE_RATE)
    crops = Crops(audio_files(tmp_path), 2, 4 * HOP, 0)
    assert crops.files == files
    with pytest.raises(DataError, match="none of 4 files"):
        Crops(audio_files(tmp_path), 2, 10 * SAMPLE_RATE, 0)


def test_variation_keeps_length_and_range() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        sound = vary(rng.uniform(-1, 1, 3000).astype(np.float32), rng)
        assert sound.dtype == np.float32
        assert sound.shape == (3000,)
        assert np.abs(sound).max() <= 1


def test_music_of_a_folder_and_of_nothing(tmp_path: Path) -> None:
    noises(tmp_path / "music")
    music = load_music(str(tmp_path / "music"), tmp_path / "cache")
    assert len(music.train) == 2
    assert music.validation.shape[0] > 0
    for wrong in (str(tmp_path / "absent"), "maestro:" + str(tmp_path)):
        with pytest.raises(DataError):
            load_music(wrong, tmp_path / "cache")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError, match="no audio files"):
        load_music(str(tmp_path / "nothing"), tmp_path / "cache")


def test_a_performance_knows_its_length() -> None:
    empty = np.zeros(0)
    assert Performance(empty, empty, empty.astype(int), empty.astype(int)).seconds == 0
