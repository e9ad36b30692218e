import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from spiking_music.analysis.symbols import SYMBOLS, Onsets
from spiking_music.analysis.tally import AROUND, LAGS, PEAK, WINDOW, Tally, tally, triggered

Piece = tuple[np.ndarray, Onsets]


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    """Events of 3 units and onsets of any symbol, over as many frames."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    frames = draw(st.integers(1, 300))
    bits = random.random((3, frames)) < draw(st.floats(0, 1))
    begun = random.random((len(SYMBOLS), frames)) < draw(st.floats(0, 0.1))
    return bits, sparse(begun)


def sparse(begun: np.ndarray) -> Onsets:
    symbol, frame = np.nonzero(begun)
    return Onsets(frame, symbol, begun.shape[1])


def dense(onsets: Onsets) -> np.ndarray:
    begun = np.zeros((len(SYMBOLS), onsets.frames))
    begun[onsets.symbol, onsets.frame] = 1
    return begun


def whole(one: Tally, other: Tally) -> None:
    for name, value in vars(one).items():
        np.testing.assert_allclose(value, vars(other)[name], rtol=1e-12, atol=1e-9, err_msg=name)


@given(pieces())
def test_onsets_give_what_the_fourier_transform_gives(piece: Piece) -> None:
    bits, onsets = piece
    spectra = np.fft.rfft(bits)[:, None].conj() * np.fft.rfft(dense(onsets))[None]
    wrapped = np.fft.irfft(spectra, onsets.frames)
    np.testing.assert_allclose(
        tally(bits, onsets, surrogates=1).pairs, wrapped[:, :, LAGS % onsets.frames], atol=1e-6
    )


def test_with_silence_at_both_ends_it_is_the_correlation_of_the_paper() -> None:
    random = np.random.default_rng(0)
    bits, begun = random.random((3, 400)) < 0.3, random.random((len(SYMBOLS), 400)) < 0.02
    bits[:, :50] = begun[:, :50] = bits[:, -50:] = begun[:, -50:] = False
    direct = correlate(begun[60].astype(float), bits[1].astype(float), "full")
    middle = len(direct) // 2
    found = tally(bits, sparse(begun), surrogates=1).pairs[1, 60]
    np.testing.assert_allclose(found, direct[middle + LAGS], atol=1e-9)


@given(st.lists(pieces(), min_size=2, max_size=4))
def test_the_order_and_grouping_of_pieces_do_not_matter(given_pieces: list[Piece]) -> None:
    counted = [tally(bits, o, place, 3) for place, (bits, o) in enumerate(given_pieces)]
    first = counted[0]
    for more in counted[1:]:
        first = first + more
    last = counted[-1]
    for more in counted[-2::-1]:
        last = more + last
    whole(first, last)
    assert first.frames == sum(o.frames for _, o in given_pieces)
    assert first.pieces == len(given_pieces)


@given(pieces())
def test_independence_is_the_mean_over_every_lag(piece: Piece) -> None:
    bits, onsets = piece
    events = np.ascontiguousarray(bits.T, np.float32)
    every = np.mean([triggered(events, onsets, s) for s in range(onsets.frames)], axis=0)
    np.testing.assert_allclose(tally(bits, onsets, surrogates=1).expected, every, atol=1e-6)


@given(pieces())
def test_the_prominence_is_counted_as_its_lags_are(piece: Piece) -> None:
    bits, onsets = piece
    counted = tally(bits, onsets, surrogates=1)
    weights = np.where(PEAK, AROUND, -WINDOW)
    at_lags = [triggered(bits.T.astype(np.float32), onsets, -lag) for lag in LAGS]
    direct = sum(weight * at for weight, at in zip(weights, at_lags, strict=True))
    np.testing.assert_array_equal(counted.prominence, direct)


@settings(max_examples=20)  # each tries every shift
@given(pieces(), st.integers(0, 99))
def test_shuffled_is_the_prominence_of_onsets_that_are_moved(piece: Piece, seed: int) -> None:
    bits, onsets = piece
    shuffled = tally(bits, onsets, seed, 1).shuffled[0]
    moved = [
        tally(bits, sparse(np.roll(dense(onsets), shift, 1)), 0, 1).prominence
        for shift in range(onsets.frames)
    ]
    assert any(np.array_equal(shuffled, one) for one in moved)


def test_shuffled_onsets_are_settled_by_the_seed() -> None:
    random = np.random.default_rng(0)
    bits = random.random((2, 500)) < 0.5
    onsets = sparse(random.random((len(SYMBOLS), 500)) < 0.01)
    one, same, other = (tally(bits, onsets, seed, 5).shuffled for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_events_and_onsets_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="7 frames"):
        tally(np.zeros((2, 7), np.bool_), sparse(np.zeros((len(SYMBOLS), 8))))
