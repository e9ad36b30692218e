from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.listening.results import Session
from spiking_music.listening.score import as_json, score
from spiking_music.listening.scores import duels, holm, means

Of = Callable[..., Session]


def test_means_are_of_all_ratings_the_best_first(of: Of) -> None:
    found = means([of({"spikes": 10}, {"spikes": 20}), of({"spikes": 90}, listener="bob")])
    spikes = next(mean for mean in found if mean.name == "spikes")
    assert spikes.mean == pytest.approx(40)
    assert spikes.ratings == (10, 20, 90)
    assert [m.mean for m in found] == sorted((m.mean for m in found), reverse=True)


def test_medians_and_quartiles_by_hand(of: Of) -> None:
    for ratings, median, quartiles in (
        ((10, 20, 40, 80, 90), 40, (20, 80)),
        ((10, 20, 40, 80), 30, (15, 60)),
        ((7,), 7, (7, 7)),
    ):
        found = means([of(*[{"spikes": rating} for rating in ratings])])
        spikes = next(mean for mean in found if mean.name == "spikes")
        assert (spikes.median, spikes.quartiles) == (median, quartiles)


def test_intervals_resample_listeners(of: Of) -> None:
    alone = means([of(*[{"spikes": rating} for rating in range(0, 100, 5)])])
    assert all(mean.low is None and mean.high is None for mean in alone)
    # Twenty ratings of each of two listeners are two observations, not forty.
    pair = [of(*[{"spikes": r}] * 20, listener=name) for name, r in (("a", 20), ("b", 60))]
    spikes = next(mean for mean in means(pair) if mean.name == "spikes")
    assert (spikes.low, spikes.high) == (20, 60)
    agreed = means([of({}), of({}, listener="bob")])
    assert all(mean.low == mean.mean == mean.high for mean in agreed)


def test_duels_count_trials(of: Of) -> None:
    session = of({"spikes": 70}, {"spikes": 40}, {"spikes": 60}, {"spikes": 20})
    found = {frozenset((d.winner, d.loser)): d for d in duels([session])}
    assert len(found) == 5 * 4 / 2
    duel = found[frozenset(("spikes", "low-pass 7.0 kHz"))]
    assert (duel.winner, duel.wins, duel.losses, duel.ties) == ("low-pass 7.0 kHz", 2, 1, 1)
    assert duel.p == 1.0
    clear = found[frozenset(("reference", "distorted"))]
    assert (clear.wins, clear.losses) == (4, 0)
    assert clear.p == pytest.approx(2 / 2**4)  # all four on one side, either way
    assert not clear.significant


def test_many_equal_verdicts_are_significant_and_ties_are_not(of: Of) -> None:
    found = duels([of(*[{"spikes": 60}] * 12)])
    for duel in found:
        tied = {duel.winner, duel.loser} == {"spikes", "low-pass 7.0 kHz"}
        assert duel.significant != tied
        assert duel.corrected == (1.0 if tied else pytest.approx(10 * 2 / 2**12, rel=0.9))


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_between_nothing_and_bonferroni(values: list[float]) -> None:
    corrected = holm(values)
    for value, more in zip(values, corrected, strict=True):
        assert value <= more <= min(1.0, value * len(values)) + 1e-12
    by_value = np.asarray(corrected)[np.argsort(values, kind="stable")]
    assert (np.diff(by_value) >= 0).all()


def test_a_score_says_what_each_screening_leaves(of: Of) -> None:
    found = score([of({}, {"reference": 10}), of({}, listener="bob")], "bs1534")
    assert found.kept["none"] == {"listeners": 2, "trials": 3}
    assert found.kept["paper"] == {"listeners": 2, "trials": 2}
    assert found.kept["bs1534"] == {"listeners": 1, "trials": 1}
    assert {"winner", "corrected", "significant"} <= set(as_json(found)["duels"][0])
    assert {"mean", "median", "quartiles"} <= set(as_json(found)["means"][0])
