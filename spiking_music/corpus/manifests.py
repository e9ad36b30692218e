"""Lists of recordings: a `.txt` with a path per line, or a `.csv` with a column of paths."""

import csv
import posixpath
from collections.abc import Iterable, Iterator

from runtime.errors import SpikingMusicError
from spiking_music.corpus.places import below, is_address

SUFFIXES = (".txt", ".csv")
COLUMNS = ("path", "audio_filename")  # the second is MAESTRO's


def is_manifest(place: str) -> bool:
    """Return whether a place is a list, judging by its suffix."""
    return place.lower().endswith(SUFFIXES)


def named_in(place: str, lines: Iterable[str]) -> dict[str, str]:
    """Return the recordings that the `lines` of a list name: a place for each name.

    Paths are relative to the folder of the list, and so are names; the name of a recording outside
    it is its whole path. No name leads out of a folder that it is joined to.
    Raises `SpikingMusicError` for a `.csv` without a column of paths.
    """
    rows = _column(place, lines) if place.lower().endswith(".csv") else _rows(lines)
    folder = place.rpartition("/")[0] or "."
    return dict(_entry(row, folder) for row in rows)


def _rows(lines: Iterable[str]) -> Iterator[str]:
    stripped = (line.strip() for line in lines)
    return (line for line in stripped if line and not line.startswith("#"))


def _column(place: str, lines: Iterable[str]) -> Iterator[str]:
    rows = csv.DictReader(lines)
    found = [name for name in COLUMNS if name in (rows.fieldnames or ())]
    if not found:
        raise SpikingMusicError(
            f"{place}: has no column {' or '.join(COLUMNS)}; rename the column of addresses"
        )
    return (row[found[0]] for row in rows if row[found[0]])


def _entry(entry: str, folder: str) -> tuple[str, str]:
    if not is_address(entry) and not entry.startswith("/"):
        name = posixpath.normpath(entry)
        if name != ".." and not name.startswith("../"):
            return name, below(folder, name)
        entry = below(folder, entry)
    path = entry.partition("://")[2] or entry
    return posixpath.normpath(f"/{path}").lstrip("/"), entry
