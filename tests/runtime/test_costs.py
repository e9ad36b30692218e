import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.costs import (
    bound_bits,
    clog,
    coo_bits,
    dense_bits,
    paper_bits,
    time_bits,
    units_bits,
)

shapes = st.tuples(st.integers(0, 100), st.integers(0, 2000))


def test_the_example_of_the_paper() -> None:
    assert dense_bits(5, 10) == 50
    assert coo_bits(5, 10, 7) == 49
    assert time_bits(5, 10, 7) == 40
    assert units_bits(5, 10, 7) == 48
    assert paper_bits(5, 10, 7) == 40 + 2 + 6  # the count is one of 0..50
    assert paper_bits(5, 10, 7, most_events=7) == 40 + 2 + 3


@given(st.integers(1, 2**60))
def test_clog_is_the_least_width_that_tells_n_things_apart(n: int) -> None:
    assert 2 ** clog(n) >= n
    assert clog(n) == 0 or 2 ** (clog(n) - 1) < n


@given(shapes)
def test_nothing_costs_nothing_in_the_sparse_formats(shape: tuple[int, int]) -> None:
    assert coo_bits(*shape, 0) == time_bits(*shape, 0) == units_bits(*shape, 0) == 0


@given(shapes)
def test_one_event_costs_its_index(shape: tuple[int, int]) -> None:
    units, frames = shape
    assert time_bits(units, frames, 1) == clog(frames)
    assert units_bits(units, frames, 1) == clog(units)


@given(st.integers(1, 40), st.integers(1, 40), st.data())
def test_the_bound_is_the_logarithm_of_the_count_of_matrices(
    units: int, frames: int, data: st.DataObject
) -> None:
    events = data.draw(st.integers(0, units * frames))
    exact = math.log2(math.comb(units * frames, events))
    assert bound_bits(units, frames, events) == pytest.approx(exact, abs=1e-6)
    assert bound_bits(units, frames, events) <= coo_bits(units, frames, events) + 1e-6


def test_more_events_than_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="11 events"):
        bound_bits(2, 5, 11)


def test_each_format_is_the_cheapest_somewhere() -> None:
    # Figure 1 of the paper: N = 80, T = 1024.
    def cheapest(events: int) -> int:
        n, t = 80, 1024
        costs = [
            dense_bits(n, t),
            coo_bits(n, t, events),
            time_bits(n, t, events),
            units_bits(n, t, events),
        ]
        return costs.index(min(costs))

    assert [cheapest(events) for events in (20, 2_000, 6_000, 20_000)] == [1, 2, 3, 0]
