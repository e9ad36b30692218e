import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.events import EventMatrix

matrices = hnp.arrays(np.bool_, st.tuples(st.integers(0, 9), st.integers(0, 30)))


@given(matrices)
def test_coordinates_give_the_matrix_back(bits: np.ndarray) -> None:
    events = EventMatrix(bits)
    unit, frame = events.coordinates()
    assert EventMatrix.from_events(unit, frame, *bits.shape) == events
    assert sorted(zip(unit, frame, strict=True)) == list(zip(unit, frame, strict=True))


@given(matrices)
def test_it_counts(bits: np.ndarray) -> None:
    events = EventMatrix(bits)
    assert (events.units, events.frames) == bits.shape
    assert events.count == len(events.coordinates()[0]) == bits.sum()
    assert 0.0 <= events.density <= 1.0
    assert events.density * bits.size == pytest.approx(events.count)


def test_it_cannot_be_changed() -> None:
    bits = np.zeros((2, 3), np.bool_)
    events = EventMatrix(bits)
    with pytest.raises(ValueError, match="read-only"):
        events.bits[0, 0] = True
    bits[1, 1] = True  # the array of the caller stays his own


@pytest.mark.parametrize("bad", [np.zeros(3, np.bool_), np.zeros((2, 3), np.float32)])
def test_other_arrays_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(units, frames\) bool"):
        EventMatrix(bad)


@pytest.mark.parametrize(("unit", "frame"), [(2, 0), (0, 3), (-1, 0), (0, -1)])
def test_events_outside_are_refused(unit: int, frame: int) -> None:
    with pytest.raises(ValueError, match="outside"):
        EventMatrix.from_events(np.array([unit]), np.array([frame]), 2, 3)


def test_matrices_are_equal_by_content() -> None:
    one = EventMatrix(np.eye(3, dtype=np.bool_))
    assert one == EventMatrix(np.eye(3, dtype=np.bool_))
    assert one != EventMatrix(np.zeros((3, 3), np.bool_))
    assert one != EventMatrix(np.zeros((3, 4), np.bool_))
