import math
import re

from hypothesis import given
from hypothesis import strategies as st

from spiking_music.report.joules import joules, percent

PREFIX = {"": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9, "p": 1e-12}


@given(st.floats(1e-12, 900))
def test_joules_read_back_within_their_two_digits(value: float) -> None:
    match = re.fullmatch(r"([0-9.]+)\N{NARROW NO-BREAK SPACE}([mµnp]?)J", joules(value))
    assert match
    assert math.isclose(float(match[1]) * PREFIX[match[2]], value, rel_tol=0.051)
    assert len(match[1]) <= 4


@given(st.floats(0, 1).filter(lambda share: share == 0 or share > 1e-5))
def test_shares_are_plain_numbers_up_to_one_hundred(share: float) -> None:
    match = re.fullmatch(r"([0-9.]+)\N{NARROW NO-BREAK SPACE}%", percent(share))
    assert match
    assert math.isclose(float(match[1]), 100 * share, rel_tol=0.051)
