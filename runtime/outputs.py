"""Check before the work begins that its output can be written."""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from runtime.errors import OutputError


def refuse_output(
    path: Path, overwrite: bool = False, sources: Iterable[Path] = (), streams: bool = False
) -> None:
    """Raise `OutputError` when the output `path` cannot be written.

    It may exist only as a regular file with `overwrite`, or as a pipe or character device with
    `streams`. It may never be one of the `sources`, under any name or link.
    """
    path = Path(path)
    if not path.name:
        raise OutputError("an output has an empty name; give it one")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return refuse_parent(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror})") from error
    for source in sources:
        with suppress(OSError):
            if path.samefile(source):
                raise OutputError(f"{path}: is what is read ({source}); write to another file")
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path}: is a folder; give a file name")
    if streams and is_stream(path):
        return None
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path}: is no regular file and is not replaced; give another name")
    if not overwrite:
        raise OutputError(exists_already(path))
    if not os.access(path, os.W_OK):
        raise OutputError(f"{path}: is read-only; give another name or make it writable")
    return refuse_parent(path)


def refuse_outputs(
    folder: Path, names: Iterable[str], overwrite: bool = False, sources: Iterable[Path] = ()
) -> None:
    """Raise `OutputError` when files of these names cannot be written into a folder.

    Each is checked like in `refuse_output`; the folder and its parents need not exist yet.
    """
    folder, sources = Path(folder), list(sources)
    if folder.exists():
        for name in names:
            refuse_output(folder / name, overwrite, sources)
    else:
        while not folder.parent.exists():
            folder = folder.parent
        refuse_parent(folder)


def refuse_parent(path: Path) -> None:
    """Raise `OutputError` when the parent folder of `path` cannot be written to."""
    parent = Path(os.path.realpath(path)).parent
    if not parent.is_dir():
        raise OutputError(f"{parent}: no such folder; create it first or choose another place")
    if not os.access(parent, os.W_OK | os.X_OK):
        raise OutputError(f"{parent}: cannot be written to; choose another place")


def is_stream(path: Path) -> bool:
    """Return whether a path is a pipe or a character device, which is written directly."""
    try:
        mode = Path(path).stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def exists_already(path: Path) -> str:
    """Return the message for an output that exists and may not be replaced."""
    return f"{path}: exists already; give another name or --force"
