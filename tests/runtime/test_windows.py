import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runtime.windows import Arriving, cross_faded, window, without_first


@given(st.integers(0, 20), st.integers(-50, 50), st.integers(0, 30))
def test_a_window_is_the_signal_between_zeros(size: int, start: int, length: int) -> None:
    signal = np.arange(1, size + 1, dtype=np.float32)
    expected = [t + 1 if 0 <= t < size else 0 for t in range(start, start + length)]
    assert window(signal, start, length).tolist() == expected


def cut(signal: np.ndarray, places: list[int]) -> list[np.ndarray]:
    return np.split(signal, sorted(place for place in places if place <= len(signal)))


@given(
    st.integers(0, 60),
    st.integers(0, 9),
    st.lists(st.integers(0, 60), max_size=9),
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30)), min_size=1, max_size=9),
)
def test_a_signal_that_arrives_has_the_windows_of_the_whole(
    size: int, start: int, places: list[int], windows: list[tuple[int, int]]
) -> None:
    signal = np.arange(1, size + 1, dtype=np.float32)
    arriving = Arriving(cut(signal, places), start)
    place = start
    for step, length in windows:
        place += step
        if not place < start + size:
            assert not arriving.reaches(place + 1)
            break
        assert arriving.reaches(place + 1)
        expected = window(signal, place - start, length)
        np.testing.assert_array_equal(arriving.window(place, length), expected)
        assert min(place + length, start + size) <= arriving.stop <= start + size


def starts(frames: int, length: int, overlap: int) -> list[int]:
    last = frames - length
    return [*range(0, last, length - overlap), last]


@given(st.integers(2, 40), st.integers(0, 200), st.integers(-50, 50), st.data())
def test_pieces_of_one_signal_join_to_that_signal(
    length: int, more: int, first: int, data: st.DataObject
) -> None:
    overlap, frames = data.draw(st.integers(0, length // 2)), length + more
    signal = np.random.default_rng(0).normal(size=frames).astype(np.float32)
    pieces = [(first + s, signal[s : s + length]) for s in starts(frames, length, overlap)]
    np.testing.assert_allclose(np.concatenate([*cross_faded(pieces, overlap)]), signal, atol=1e-6)


def test_the_weight_moves_from_one_piece_to_the_next() -> None:
    pieces = [(0, np.zeros(8, np.float32)), (4, np.ones(8, np.float32))]
    joined = np.concatenate([*cross_faded(pieces, 4)])
    assert joined.shape == (12,)
    assert (joined[:4] == 0).all()
    assert (joined[8:] == 1).all()
    assert (np.diff(joined[3:9]) > 0).all()
    np.testing.assert_allclose(joined[4:8] + joined[4:8][::-1], 1, atol=1e-6)


@given(st.integers(0, 60), st.integers(0, 80), st.lists(st.integers(0, 60), max_size=9))
def test_the_first_values_are_left_out(size: int, skipped: int, places: list[int]) -> None:
    signal = np.arange(size, dtype=np.float32)
    left = [*without_first(cut(signal, places), skipped)]
    assert all(map(len, left))
    assert [*np.concatenate([[], *left])] == [*signal[skipped:]]
