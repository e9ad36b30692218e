"""Whole files or none: everything is written beside its place and renamed at the end."""

import ctypes
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from runtime.errors import OutputError
from runtime.outputs import exists_already, is_stream, refuse_output, refuse_parent
from runtime.scratch import scratch

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # of Linux


@contextmanager
def replacing(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path of the same name, whose file takes the place of `path` on success.

    A file that is replaced keeps its mode; of a link the target is written, and the link stays.
    Without `overwrite` a file that another process puts at `path` meanwhile is kept, not replaced.
    Raises `OutputError` as `refuse_output` does, and when the system refuses the write.
    """
    path = Path(path)
    refuse_output(path, overwrite)
    with _beside(path) as (folder, target):
        temporary = folder / path.name
        yield temporary
        if overwrite:
            _keep_mode(target, temporary)
            os.replace(temporary, target)
        else:
            _rename_new(temporary, target)


@contextmanager
def opened_output(path: Path, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Open a file that is there whole or not at all, or a pipe or device, which is streamed to.

    Raises `OutputError` as `replacing` does.
    """
    path = Path(path)
    if is_stream(path):
        with path.open("wb") as file:
            yield file
    else:
        with replacing(path, overwrite) as temporary, temporary.open("wb") as file:
            yield file


@contextmanager
def replacing_folder(
    path: Path, overwrite: bool, refuse_other: Callable[[Path], None]
) -> Iterator[Path]:
    """Yield a new folder, which takes the place of `path` on success, in one step.

    With `overwrite` an empty folder makes way, and one of which `refuse_other` does not raise.
    Raises `OutputError` when anything else is there, and when the system refuses the write.
    """
    path = Path(path)
    refuse_parent(path)
    if path.exists():
        if not overwrite:
            raise OutputError(exists_already(path))
        if not path.is_dir():
            raise OutputError(f"{path}: is no folder and stays; choose another name")
        if any(path.iterdir()):
            refuse_other(path)
    with _beside(path) as (folder, target):
        made = folder / target.name
        made.mkdir()
        yield made
        if target.exists():
            _exchange(made, target)
        else:
            made.rename(target)


@contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, Path]]:
    """Yield a scratch folder beside what `path` leads to, and that."""
    target = Path(os.path.realpath(path))
    try:
        with scratch(target.parent) as folder:
            yield folder, target
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{path}: cannot be written ({reason}); choose another place") from error


def _keep_mode(old: Path, new: Path) -> None:
    with suppress(FileNotFoundError):
        was = old.stat()
        with suppress(PermissionError):  # only root gives files away
            os.chown(new, was.st_uid, was.st_gid)
        shutil.copymode(old, new)


def _rename_new(temporary: Path, target: Path) -> None:
    # A hard link fails where the name is taken, which a rename does not; some file systems have
    # no links, and there the check made at the start has to do.
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise OutputError(exists_already(target)) from error
    except OSError:
        os.replace(temporary, target)


def _exchange(made: Path, target: Path) -> None:
    """Let two folders change places, so that at every moment a whole one is at `target`."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(made), os.fsencode(target)
    if rename and not rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
        return
    # Not in this file system. Under a name of its own the old one outlives whatever happens here.
    aside = target.with_name(f"{target.name}.old-{uuid4().hex[:8]}")
    target.rename(aside)
    made.rename(target)
    shutil.rmtree(aside)
