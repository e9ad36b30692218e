import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import ListeningError
from spiking_music.evaluation.anchors import DISTORTED
from spiking_music.listening.results import read_results

HandIn = Callable[..., Path]


def test_results_come_back(handed_in: HandIn) -> None:
    ann, bob = read_results([handed_in("ann"), handed_in("bob", seed=2)])
    assert (ann.listener, ann.seed, bob.listener, bob.seed) == ("ann", 1, "bob", 2)
    assert ann.trials[0].ratings["spikes"] == 70


def test_the_same_file_twice_counts_once(handed_in: HandIn) -> None:
    file = handed_in("ann")
    assert len(read_results([file, file, handed_in("ann")])) == 1


def test_two_results_of_one_listener_and_order_are_refused(handed_in: HandIn) -> None:
    one = handed_in("ann")
    other = dict(json.loads(one.read_text())["trials"][0]["ratings"], spikes=3)
    with pytest.raises(ListeningError, match="differs from another result of the same listener"):
        read_results([one, handed_in("ann", other)])


def test_results_of_two_tests_are_refused(handed_in: HandIn) -> None:
    with pytest.raises(ListeningError, match="belongs to test other"):
        read_results([handed_in("ann"), handed_in("bob", test="other")])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": 2}, "not a result of format 1"),
        ({"trials": []}, "holds no trial"),
        ({"trials": [{"clip": "a"}]}, "not a complete result"),
        ({"trials": [{"clip": "a", "ratings": {"x": 101}}]}, "'x' is rated 101"),
        ({"trials": [{"clip": "a", "ratings": {"x": True}}]}, "'x' is rated True"),
        ({"trials": [{"clip": "a", "ratings": {"x": 5}}]}, "no rating of 'reference'"),
        ({"trials": "none"}, "not a complete result"),
        ({"seed": None}, "not a complete result"),
    ],
)
def test_what_is_no_result_is_refused(
    handed_in: HandIn, change: dict[str, object], reason: str
) -> None:
    with pytest.raises(ListeningError, match=reason):
        read_results([handed_in("ann", **change)])


def test_a_rating_left_out_is_found(handed_in: HandIn) -> None:
    whole = json.loads(handed_in("ann").read_text())["trials"][0]["ratings"]
    less = {name: rating for name, rating in whole.items() if name != DISTORTED}
    with pytest.raises(ListeningError, match="other conditions than the first trial"):
        read_results([handed_in("ann", whole, less)])


def test_no_file_and_no_json_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ListeningError, match=r"x\.json: cannot be read"):
        read_results([tmp_path / "x.json"])
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(ListeningError, match="is not valid JSON"):
        read_results([tmp_path / "x.json"])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ('"seed": NaN', "nan"),
        ('"seed": 1e999', "inf"),
        ('"seed": "one"', "seed is 'one'"),
        ('"listener": {}', "listener is {}"),
        ('"test": ["a"]', "test is"),
        ('"trials": 5', "trials is 5"),
        ('"trials": [5]', "clip is None"),
        ('"trials": [{"clip": {}, "ratings": {}}]', "clip is {}"),
        ('"trials": [{"clip": "a", "ratings": []}]', "ratings is"),
        ('"trials": ' + "[" * 10_000, "deep"),
    ],
)
def test_odd_results_are_refused_in_one_line(tmp_path: Path, change: str, said: str) -> None:
    whole = '"format": 1, "test": "t", "listener": "a", "seed": 1, "trials": []'
    path = tmp_path / "x.json"
    path.write_text(f"{{{whole}, {change}}}")  # the last of two of the same name counts
    with pytest.raises(ListeningError, match=re.escape(said)):
        read_results([path])
