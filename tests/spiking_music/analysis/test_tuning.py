import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spiking_music.analysis.information import mutual_information, shared
from spiking_music.analysis.selectivity import selectivity, sparseness, width
from spiking_music.analysis.symbols import KEYS, LOWEST, NOTES, SYMBOLS, Onsets
from spiking_music.analysis.tally import LAGS, NEAR, PEAK, tally
from spiking_music.analysis.tuning import curves, tuning

FRAMES = 6000


def made_up(seed: int, share: float = 0.01) -> Onsets:
    """Onsets of notes by chance, all independent."""
    begun = np.zeros((len(SYMBOLS), FRAMES), np.bool_)
    begun[:KEYS] = np.random.default_rng(seed).random((KEYS, FRAMES)) < share
    symbol, frame = np.nonzero(begun)
    return Onsets(frame, symbol, FRAMES)


def follower(onsets: Onsets, notes: list[int], late: int) -> np.ndarray:
    """A unit that fires `late` frames after each onset of some notes: `(FRAMES,)` bool."""
    fires = np.zeros(FRAMES, np.bool_)
    fires[(onsets.frame[np.isin(onsets.symbol, notes)] + late) % FRAMES] = True
    return fires


@settings(max_examples=15)
@given(st.integers(0, KEYS - 1), st.integers(1 - NEAR, NEAR - 1), st.integers(0, 1000))
def test_a_planted_unit_is_found_with_its_note_and_latency(note: int, late: int, seed: int) -> None:
    onsets = made_up(seed)
    counted = tally(follower(onsets, [note], late)[None], onsets, seed, 60)
    tuned = tuning(counted)
    found = selectivity(tuned, curves(counted))
    assert (found.note[0], found.latency[0], found.width[0]) == (note, late, 1)
    # Chance may add a weak answer, in one of twenty such units.
    assert min(found.by_note[0], found.by_class[0], found.by_octave[0]) > 0.9
    assert found.by_note[0] == 1 or found.answers[0] > 1
    assert tuned.score[0, note] > tuned.critical
    assert shared(counted)[0, note] == pytest.approx(1)


def test_a_unit_of_one_pitch_class_is_selective_to_it_and_not_to_a_note() -> None:
    onsets = made_up(0)
    notes = [key for key in range(KEYS) if (key + LOWEST) % 12 == 9]
    counted = tally(follower(onsets, notes, 1)[None], onsets)
    found = selectivity(tuning(counted), curves(counted))
    assert found.by_class[0] > 0.97
    assert found.by_note[0] < 1
    assert 0.7 < found.octaves[0] <= 1
    assert abs(found.fifths[0]) < 0.1
    assert found.by_octave[0] < 0.2
    assert len(notes) <= found.answers[0] <= len(notes) + 1
    assert NOTES[found.note[0]].startswith("A")


@pytest.mark.parametrize("share", [0.05, 0.5])
def test_chance_is_outside_its_bounds_as_often_as_they_say(share: float) -> None:
    onsets = made_up(1)
    bits = np.random.default_rng(2).random((12, FRAMES)) < share
    tuned = tuning(tally(bits, onsets))
    outside = (tuned.phi < tuned.low) | (tuned.phi > tuned.high)
    assert 0.03 < outside[:, :KEYS].mean() < 0.08
    assert tuned.significant.sum() <= 2


def test_a_unit_and_its_negation_answer_alike_with_the_other_sign() -> None:
    onsets = made_up(3)
    bits = np.random.default_rng(4).random((3, FRAMES)) < 0.2
    bits[0] |= follower(onsets, [40], 2)
    one, other = (tuning(tally(each, onsets)) for each in (bits, ~bits))
    np.testing.assert_allclose(one.phi, -other.phi, atol=1e-9)
    np.testing.assert_allclose(one.score, -other.score, atol=1e-6)
    np.testing.assert_array_equal(one.significant, other.significant)


def test_phi_is_the_height_of_the_peak_above_what_is_around_it() -> None:
    onsets = made_up(5)
    counted = tally(np.random.default_rng(6).random((3, FRAMES)) < 0.3, onsets)
    curve = curves(counted)
    height = curve[:, :, PEAK].mean(2) - curve[:, :, ~PEAK].mean(2)
    np.testing.assert_allclose(height, tuning(counted).phi, atol=1e-12)


def test_what_is_frequent_in_the_same_passages_is_no_answer() -> None:
    swell = 1 + np.sin(np.arange(FRAMES) / 300)
    random = np.random.default_rng(8)
    bits = random.random((8, FRAMES)) < 0.2 * swell
    symbol, frame = np.nonzero(random.random((KEYS, FRAMES)) < 0.01 * swell)
    counted = tally(bits, Onsets(frame, symbol, FRAMES))
    assert np.nanmean(curves(counted)) > 0.05
    assert tuning(counted).significant.sum() <= 2


def test_nothing_is_said_of_rare_symbols_and_of_units_that_never_change() -> None:
    onsets = made_up(7)
    bits = np.stack([np.zeros(FRAMES), np.ones(FRAMES), np.arange(FRAMES) % 2]).astype(bool)
    tuned = tuning(tally(bits, onsets, surrogates=20))
    assert np.isnan(tuned.phi[:2]).all()
    assert not np.isnan(tuned.phi[2, :KEYS]).any()
    assert np.isnan(tuned.phi[:, KEYS:]).all()
    assert not tuned.significant.any()


@given(st.lists(st.floats(0, 10), min_size=2, max_size=20))
def test_sparseness_is_between_equal_answers_and_one_alone(answers: list[float]) -> None:
    found = sparseness(np.array([answers]))[0]
    assert np.isnan(found) or -1e-9 <= found <= 1 + 1e-9
    assert sparseness(np.full((1, len(answers)), 2.0))[0] == pytest.approx(0)
    assert sparseness(np.eye(len(answers))[:1])[0] == pytest.approx(1)


def test_the_width_is_that_of_the_peak_at_half_its_height() -> None:
    triangle = np.maximum(0, 5 - np.abs(LAGS + 2)).astype(float)
    assert width(np.array([triangle, np.where(LAGS == 3, 1.0, 0.0)])).tolist() == [5, 1]


@given(st.integers(1, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_information_is_symmetric_and_no_more_than_there_is(a: int, b: int, c: int, d: int) -> None:
    both, one, other, trials = a, a + b, a + c, a + b + c + d
    told = mutual_information(*(np.float64(x) for x in (both, one, other)), trials)
    back = mutual_information(*(np.float64(x) for x in (both, other, one)), trials)
    assert told == pytest.approx(back)
    share = one / trials
    entropy = -sum(p * np.log2(p) for p in (share, 1 - share) if p > 0)
    assert -1e-9 <= told <= entropy + 1e-9


def test_independent_variables_share_nothing() -> None:
    assert mutual_information(np.float64(6), np.float64(20), np.float64(30), 100) == 0
