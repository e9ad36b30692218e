import tempfile
from pathlib import Path

import numpy as np
import pytest
import symusic
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import PerformanceError
from train.data.performance import read_midi, read_pedal


def write(
    path: Path, notes: list[tuple[float, float, int]], pedal: list[tuple[float, int]]
) -> Path:
    """Write notes (start, duration, pitch) and pedal (time, value), in seconds."""
    score = symusic.Score(480, ttype="Tick")
    track = symusic.Track()
    ticks = 960  # a second at 120 beats a minute
    for start, duration, pitch in notes:
        track.notes.append(symusic.Note(round(start * ticks), round(duration * ticks), pitch, 64))
    for time, value in pedal:
        track.controls.append(symusic.ControlChange(round(time * ticks), 64, value))
    score.tracks.append(track)
    score.dump_midi(path)
    return path


def test_a_released_key_under_the_pedal_sounds_until_the_pedal_comes_up(tmp_path: Path) -> None:
    pedal = [(0.5, 127), (2.0, 0)]
    found = read_midi(write(tmp_path / "a.mid", [(0.0, 1.0, 60), (1.5, 1.0, 62)], pedal))
    np.testing.assert_allclose(found.release, [2.0, 2.5], atol=2e-3)


def test_a_key_released_before_the_pedal_stops_at_once(tmp_path: Path) -> None:
    found = read_midi(write(tmp_path / "a.mid", [(0.0, 0.25, 60)], [(0.5, 127), (2.0, 0)]))
    np.testing.assert_allclose(found.release, [0.25], atol=2e-3)


def test_the_pedal_goes_down_when_it_passes_the_middle_and_not_again(tmp_path: Path) -> None:
    pedal = [(0.5, 40), (1.0, 80), (1.5, 127), (2.0, 20), (2.5, 0), (3.0, 64)]
    found = read_pedal(write(tmp_path / "pedal.mid", [(0.0, 1.0, 60)], pedal))
    np.testing.assert_allclose(found.down, [1.0, 3.0], atol=1e-3)
    np.testing.assert_allclose(found.up, [2.0], atol=1e-3)
    found = read_pedal(write(tmp_path / "none.mid", [(0.0, 1.0, 60)], []))
    assert found.down.size == found.up.size == 0


def test_a_restruck_key_ends_its_own_earlier_note(tmp_path: Path) -> None:
    notes = [(0.0, 0.2, 60), (1.0, 0.2, 60), (0.1, 0.2, 64)]
    found = read_midi(write(tmp_path / "a.mid", notes, [(0.0, 127), (3.0, 0)]))
    np.testing.assert_allclose(found.onset, [0.0, 0.1, 1.0], atol=2e-3)
    np.testing.assert_allclose(found.release, [1.0, 3.0, 3.0], atol=2e-3)


@pytest.mark.parametrize("content", [b"", b"not midi at all"])
def test_what_is_not_midi_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "noise.mid"
    path.write_bytes(content)
    with pytest.raises(PerformanceError, match=r"noise\.mid"):
        read_midi(path)


def test_a_file_without_notes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PerformanceError, match="no notes"):
        read_midi(write(tmp_path / "empty.mid", [], []))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 30), st.integers(60, 63)), min_size=1))
@settings(max_examples=40, deadline=None)
def test_a_key_never_sounds_twice_at_once(notes: list[tuple[int, int, int]]) -> None:
    # Quarters of a second are whole ticks.
    spread = [(start / 4, length / 4, pitch) for start, length, pitch in notes]
    with tempfile.TemporaryDirectory() as folder:
        found = read_midi(write(Path(folder) / "a.mid", spread, [(0.0, 127), (20.0, 0)]))
    assert (np.diff(found.onset) >= 0).all()
    assert (found.release >= found.onset).all()
    for key in np.unique(found.pitch):
        own = found.pitch == key
        assert (found.release[own][:-1] <= found.onset[own][1:] + 1e-6).all()


def test_a_file_cut_short_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.mid", [(i / 4, 0.2, 60) for i in range(20)], [])
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(PerformanceError, match=r"cut\.mid"):
        read_midi(path)
