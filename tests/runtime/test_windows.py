from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runtime.windows import cross_faded, starts, window


@given(st.integers(0, 20), st.integers(-50, 50), st.integers(0, 30))
def test_a_window_is_the_signal_between_zeros(size: int, start: int, length: int) -> None:
    signal = np.arange(1, size + 1, dtype=np.float32)
    expected = [t + 1 if 0 <= t < size else 0 for t in range(start, start + length)]
    assert window(signal, start, length).tolist() == expected


@given(st.integers(2, 40), st.integers(0, 200), st.data())
def test_windows_cover_and_overlap(length: int, more: int, data: st.DataObject) -> None:
    overlap, frames = data.draw(st.integers(0, length // 2)), length + more
    begin = starts(frames, length, overlap)
    assert begin[0] == 0
    assert begin[-1] + length == frames
    for first, second in pairwise(begin):
        assert first < second <= first + length - overlap


@given(st.integers(2, 40), st.integers(0, 200), st.data())
def test_pieces_of_one_signal_join_to_that_signal(
    length: int, more: int, data: st.DataObject
) -> None:
    overlap, frames = data.draw(st.integers(0, length // 2)), length + more
    signal = np.random.default_rng(0).normal(size=frames).astype(np.float32)
    pieces = [(s, signal[s : s + length]) for s in starts(frames, length, overlap)]
    np.testing.assert_allclose(np.concatenate([*cross_faded(pieces, overlap)]), signal, atol=1e-6)


def test_the_weight_moves_from_one_piece_to_the_next() -> None:
    pieces = [(0, np.zeros(8, np.float32)), (4, np.ones(8, np.float32))]
    joined = np.concatenate([*cross_faded(pieces, 4)])
    assert joined.shape == (12,)
    assert (joined[:4] == 0).all()
    assert (joined[8:] == 1).all()
    assert (np.diff(joined[3:9]) > 0).all()
    np.testing.assert_allclose(joined[4:8] + joined[4:8][::-1], 1, atol=1e-6)
