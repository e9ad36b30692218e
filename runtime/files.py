"""Whole files or none: everything is written beside its place and renamed at the end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from runtime.errors import OutputError


@contextmanager
def replacing(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it on success, remove it on failure.

    The temporary name keeps the suffix of `path`, since writers choose a format by it. Without
    `overwrite` a file that another process puts at `path` meanwhile is kept, not replaced.
    Raises `OutputError` when `path` exists and `overwrite` is false, when it is a folder, when
    its folder does not exist, or when the system refuses the write.
    """
    path = Path(path)
    _check(path, overwrite)
    temporary = path.with_name(f".{path.stem[:100]}.{uuid4().hex[:12]}.part{path.suffix}")
    try:
        yield temporary
        if overwrite:
            os.replace(temporary, path)
        else:
            _rename_new(temporary, path)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({reason}); choose another place") from error
    finally:
        temporary.unlink(missing_ok=True)


def _check(path: Path, overwrite: bool) -> None:
    if not path.parent.is_dir():
        raise OutputError(f"{path.parent}: no such folder; create it first or choose another place")
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; give a file name")
    if path.exists() and not overwrite:
        raise OutputError(_exists(path))


def _rename_new(temporary: Path, path: Path) -> None:
    # A hard link fails where the name is taken, which a rename does not; some file systems have
    # no links, and there the check made at the start has to do.
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise OutputError(_exists(path)) from error
    except OSError:
        os.replace(temporary, path)


def _exists(path: Path) -> str:
    return f"{path}: exists already; give another name or allow overwriting"
