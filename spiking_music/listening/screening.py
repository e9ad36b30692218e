"""Whose ratings count: the rule of the paper and the rules of ITU-R BS.1534-3."""

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Final

from spiking_music.evaluation.anchors import DISTORTED, MIDDLE_ANCHOR
from spiking_music.listening.conditions import REFERENCE
from spiking_music.listening.results import Rated, Session

EXCELLENT, BAD = 80, 20  # where Excellent begins and Bad ends on the scale
_NEAR_PERFECT = 90
_TOLERATED = 0.15  # share of the trials
_DECEIVED = 0.25  # share of the listeners


def as_in_the_paper(sessions: Sequence[Session]) -> list[Session]:
    """Keep the trials whose author put the reference in Excellent and the anchor in Bad.

    The anchor is the distorted one; the words reach from 80 and to 20. Source: paper section 3.
    """
    kept = (replace(s, trials=tuple(filter(_told_apart, s.trials))) for s in sessions)
    return [session for session in kept if session.trials]


def as_in_bs1534(sessions: Sequence[Session]) -> list[Session]:
    """Keep the listeners who know the reference and do not take the 7 kHz anchor for it.

    Listeners who rate the hidden reference below 90, or the middle anchor above 90, in more than
    15 % of the trials are excluded; the anchor of an `undegraded` clip does not count.
    Source: ITU-R BS.1534-3, section 4.1.2.
    """
    spared = undegraded(sessions)
    return [session for session in sessions if _reliable(session, spared)]


def undegraded(sessions: Sequence[Session]) -> list[str]:
    """Return the clips whose middle anchor more than 25 % of the listeners rate above 90.

    They have so little energy above 7 kHz that the anchor is hardly worse. Source: ITU-R BS.1534-3,
    section 4.1.2.
    """
    deceived: dict[str, list[bool]] = defaultdict(list)
    for session in sessions:
        for trial in session.trials:
            deceived[trial.clip].append(_deceived(trial))
    return [clip for clip, all_ in deceived.items() if sum(all_) > _DECEIVED * len(all_)]


SCREENINGS: Final[dict[str, Callable[[Sequence[Session]], list[Session]]]] = {
    "none": list,
    "paper": as_in_the_paper,
    "bs1534": as_in_bs1534,
}


def _told_apart(trial: Rated) -> bool:
    return trial.ratings[REFERENCE] >= EXCELLENT and trial.ratings[DISTORTED] <= BAD


def _reliable(session: Session, spared: Collection[str]) -> bool:
    missed = sum(trial.ratings[REFERENCE] < _NEAR_PERFECT for trial in session.trials)
    deceived = sum(_deceived(trial) for trial in session.trials if trial.clip not in spared)
    return max(missed, deceived) <= _TOLERATED * len(session.trials)


def _deceived(trial: Rated) -> bool:
    return trial.ratings[MIDDLE_ANCHOR] > _NEAR_PERFECT
