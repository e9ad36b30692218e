"""Check every byte of a file and name what is damaged."""

from dataclasses import dataclass
from pathlib import Path

from runtime.errors import FormatError
from runtime.spk.reader import SpkReader, opened_spk
from runtime.spk.salvage import Loss, Salvage


@dataclass(frozen=True)
class Verdict:
    """What a check has found: good `chunks` and their `events`, `losses`, and `notes` on the rest.

    The file is whole when there is no loss.
    """

    chunks: int
    events: int
    losses: tuple[Loss, ...]
    notes: tuple[str, ...]


def verify(path: Path) -> Verdict:
    """Check a file; raises `FormatError` when its header is damaged, or when it is none."""
    notes: list[str] = []
    with opened_spk(path) as file:
        salvage = Salvage(file, notes.append)
        counts = [chunk.events.count for chunk in salvage]
    losses = salvage.losses
    strict = _strict(path)
    if strict and not losses:
        losses.append(Loss(None, None, strict))
    return Verdict(len(counts), sum(counts), tuple(losses), tuple(notes))


def _strict(path: Path) -> str:
    """Return what stops a reader that accepts no damage, empty when nothing does."""
    with opened_spk(path) as file:
        try:
            for _ in SpkReader(file):
                pass
        except FormatError as error:
            return str(error)
    return ""
