import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.analysis.symbols import CHORDS, KEYS, NOTES, SYMBOLS, chords, onsets
from train.data.annotated import AnnotatedRecording
from train.data.notes import Notes
from train.data.performance import Pedal

RATE = 43.0664


def music(onset: list[float], pitch: list[int], pedal: Pedal | None = None) -> AnnotatedRecording:
    notes = Notes(np.array(onset, np.float64), np.array(pitch, np.int64))
    return AnnotatedRecording("made up", np.zeros(0, np.float32), notes, pedal)


def test_the_keyboard_begins_at_A0_and_ends_at_C8() -> None:
    assert (NOTES[0], NOTES[39], NOTES[-1], len(NOTES)) == ("A0", "C4", "C8", KEYS)
    assert len(set(SYMBOLS)) == len(SYMBOLS) == 114


@given(
    st.lists(st.tuples(st.floats(0, 9.99), st.integers(0, 127)), max_size=40).map(sorted),
    st.integers(1, 400),
)
def test_every_note_on_the_keyboard_begins_in_its_frame(
    played: list[tuple[float, int]], frames: int
) -> None:
    found = onsets(music([t for t, _ in played], [p for _, p in played]), frames, RATE)
    due = {(p - 21, int(t * RATE)) for t, p in played if 21 <= p <= 108 and int(t * RATE) < frames}
    notes = found.symbol < KEYS
    cells = list(zip(found.symbol[notes].tolist(), found.frame[notes].tolist(), strict=True))
    assert cells == sorted(due)
    assert found.counts().sum() == len(found.frame)


@pytest.mark.parametrize(
    ("pitch", "name"),
    [
        ([60, 64, 67], "C major"),
        ([57, 60, 64], "A minor"),
        ([52, 60, 67, 76], "C major"),
        ([60, 64], None),
        ([60, 64, 67, 70], None),
    ],
)
def test_a_triad_is_known_whatever_is_doubled(pitch: list[int], name: str | None) -> None:
    time = [1.0 + 0.01 * place for place in range(len(pitch))]
    when, which = chords(music(time, pitch).notes)
    assert [CHORDS[index] for index in which] == ([] if name is None else [name])
    assert when.tolist() == ([] if name is None else [1.0])


def test_notes_apart_are_no_chord() -> None:
    assert chords(music([1.0, 1.1, 1.2], [60, 64, 67]).notes)[1].size == 0


def test_the_pedal_goes_down_and_up() -> None:
    pedal = Pedal(np.array([1.0, 3.0]), np.array([2.0]))
    found = onsets(music([], [], pedal), 200, RATE)
    names = [SYMBOLS[index] for index in found.symbol]
    assert names == ["pedal down", "pedal down", "pedal up"]
    assert found.frame.tolist() == [int(second * RATE) for second in (1, 3, 2)]
