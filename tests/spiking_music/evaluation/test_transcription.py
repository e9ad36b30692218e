import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import MissingPackageError
from spiking_music.evaluation.transcription import (
    HOP,
    SAMPLE_RATE,
    load_transcriber,
    note_f1,
    pick_notes,
)
from train.data.notes import Notes

FRAME = HOP / SAMPLE_RATE


def notes(*pairs: tuple[float, int]) -> Notes:
    ordered = sorted(pairs)
    onset = np.array([time for time, _ in ordered], np.float64)
    return Notes(onset, np.array([pitch for _, pitch in ordered], np.int64))


pieces = st.lists(
    st.tuples(st.integers(1, 20).map(lambda k: k * 0.3), st.integers(21, 108)),
    max_size=20,
    unique=True,
).map(lambda pairs: notes(*pairs))


@given(pieces, st.floats(-0.04, 0.04))
def test_a_small_shift_changes_no_score_and_a_large_one_leaves_none(
    piece: Notes, shift: float
) -> None:
    perfect = 1.0 if piece.onset.size else None
    assert note_f1(piece, Notes(piece.onset + shift, piece.pitch)) == perfect
    assert note_f1(piece, Notes(piece.onset + 0.15, piece.pitch)) in (0.0, None)


@given(pieces)
def test_another_octave_is_another_note(piece: Notes) -> None:
    assert note_f1(piece, Notes(piece.onset, piece.pitch + 100)) in (0.0, None)


def test_half_of_the_notes_is_two_thirds() -> None:
    assert note_f1(notes((0, 60), (1, 62)), notes((0, 60))) == pytest.approx(2 / 3)
    assert note_f1(notes((0, 60)), notes()) == 0.0


@given(pieces, st.floats(0, 3), st.floats(0, 3))
def test_a_cut_counts_from_its_start(piece: Notes, start: float, length: float) -> None:
    cut = piece.between(start, start + length)
    assert ((cut.onset >= 0) & (cut.onset <= length)).all()
    inside = (piece.onset >= start) & (piece.onset < start + length)
    np.testing.assert_array_equal(cut.pitch, piece.pitch[inside])


@given(st.sets(st.tuples(st.integers(0, 5).map(lambda k: 20 * k), st.integers(0, 87))))
def test_peaks_that_sound_on_are_notes(struck: set[tuple[int, int]]) -> None:
    note, onset = np.zeros((140, 88), np.float32), np.zeros((140, 88), np.float32)
    for frame, key in struck:
        onset[frame, key] = 0.9
        note[frame : frame + 15, key] = 0.8
    found = pick_notes(note, onset)
    frames = np.rint(found.onset / FRAME).astype(int)
    assert set(zip(frames.tolist(), (found.pitch - 21).tolist(), strict=True)) == struck
    assert not pick_notes(note * 0.3, onset).onset.size
    assert not pick_notes(note, onset * 0.5).onset.size


def test_struck_strings_are_heard_where_they_begin() -> None:
    transcribe = load_transcriber()
    played = notes((0.5, 60), (1.0, 64), (1.5, 67), (2.6, 48), (3.4, 72))
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    sound = np.zeros(len(time))
    for start, pitch in zip(played.onset, played.pitch, strict=True):
        after, hertz = np.maximum(time - start, 0), 440 * 2 ** ((pitch - 69) / 12)
        for partial in range(1, 7):
            decay = np.exp(-after * (1.5 + partial / 2)) / partial
            sound += 0.15 * decay * np.sin(2 * np.pi * hertz * partial * after)
    heard = transcribe(sound.astype(np.float32))
    for start, pitch in zip(played.onset, played.pitch, strict=True):
        assert np.abs(heard.onset[heard.pitch == pitch] - start).min() < 0.05
    assert not transcribe(np.zeros(SAMPLE_RATE, np.float32)).onset.size


def test_windows_meet_without_a_seam() -> None:
    from spiking_music.evaluation.transcription import _MARGIN, _WINDOW, cut

    samples = np.arange(1, 100_001, dtype=np.float32)
    windows = cut(samples)[:, :, 0]
    joined = windows[:, _MARGIN * HOP : -(_WINDOW - 157 * HOP)].ravel()
    np.testing.assert_array_equal(joined[: len(samples)], samples)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingPackageError, match="not installed"):
        load_transcriber()
