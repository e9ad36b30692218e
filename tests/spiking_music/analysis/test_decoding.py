import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.analysis.decoding import (
    Stretch,
    average_precision,
    context,
    decoding,
    mel,
    middle,
    picked,
)
from spiking_music.analysis.symbols import KEYS
from train.data.notes import Notes

RATE = 43.0664


def stretch(seed: int, told: bool) -> Stretch:
    """Notes of three keys; each has a unit that fires with it where `told`, else by chance."""
    random = np.random.default_rng(seed)
    begun = random.random((3, 400)) < 0.03
    key, frame = np.nonzero(begun)
    order = np.argsort(frame, kind="stable")
    notes = Notes((frame[order] + 0.5) / RATE, key[order] + 21 + 40)
    return Stretch(begun if told else random.random((3, 400)) < 0.03, notes)


def test_notes_that_have_a_unit_each_are_read_and_others_are_not() -> None:
    read, guessed = (
        decoding([stretch(seed, told) for seed in range(4)], RATE) for told in (True, False)
    )
    assert read is not None
    assert guessed is not None
    assert read.pieces == 1
    assert read.f1 > 0.95
    assert read.average_precision > 0.95
    assert guessed.f1 < 0.3
    assert guessed.average_precision < 0.2


def test_too_few_pieces_are_not_decoded() -> None:
    assert decoding([stretch(seed, True) for seed in range(3)], RATE) is None
    silent = Stretch(np.zeros((5, 10), np.bool_), Notes(np.zeros(0), np.zeros(0, np.int64)))
    assert decoding([silent] * 4, RATE) is None


@given(st.integers(1, 20), st.integers(1, 30))
def test_a_frame_is_seen_with_its_neighbours(features: int, frames: int) -> None:
    seen = np.random.default_rng(0).normal(size=(features, frames)).astype(np.float32)
    around = context(seen)
    assert around.shape == (frames, 7 * features)
    np.testing.assert_array_equal(around[:, 3 * features : 4 * features], seen.T)
    np.testing.assert_array_equal(around[1:, 2 * features : 3 * features], seen.T[:-1])


@given(st.integers(1, 5000))
def test_the_middle_is_in_the_piece(frames: int) -> None:
    part = middle(frames, RATE)
    assert 0 <= part.start < part.stop <= frames
    assert part.stop - part.start == min(frames, int(40 * RATE))


def test_average_precision_ranks() -> None:
    truth = np.array([True, False, True, False])
    assert average_precision(truth, np.array([4, 3, 2, 1], np.float32)) == pytest.approx(5 / 6)
    assert average_precision(truth, np.array([4, 2, 3, 1], np.float32)) == 1


def test_a_note_is_picked_once_at_its_top() -> None:
    odds = np.zeros((9, KEYS), np.float32)
    odds[2:5, 7] = 0.4, 0.9, 0.4
    odds[6, 8] = 0.1
    found = picked(odds, 0.3, RATE)
    assert found.pitch.tolist() == [28]
    assert found.onset.tolist() == pytest.approx([3.5 / RATE])


@given(st.integers(1025, 9000))
def test_the_mel_spectrogram_has_the_frames_of_the_code(samples: int) -> None:
    assert mel(np.zeros(samples, np.float32), 512).shape == (80, -(-samples // 512))
