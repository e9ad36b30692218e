"""MAESTRO v3 in its own layout: a table of pieces, their MIDI, and their WAV where published."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from train.data.corpus import DataError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Piece:
    """One performance of MAESTRO: its `title`, official `split`, files (either may be missing)."""

    title: str
    split: str
    midi: Path
    audio: Path


def maestro(root: Path, split: str) -> list[Piece]:
    """The pieces of one split of MAESTRO v3, from its CSV or JSON metadata.

    Raises DataError when the folder holds no metadata, they are damaged, or the split is unknown.
    """
    if split not in SPLITS:
        raise DataError(f"split {split!r} is unknown: choose one of {', '.join(SPLITS)}")
    table = next(iter(sorted(root.glob("maestro*.csv")) + sorted(root.glob("maestro*.json"))), None)
    if table is None:
        raise DataError(f"{root}: no maestro*.csv or maestro*.json here; give MAESTRO's top folder")
    try:
        pieces = [_piece(root, row) for row in _rows(table)]
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
        raise DataError(f"{table}: is no table of MAESTRO v3; get it again") from error
    return [piece for piece in pieces if piece.split == split]


def _rows(table: Path) -> list[dict[str, str]]:
    if table.suffix == ".csv":
        with table.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    columns: dict[str, dict[str, str]] = json.loads(table.read_text(encoding="utf-8"))
    return [{name: columns[name][key] for name in columns} for key in columns["split"]]


def _piece(root: Path, row: dict[str, str]) -> Piece:
    return Piece(
        f"{row['canonical_composer']}: {row['canonical_title']}",
        row["split"],
        root / row["midi_filename"],
        root / row["audio_filename"],
    )
