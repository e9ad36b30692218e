import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.thermometer import events_of, levels_of

matrices = hnp.arrays(
    np.int32, st.tuples(st.integers(0, 6), st.just(5)), elements=st.integers(-9, 9)
)


@given(matrices)
def test_events_are_as_many_as_levels_and_say_the_same(levels: np.ndarray) -> None:
    events = events_of(levels, 40)
    assert events.count == np.abs(levels).sum()
    assert events.units == max(40, 10 * np.abs(levels).max(initial=1))
    np.testing.assert_array_equal(levels_of(events, 5), levels)


def test_a_unit_has_the_number_of_its_level_bin_and_sign() -> None:
    assert events_of(np.array([[0, 0, -2, 0, 1]])).unit.tolist() == [5, 8, 15]


@pytest.mark.parametrize("units", [[15], [4, 5]])
def test_events_that_are_no_thermometer_are_refused(units: list[int]) -> None:
    with pytest.raises(FormatError, match="without those below"):
        levels_of(EventMatrix.from_coordinates(units, [0] * len(units), 40, 1), 5)
