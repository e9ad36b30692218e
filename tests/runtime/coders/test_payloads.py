import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.coders.payloads import FORMS, most_bytes, pack, unpack
from runtime.errors import FormatError
from runtime.kinds import CODERS

coders = st.sampled_from(CODERS)
matrices = hnp.arrays(
    np.bool_,
    st.tuples(st.integers(0, 12), st.integers(0, 60)),
    elements=st.booleans(),
    fill=st.booleans(),
)


@given(matrices, coders)
def test_every_coder_gives_every_matrix_back(bits: np.ndarray, coder: str) -> None:
    form, payload = pack(bits, coder)
    assert len(payload) <= most_bytes(bits.size)
    assert form in {"paper": (0, 1, 2, 3), "rice": (0, 4), "adaptive": (0, 5)}[coder]
    np.testing.assert_array_equal(unpack(form, payload, *bits.shape, int(bits.sum())), bits)


@given(
    st.integers(0, 7),
    st.binary(max_size=40),
    st.integers(0, 20),
    st.integers(0, 20),
    st.integers(-1, 401),
)
def test_any_bytes_are_a_matrix_or_refused(
    form: int, payload: bytes, units: int, frames: int, events: int
) -> None:
    try:
        bits = unpack(form, payload, units, frames, events)
    except FormatError:
        return
    assert bits.shape == (units, frames)
    assert bits.sum() == events


@pytest.mark.parametrize(
    ("form", "payload", "events", "message"),
    [
        (0, b"\xff" * 3, 16, "3 bytes for 16 cells"),
        (4, b"", 17, "17 events do not fit"),
        (6, b"", 0, "form 6 is unknown"),
    ],
)
def test_impossible_chunks_are_refused(
    form: int, payload: bytes, events: int, message: str
) -> None:
    with pytest.raises(FormatError, match=message):
        unpack(form, payload, 4, 4, events)


def test_an_unknown_coder_is_refused() -> None:
    with pytest.raises(FormatError, match="'zip' is unknown"):
        pack(np.zeros((2, 2), np.bool_), "zip")


def test_forms_have_their_names() -> None:
    assert FORMS == ("dense", "coo", "time", "units", "rice", "adaptive")
