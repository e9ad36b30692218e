import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.evaluation.bootstrap import figure

values = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


@given(values)
def test_the_interval_is_between_the_extremes_and_repeatable(sample: list[float]) -> None:
    found = figure(sample)
    assert found is not None
    assert found == figure(sample)
    assert found.low is not None
    assert found.high is not None
    slack = 1e-9
    assert min(sample) - slack <= found.low <= found.high <= max(sample) + slack
    assert found.mean == pytest.approx(np.mean(sample), abs=1e-9)
    assert found.sd == pytest.approx(np.std(sample), abs=1e-9)
    assert found.clips == len(sample)


@given(values, st.floats(-50, 50))
def test_it_moves_with_the_values(sample: list[float], shift: float) -> None:
    one, other = figure(sample), figure([value + shift for value in sample])
    assert one is not None
    assert other is not None
    for before, after in ((one.low, other.low), (one.high, other.high)):
        assert before is not None
        assert after is not None
        assert after - before == pytest.approx(shift, abs=1e-9)


def test_one_clip_has_no_interval() -> None:
    found = figure([3.5])
    assert found is not None
    assert (found.mean, found.low, found.high, found.clips) == (3.5, None, None, 1)


def test_nothing_has_no_figure() -> None:
    assert figure([]) is None


def test_it_covers_the_true_mean_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(200):
        found = figure(rng.normal(3, 2, 40).tolist())
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 3 <= found.high
    assert 0.88 <= covered / 200 <= 0.99
