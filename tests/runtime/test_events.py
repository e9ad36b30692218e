from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.errors import EventsError
from runtime.events import EventMatrix

matrices = hnp.arrays(np.bool_, st.tuples(st.integers(0, 9), st.integers(0, 30)))


@given(matrices)
def test_the_bits_come_back(bits: np.ndarray) -> None:
    np.testing.assert_array_equal(EventMatrix.from_bits(bits).bits, bits)


@given(matrices, st.randoms())
def test_coordinates_in_any_order_give_the_matrix_back(bits: np.ndarray, random: Random) -> None:
    events = EventMatrix.from_bits(bits)
    pairs = [*zip(events.frame, events.unit, strict=True)]
    assert pairs == sorted(pairs)
    pairs += pairs[:2]  # twice is once
    random.shuffle(pairs)
    frame, unit = [f for f, _ in pairs], [u for _, u in pairs]
    assert EventMatrix.from_coordinates(unit, frame, *bits.shape) == events


@given(matrices)
def test_it_counts(bits: np.ndarray) -> None:
    events = EventMatrix.from_bits(bits)
    assert (events.units, events.frames) == bits.shape
    assert events.cells == bits.size
    assert events.count == bits.sum()
    assert events.density * bits.size == pytest.approx(events.count)


@given(matrices, st.integers(0, 35), st.integers(0, 35))
def test_a_part_is_a_slice_of_frames(bits: np.ndarray, start: int, stop: int) -> None:
    part = EventMatrix.from_bits(bits).part(start, stop)
    assert part == EventMatrix.from_bits(bits[:, start:stop])


@given(matrices, st.lists(st.integers(0, 30), max_size=4))
def test_parts_join_to_the_whole(bits: np.ndarray, cuts: list[int]) -> None:
    events = EventMatrix.from_bits(bits)
    edges = [0, *sorted(cuts), max(events.frames, *cuts, 0)]
    parts = [events.part(*pair) for pair in pairwise(edges)]
    assert EventMatrix.joined(parts, events.units) == events


def test_more_units_are_not_joined() -> None:
    assert EventMatrix.joined([], 3) == EventMatrix.from_bits(np.zeros((3, 0), np.bool_))
    with pytest.raises(EventsError, match="4 units"):
        EventMatrix.joined([EventMatrix.from_bits(np.zeros((4, 1), np.bool_))], 3)


def test_silence_of_many_units_takes_no_memory_and_is_not_made_dense() -> None:
    events = EventMatrix.from_coordinates([99_999, 5], [10**6, 3], 100_000, 2 * 10**6)
    assert (events.count, events.unit.tolist(), events.frame.tolist()) == (
        2,
        [5, 99_999],
        [3, 10**6],
    )
    assert events.part(0, 10).bits.sum() == 1
    with pytest.raises(EventsError, match="200000000000 cells"):
        _ = events.bits


def test_it_cannot_be_changed() -> None:
    events = EventMatrix.from_bits(np.ones((2, 3), np.bool_))
    for array in (events.bits, events.unit, events.starts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize("bad", [np.zeros(3, np.bool_), np.zeros((2, 3), np.float32)])
def test_other_arrays_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(EventsError, match=r"\(units, frames\) bool"):
        EventMatrix.from_bits(bad)


@pytest.mark.parametrize(("unit", "frame"), [(2, 0), (0, 3), (-1, 0), (0, -1)])
def test_events_outside_are_refused(unit: int, frame: int) -> None:
    with pytest.raises(EventsError, match="outside"):
        EventMatrix.from_coordinates([unit], [frame], 2, 3)


def test_events_at_fractions_are_refused() -> None:
    with pytest.raises(EventsError, match="whole numbers"):
        EventMatrix.from_coordinates([0.5], [0], 2, 3)


def test_matrices_are_equal_by_content() -> None:
    one = EventMatrix.from_bits(np.eye(3, dtype=np.bool_))
    assert one == EventMatrix.from_bits(np.eye(3, dtype=np.bool_))
    assert one != EventMatrix.from_bits(np.zeros((3, 3), np.bool_))
    assert one != EventMatrix.from_bits(np.zeros((3, 4), np.bool_))
