import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
import symusic

from runtime.errors import DataError
from train.config import SAMPLE_RATE
from train.data.annotated import of_maestro
from train.data.clips import CLIP_SAMPLES
from train.data.held_out import held_out
from train.data.maestro import Maestro


@pytest.fixture
def maestro(tmp_path: Path) -> Path:
    """A small MAESTRO without its sound, with three pieces to test on; one note every 0.5 s."""
    with (tmp_path / "maestro-v3.0.0.csv").open("w", newline="") as file:
        table = csv.writer(file)
        columns = ["canonical_composer", "canonical_title", "split"]
        table.writerow([*columns, "midi_filename", "audio_filename"])
        for name, split in (("t", "train"), ("a", "test"), ("b", "test"), ("c", "test")):
            table.writerow([name, name, split, f"{name}.midi", f"{name}.wav"])
            score = symusic.Score(480, ttype="Tick")  # 120 beats a minute
            track = symusic.Track()
            for index in range(20):
                track.notes.append(symusic.Note(index * 480, 400, 60 + index % 12, 80))
            score.tracks.append(track)
            score.dump_midi(tmp_path / f"{name}.midi")
    return tmp_path


def test_the_middle_of_a_piece_is_rendered_with_the_notes_played_in_it(maestro: Path) -> None:
    clips, skipped = held_out(Maestro(maestro))
    assert [clip.name for clip in clips] == ["a", "b", "c"]
    assert not skipped
    clip = clips[0]
    assert clip.samples.shape == (CLIP_SAMPLES,)
    assert clip.notes is not None
    assert len(clip.notes.onset) in (11, 12)
    np.testing.assert_allclose(np.diff(clip.notes.onset), 0.5, atol=1e-3)
    for onset in clip.notes.onset[1:-1]:
        at = round(onset * SAMPLE_RATE)
        before, after = clip.samples[at - 500 : at], clip.samples[at + 200 : at + 1200]
        assert np.abs(after).max() > 2 * np.abs(before).max()


def test_a_recording_that_is_there_is_taken_and_a_damaged_piece_is_named(maestro: Path) -> None:
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 9 * SAMPLE_RATE)
    soundfile.write(maestro / "a.wav", sound, SAMPLE_RATE)
    (maestro / "b.midi").write_text("no notes here")
    clips, skipped = held_out(Maestro(maestro), limit=2)
    assert [clip.name for clip in clips] == ["a", "c"]
    start = (9 * SAMPLE_RATE - CLIP_SAMPLES) // 2
    np.testing.assert_allclose(clips[0].samples, sound[start:][:CLIP_SAMPLES], atol=1e-4)
    assert "b.midi" in skipped[0]


def test_pieces_that_are_not_there_are_one_clear_error(maestro: Path) -> None:
    for file in maestro.glob("*.midi"):
        file.unlink()
    with pytest.raises(DataError, match="none of 3 recordings can be measured"):
        held_out(Maestro(maestro))


def test_a_whole_piece_is_rendered_with_all_that_is_played(maestro: Path) -> None:
    pieces = of_maestro(Maestro(maestro))
    assert len(pieces) == 3
    music = pieces[0]()
    assert music.name == "a"
    assert len(music.notes.onset) == 20
    assert len(music.samples) > 9.5 * SAMPLE_RATE
    assert music.pedal is not None
    (at,) = np.flatnonzero(np.isclose(music.notes.onset, 3.0, atol=1e-3))
    strike = round(music.notes.onset[at] * SAMPLE_RATE)
    before, after = (np.abs(music.samples[strike + a :][:500]).max() for a in (-500, 300))
    assert after > before
