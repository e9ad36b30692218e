import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.coders.rice import decode, encode, parameter
from runtime.costs import bound_bits
from runtime.errors import FormatError

matrices = hnp.arrays(
    np.bool_,
    st.tuples(st.integers(0, 12), st.integers(0, 60)),
    elements=st.booleans(),
    fill=st.booleans(),
)


@given(matrices)
def test_every_matrix_comes_back(bits: np.ndarray) -> None:
    decoded = decode(encode(bits), *bits.shape, int(bits.sum()))
    np.testing.assert_array_equal(decoded, bits)


@given(st.integers(0, 5), st.integers(0, 9), st.data())
def test_a_matrix_has_one_payload(units: int, frames: int, data: st.DataObject) -> None:
    """Whatever bytes are accepted are the ones that `encode` writes."""
    events = data.draw(st.integers(0, units * frames))
    payload = data.draw(st.binary(max_size=6))
    try:
        bits = decode(payload, units, frames, events)
    except FormatError:
        return
    assert bits.sum() == events
    assert encode(bits) == payload


@pytest.mark.parametrize("density", [0.005, 0.02, 0.05, 0.0887, 0.125, 0.2, 0.25, 0.32, 0.5, 0.95])
def test_independent_cells_cost_two_percent_more_than_the_bound_at_most(density: float) -> None:
    random = np.random.default_rng(0)
    matrices = [random.random((80, 256)) < density for _ in range(20)]
    bound = sum(bound_bits(80, 256, int(bits.sum())) for bits in matrices)
    assert sum(8 * len(encode(bits)) for bits in matrices) < 1.02 * bound


@given(st.integers(1, 10_000), st.data())
def test_the_parameter_is_near_the_best(cells: int, data: st.DataObject) -> None:
    """Gallager and Van Voorhis: the least m with q^m + q^(m+1) <= 1."""
    coded = data.draw(st.integers(1, cells))
    silence = 1 - coded / cells
    best = next(m for m in range(1, 10_000) if silence**m + silence ** (m + 1) <= 1)
    assert abs(parameter(cells, coded) - best) <= 1 + best // 100


def test_an_example_in_bits() -> None:
    # Of 15 cells 3 fire, at 2, 9 and 10: the gaps are 2, 6 and 0, and m = 3, so that remainders
    # are 0, 10 or 11: unary 1, 001, 1, then the first bits 1 0 0 and the second of the long one.
    bits = np.zeros((1, 15), np.bool_)
    bits[0, [2, 9, 10]] = True
    assert parameter(15, 3) == 3
    assert encode(bits) == bytes([0b10011_100, 0b1_0000000])


@pytest.mark.parametrize(
    ("payload", "events", "message"),
    [
        (b"", 1, "names 0 cells"),
        (b"\x9c", 3, "after 8 bits"),
        (b"\x9c\xc0", 3, "after its end"),
        (b"\x9c\x80\x00", 3, "after its end"),
        (b"\x01\x9c\x00", 3, "outside 1 x 15"),
    ],
)
def test_impossible_payloads_are_refused(payload: bytes, events: int, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        decode(payload, 1, 15, events)
