"""Whose ratings count: the rule of the paper and the rules of ITU-R BS.1534-3."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from listening.conditions import DISTORTED, MIDDLE_ANCHOR, REFERENCE
from listening.results import Rated, Session

EXCELLENT, BAD = 80, 20  # from and to where these words reach on the scale
_NEAR_PERFECT = 90
_TOLERATED = 0.15  # share of the trials


def as_in_the_paper(sessions: Sequence[Session]) -> list[Session]:
    """Keep the trials whose author put the reference in Excellent and the anchor in Bad.

    The anchor is the distorted one; the words reach from 80 and to 20. Source: paper section 3.
    """
    kept = (replace(s, trials=tuple(filter(_told_apart, s.trials))) for s in sessions)
    return [session for session in kept if session.trials]


def as_in_bs1534(sessions: Sequence[Session]) -> list[Session]:
    """Keep the listeners who know the reference and do not take the 7 kHz anchor for it.

    Excluded is who rates the hidden reference below 90, or the middle anchor above 90, in more
    than 15 % of the trials. Source: ITU-R BS.1534-3, post-screening of assessors.
    """
    return [session for session in sessions if _reliable(session)]


SCREENINGS: Final[dict[str, Callable[[Sequence[Session]], list[Session]]]] = {
    "none": list,
    "paper": as_in_the_paper,
    "bs1534": as_in_bs1534,
}


def _told_apart(trial: Rated) -> bool:
    return trial.ratings[REFERENCE] >= EXCELLENT and trial.ratings[DISTORTED] <= BAD


def _reliable(session: Session) -> bool:
    missed = sum(trial.ratings[REFERENCE] < _NEAR_PERFECT for trial in session.trials)
    fooled = sum(trial.ratings[MIDDLE_ANCHOR] > _NEAR_PERFECT for trial in session.trials)
    return max(missed, fooled) <= _TOLERATED * len(session.trials)
