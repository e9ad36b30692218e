import math
import re

from hypothesis import given
from hypothesis import strategies as st

from spiking_music.report.joules import joules

PREFIX = {"": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9, "p": 1e-12}


@given(st.floats(1e-12, 900))
def test_joules_read_back_within_their_two_digits(value: float) -> None:
    match = re.fullmatch(r"([0-9.]+)\N{NARROW NO-BREAK SPACE}([mµnp]?)J", joules(value))
    assert match
    assert math.isclose(float(match[1]) * PREFIX[match[2]], value, rel_tol=0.051)
    assert len(match[1]) <= 4
