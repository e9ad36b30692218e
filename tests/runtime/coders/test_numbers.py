import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runtime.coders.numbers import from_flags, to_flags


@given(st.integers(0, 24), st.data())
def test_numbers_come_back_as_their_digits(width: int, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.integers(0, 2**width - 1), max_size=20))
    flags = to_flags(np.array(values, np.int64), width)
    digits = ["".join(map(str, row)) for row in flags]
    assert digits == [f"{value:0{width}b}" if width else "" for value in values]
    np.testing.assert_array_equal(from_flags(flags), values)
