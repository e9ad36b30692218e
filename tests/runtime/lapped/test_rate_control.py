"""How the step of a chunk is found."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.lapped.rate_control import least


@given(st.integers(0, 99), st.integers(0, 99), st.integers(-9, 120), st.integers(-9, 120))
def test_the_least_good_number_is_found_from_anywhere(a: int, b: int, near: int, edge: int) -> None:
    low, high = min(a, b), max(a, b)
    asked = set()

    def good(number: int) -> bool:
        asked.add(number)
        return number >= edge

    assert least(good, low, high, near) == min(max(edge, low), high)
    assert asked <= {*range(low, high + 1)}
