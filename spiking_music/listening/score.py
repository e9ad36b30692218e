"""The score of a test, as one report."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from runtime.errors import ListeningError
from spiking_music.listening.results import Session
from spiking_music.listening.scores import Duel, Mean, duels, means
from spiking_music.listening.screening import SCREENINGS, undegraded


@dataclass(frozen=True)
class Score:
    """Means and duels of the trials that `screening` keeps; `kept` says how many each rule keeps.

    `undegraded` are clips whose 7 kHz anchor many took for the reference, see `screening`.
    """

    test: str
    screening: str
    kept: dict[str, dict[str, int]]
    undegraded: tuple[str, ...]
    means: tuple[Mean, ...]
    duels: tuple[Duel, ...]


def score(sessions: Sequence[Session], screening: str) -> Score:
    """Screen the results and score them; raises `ListeningError` when no trial is left."""
    left = SCREENINGS[screening](sessions)
    if not left:
        raise ListeningError(
            f"screening {screening!r} excludes all of the {len(sessions)} listeners; "
            "choose another --screening"
        )
    kept = {name: _size(rule(sessions)) for name, rule in SCREENINGS.items()}
    spared = tuple(undegraded(sessions))
    return Score(sessions[0].test, screening, kept, spared, tuple(means(left)), tuple(duels(left)))


def as_json(found: Score) -> dict[str, Any]:
    """Return the score for programs: every field, and the values derived from them."""
    fights = [asdict(duel) | {"significant": duel.significant} for duel in found.duels]
    rated = [
        asdict(mean) | {"median": mean.median, "quartiles": mean.quartiles} for mean in found.means
    ]
    return asdict(found) | {"means": rated, "duels": fights}


def caption(found: Score) -> str:
    """Return the caption of a figure of the score."""
    left = found.kept[found.screening]
    of = f"{left['listeners']} listeners in {left['trials']} trials"
    return f"Ratings of test {found.test} by {of}, screened by {found.screening}."


def mean_rows(found: Score) -> list[dict[str, str]]:
    """Return a row of text for each condition, the best first."""
    return [
        {
            "condition": mean.name,
            "mean": f"{mean.mean:.1f}",
            "95 % interval": "-" if mean.low is None else f"{mean.low:.1f} to {mean.high:.1f}",
            "median": f"{mean.median:g}",
            "quartiles": "{:g} to {:g}".format(*mean.quartiles),
            "ratings": str(len(mean.ratings)),
        }
        for mean in found.means
    ]


def duel_rows(found: Score) -> list[dict[str, str]]:
    """Return a row of text for each pair, the most significant first."""
    return [
        {
            "more wins": duel.winner,
            "fewer": duel.loser,
            "wins": str(duel.wins),
            "losses": str(duel.losses),
            "ties": str(duel.ties),
            "p, Holm": f"{duel.corrected:.2g}",
            "verdict": "better" if duel.significant else "not told apart",
        }
        for duel in sorted(found.duels, key=lambda duel: duel.corrected)
    ]


def _size(sessions: Sequence[Session]) -> dict[str, int]:
    trials = sum(len(session.trials) for session in sessions)
    return {"listeners": len(sessions), "trials": trials}
