import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.coders.paper import COO, DENSE, NAMES, TIME, UNITS, pack, pack_as, payload_bits, unpack
from runtime.costs import clog
from runtime.errors import FormatError

matrices = hnp.arrays(
    np.bool_,
    st.tuples(st.integers(0, 12), st.integers(0, 40)),
    elements=st.booleans(),
    fill=st.booleans(),
)
forms = st.sampled_from(range(4))

EXAMPLE = np.zeros((5, 10), np.bool_)
EXAMPLE[[0, 1, 1, 2, 3, 3, 4], [3, 0, 4, 9, 1, 3, 6]] = True


@given(matrices, forms)
def test_every_format_gives_every_matrix_back(bits: np.ndarray, form: int) -> None:
    payload, events = pack_as(form, bits), int(bits.sum())
    assert len(payload) == (payload_bits(form, *bits.shape, events) + 7) // 8
    np.testing.assert_array_equal(unpack(form, payload, *bits.shape, events), bits)


@given(matrices)
def test_pack_takes_the_smallest(bits: np.ndarray) -> None:
    form, payload = pack(bits)
    assert len(payload) == min(len(pack_as(other, bits)) for other in range(4))
    np.testing.assert_array_equal(unpack(form, payload, *bits.shape, int(bits.sum())), bits)


@given(forms, st.integers(0, 5), st.integers(0, 9), st.data())
def test_a_matrix_has_one_payload_in_each_format(
    form: int, units: int, frames: int, data: st.DataObject
) -> None:
    """Whatever bytes are accepted are the ones that `pack_as` writes."""
    events = data.draw(st.integers(0, units * frames))
    length = (payload_bits(form, units, frames, events) + 7) // 8
    payload = data.draw(st.binary(min_size=length, max_size=length))
    try:
        bits = unpack(form, payload, units, frames, events)
    except FormatError:
        return
    assert bits.sum() == events
    assert pack_as(form, bits) == payload


@given(matrices, forms, st.binary(min_size=1, max_size=3))
def test_a_payload_of_another_length_is_refused(bits: np.ndarray, form: int, more: bytes) -> None:
    payload = pack_as(form, bits)
    with pytest.raises(FormatError, match="bytes instead of"):
        unpack(form, payload + more, *bits.shape, int(bits.sum()))


def test_the_example_of_the_paper_in_bits() -> None:
    # Pointers 1 3 4 6 of three bits, then the times 3 0 4 9 1 3 6 of four.
    bits = "001 011 100 110" + "0011 0000 0100 1001 0001 0011 0110"
    text = bits.replace(" ", "")
    payload = int(text, 2).to_bytes(5, "big")
    assert len(text) == payload_bits(TIME, 5, 10, 7) == 40
    assert pack(EXAMPLE) == (TIME, payload)


def test_a_power_of_two_of_events_needs_the_wider_pointer() -> None:
    bits = np.zeros((3, 8), np.bool_)
    bits[0, :4] = True  # S = 4 and the pointers are 4 and 4, which clog(4) = 2 bits do not hold
    assert payload_bits(TIME, 3, 8, 4) == 2 * clog(5) + 4 * 3
    np.testing.assert_array_equal(unpack(TIME, pack_as(TIME, bits), 3, 8, 4), bits)


@pytest.mark.parametrize(
    ("form", "payload", "shape", "events", "message"),
    [
        (DENSE, b"\xf0", (1, 4), 3, "4 events instead of 3"),
        (DENSE, b"\xff", (1, 4), 4, "after its end"),
        (COO, b"\xc0", (3, 1), 1, "outside"),
        (COO, b"\x80", (2, 1), 2, "not in order"),
        (COO, b"\x00", (2, 1), 2, "not in order"),
        (TIME, b"\x80", (3, 1), 1, "backwards"),
        (UNITS, b"\xc0", (3, 1), 1, "outside"),
        (4, b"", (1, 1), 0, "format 4 is unknown"),
    ],
)
def test_impossible_payloads_are_refused(
    form: int, payload: bytes, shape: tuple[int, int], events: int, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        unpack(form, payload, *shape, events)


def test_an_unknown_format_is_not_written() -> None:
    with pytest.raises(FormatError, match="unknown"):
        pack_as(4, EXAMPLE)


def test_formats_have_the_names_of_the_paper() -> None:
    assert NAMES == ("dense", "coo", "time", "units")
