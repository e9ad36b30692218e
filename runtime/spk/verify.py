"""Check every byte of a file and name the damaged parts."""

from dataclasses import dataclass
from pathlib import Path

from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError
from runtime.spk.reader import WRONG_TABLE, SpkReader, opened_spk
from runtime.spk.salvage import Loss, Salvage


@dataclass(frozen=True)
class Verdict:
    """The result of a check: good `chunks`, their `events`, `losses`, and `notes` on the rest.

    The file is intact when there is no loss.
    """

    chunks: int
    events: int
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]


def verify(path: Path, tables: Tables | None = None) -> Verdict:
    """Check a file; `tables` are those of a LAPPED model's coder, see `SpkReader`.

    Raises `FormatError` when its header is damaged or it is not a `.spk` file.
    """
    notes: list[str] = []
    with opened_spk(path) as file:
        salvage = Salvage(file, notes.append, tables)
        counts = [chunk.events.count for chunk in salvage]
    losses = salvage.losses
    if not losses:
        losses = [Loss(None, None, reason) for reason in _strict(path)]
    return Verdict(len(counts), sum(counts), tuple(losses), tuple(notes))


def _strict(path: Path) -> list[str]:
    """Return the verdict of a reader that accepts no damage, without counting the events."""
    notes: list[str] = []
    with opened_spk(path) as file:
        try:
            for _ in SpkReader(file, notes.append).stored():
                pass
        except FormatError as error:
            return [str(error)]
    return [note for note in notes if note == WRONG_TABLE]
