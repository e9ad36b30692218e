from collections.abc import Callable

import pytest

from spiking_music.evaluation.anchors import DISTORTED, MIDDLE_ANCHOR
from spiking_music.listening.conditions import REFERENCE
from spiking_music.listening.results import Session
from spiking_music.listening.screening import SCREENINGS, as_in_bs1534, as_in_the_paper, undegraded

Of = Callable[..., Session]


@pytest.mark.parametrize(
    ("reference", "anchor", "kept"), [(80, 20, 1), (79, 20, 0), (80, 21, 0), (100, 0, 1)]
)
def test_the_paper_drops_single_ratings(of: Of, reference: int, anchor: int, kept: int) -> None:
    good, other = {}, {REFERENCE: reference, DISTORTED: anchor}
    (left,) = as_in_the_paper([of(good, other)])
    assert len(left.trials) == 1 + kept
    assert len(as_in_the_paper([of(other)])) == kept


@pytest.mark.parametrize("change", [{REFERENCE: 89}, {MIDDLE_ANCHOR: 91}])
def test_bs1534_excludes_listeners(of: Of, change: dict[str, int]) -> None:
    for failed, trials, stays in ((1, 7, True), (1, 6, False), (3, 20, True), (4, 20, False)):
        session = of(*[change] * failed, *[{}] * (trials - failed))
        others = [of(*[{}] * trials, listener=name) for name in ("bob", "cem", "dan")]
        assert as_in_bs1534([session, *others]) == [session] * stays + others


def test_an_anchor_that_many_take_for_the_reference_is_held_against_nobody(of: Of) -> None:
    deceived = [of({MIDDLE_ANCHOR: 100}, {}, listener=name) for name in ("ann", "bob")]
    others = [of({}, {}, listener=name) for name in "cdefgh"]
    assert undegraded([*deceived, *others[:5]]) == ["clip 0"]
    assert as_in_bs1534([*deceived, *others[:5]]) == [*deceived, *others[:5]]
    assert undegraded([*deceived, *others]) == []  # 2 of 8 are no more than 25 %
    assert as_in_bs1534([*deceived, *others]) == others


def test_the_limits_themselves_are_tolerated(of: Of) -> None:
    session = of({REFERENCE: 90, MIDDLE_ANCHOR: 90})
    assert as_in_bs1534([session]) == [session]


def test_every_screening_takes_the_good_and_none_takes_all(of: Of) -> None:
    good, bad = of({}), of({REFERENCE: 10})
    assert [len(rule([good, bad])) for rule in SCREENINGS.values()] == [2, 1, 1]
