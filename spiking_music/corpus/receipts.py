"""Check existing outputs: each file says which recording, model and settings made it.

The text `source` of a `.spk` file is the name of the recording, the SHA-256 of its bytes, and the
rate or the quality that was asked for. Nothing else is stored, so nothing can disagree with the
files: there is no database, no time stamp and no lock.
"""

import hashlib
from dataclasses import dataclass, fields, replace
from pathlib import Path

from runtime.errors import FormatError, OutputError
from runtime.piece import LappedCode
from runtime.spk.header import SpkHeader
from runtime.spk.reader import SpkReader
from runtime.to_spk import Storage, unicode
from spiking_music.corpus.places import store_of

_MARK = " sha256:"


@dataclass(frozen=True)
class Standing:
    """A complete `.spk` file: its `header`, `samples` of sound, `size` in bytes, text `source`."""

    header: SpkHeader
    samples: int
    size: int
    source: str


def sha256(recording: Path) -> str:
    """Return the digest of a file's bytes, 64 hex digits."""
    with recording.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def receipt(name: str, digest: str, storage: Storage) -> str:
    """Return the text `source` for a recording with this name, digest and storage."""
    wishes = ("mu", "step", "min_si_snr", "kbps", "effort")
    said = {wish: getattr(storage, wish) for wish in wishes}
    asked = (f"{wish}={value}" for wish, value in said.items() if value is not None)
    return unicode(" ".join([f"{name}{_MARK}{digest}", *asked]))


def standing(target: str, code: LappedCode | None = None) -> Standing | None:
    """Read an output and check every byte; None if it does not exist or is damaged.

    `code` is that of a LAPPED model, whose tables decode its events. If neither it nor a shipped
    bundle has the tables of a file, the events are not checked.
    """
    store, path = store_of(target)
    try:
        with store.open(path, "rb") as file:
            header = SpkReader(file).header
            file.seek(0)
            own = code.tables if code is not None else None
            fitting = own is not None and own.hash == header.tables
            reader = SpkReader(file, tables=own if fitting else None)
            unknown = header.lapped and reader.tables is None
            for _ in reader.stored() if unknown else reader:
                pass
            text = reader.texts.get("source", "")
            return Standing(reader.header, reader.samples, file.tell(), text)
    except (FileNotFoundError, FormatError):
        return None


def refuse_other(found: Standing, target: str, header: SpkHeader, source: str) -> None:
    """Raise `OutputError` unless an output has this `header` and the same receipt `source`."""
    there = found.header
    due = replace(
        header,
        samples=there.samples,
        mu=there.mu,
        # A file may hold the beginnings of these names alone.
        model=header.model[: len(there.model)],
        tables=header.tables[: len(there.tables)],
    )
    names = [field.name for field in fields(due) if field.compare]
    differing = [name for name in names if getattr(due, name) != getattr(there, name)]
    if found.source.rpartition(_MARK)[2] != source.rpartition(_MARK)[2]:
        differing.append("recording or rate")
    if differing:
        raise OutputError(
            f"{target}: exists already with a different {' and '.join(differing)}; "
            "give another folder or --force"
        )
