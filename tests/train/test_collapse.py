import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.collapse import LEAST_DENSITY, MOST_DENSITY, MOST_IDLE, MOST_LOST_DB, Health, collapse

WELL = Health(density=0.3, dead=0.1, always_on=0.1, snr_db=5.0)


@given(
    st.floats(LEAST_DENSITY, MOST_DENSITY),
    st.floats(0, MOST_IDLE / 2),
    st.floats(0, MOST_IDLE / 2),
    st.floats(0, 30),
    st.floats(-10, 30),
)
def test_a_code_that_lives_has_not_collapsed(
    density: float, dead: float, always_on: float, snr_db: float, best: float
) -> None:
    assert collapse(Health(density, dead, always_on, snr_db), best) is None


@pytest.mark.parametrize(
    ("sick", "said"),
    [
        (Health(0.0, 0.1, 0.1, 5.0), "0.0000"),
        (Health(0.99, 0.1, 0.1, 5.0), "0.9900"),
        (Health(math.nan, 0.1, 0.1, 5.0), "nan"),
        (Health(0.3, 0.5, 0.4, 5.0), "50% of the units are dead and 40% always on"),
        (Health(0.3, 0.1, 0.1, -2.0), "from 5.0 to -2.0 dB"),
    ],
)
def test_a_collapse_is_told_with_its_figure(sick: Health, said: str) -> None:
    assert said in (collapse(sick, 5.0) or "")


def test_no_sound_is_lost_before_there_was_any() -> None:
    noise = Health(0.3, 0.1, 0.1, -20.0)
    assert collapse(noise, -math.inf) is None
    assert collapse(noise, -20.0 + MOST_LOST_DB - 0.1) is None
    assert collapse(noise, -20.0 + MOST_LOST_DB + 0.1) is not None


def test_sound_may_get_worse_while_it_is_sound() -> None:
    assert collapse(WELL, 30.0) is None
