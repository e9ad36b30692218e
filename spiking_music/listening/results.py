"""Read and check listeners' results, the JSON files that the page saves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from runtime.errors import ListeningError
from runtime.untrusted import UntrustedError, read_json
from spiking_music.evaluation.anchors import DISTORTED, LOW_ANCHOR, MIDDLE_ANCHOR
from spiking_music.listening.conditions import REFERENCE

FORMAT = 1
T = TypeVar("T")
_NEEDED = (REFERENCE, LOW_ANCHOR, MIDDLE_ANCHOR, DISTORTED)


@dataclass(frozen=True)
class Rated:
    """One trial of one listener: the clip and a rating 0..100 for each condition."""

    clip: str
    ratings: Mapping[str, int]


@dataclass(frozen=True)
class Session:
    """One listener's results: the `test`, the listener, the `seed` of the order, the trials."""

    test: str
    listener: str
    seed: int
    trials: tuple[Rated, ...]


def read_results(files: Sequence[Path]) -> list[Session]:
    """Read the results of one test, a file for each listener; duplicate files count once.

    Raises `ListeningError` for a file that is not a result, for results of different tests, and for
    different results of the same listener and order.
    """
    sessions: dict[tuple[str, int], Session] = {}
    for file in files:
        session = _read(file)
        first = next(iter(sessions.values()), session)
        if (session.test, _conditions(session)) != (first.test, _conditions(first)):
            raise ListeningError(
                f"{file}: belongs to test {session.test}, the others to {first.test}; "
                "score them separately"
            )
        known = sessions.setdefault((session.listener, session.seed), session)
        if known != session:
            raise ListeningError(
                f"{file}: differs from another result of the same listener; keep one of them"
            )
    return list(sessions.values())


def _read(file: Path) -> Session:
    try:
        data = read_json(file)
    except UntrustedError as error:
        raise ListeningError(f"{file}: {error}; give what the page saved") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ListeningError(
            f"{file}: is not a result of format {FORMAT}; give a file that the page saved"
        )
    try:
        session = Session(
            _of(str, data, "test"),
            _of(str, data, "listener"),
            _of(int, data, "seed"),
            tuple(
                Rated(_of(str, trial, "clip"), _ratings(_of(dict, trial, "ratings")))
                for trial in _of(list, data, "trials")
            ),
        )
    except ValueError as error:
        raise ListeningError(f"{file}: is not a complete result ({error})") from error
    _check(file, session)
    return session


def _of(kind: type[T], table: Any, name: str) -> T:
    """Return the value of a key in a table; raises `ValueError` if its type is not `kind`."""
    value = table.get(name) if isinstance(table, dict) else None
    if type(value) is not kind:
        raise ValueError(f"{name} is {value!r:.60}")
    return value


def _ratings(found: dict[str, Any]) -> dict[str, int]:
    for name, rating in found.items():
        if type(rating) is not int or not 0 <= rating <= 100:
            raise ValueError(f"{name!r} is rated {rating!r}, not 0 to 100")
    return found


def _check(file: Path, session: Session) -> None:
    if not session.trials:
        raise ListeningError(f"{file}: holds no trials")
    for trial in session.trials:
        if trial.ratings.keys() != session.trials[0].ratings.keys():
            raise ListeningError(f"{file}: {trial.clip} has other conditions than the first trial")
        for name in _NEEDED:
            if name not in trial.ratings:
                raise ListeningError(f"{file}: {trial.clip} has no rating of {name!r}")


def _conditions(session: Session) -> frozenset[str]:
    return frozenset(session.trials[0].ratings)
