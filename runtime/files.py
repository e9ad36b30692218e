"""Write files and folders atomically: beside their final place, then renamed when complete."""

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

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # constants of Linux


@contextmanager
def replacing(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary path of the same name; on success its file replaces `path`.

    A replaced file keeps its mode; if `path` is a link, its target is replaced and the link stays.
    Without `overwrite`, a file that another process puts at `path` in the meantime is kept.
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
    """Open a file that appears only when complete, or a pipe or device, which is written directly.

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
    """Yield a new folder, which on success takes the place of `path` in one step.

    With `overwrite`, an existing folder is replaced if it is empty or `refuse_other` accepts it,
    that is, does not raise. Raises `OutputError` when anything else is there, and when the system
    refuses the write.
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
    """Yield a scratch folder beside the file that `path` resolves to, and that file's path."""
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
        with suppress(PermissionError):  # only root can change the owner of a file
            os.chown(new, was.st_uid, was.st_gid)
        shutil.copymode(old, new)


def _rename_new(temporary: Path, target: Path) -> None:
    # A hard link fails if the name is taken, a rename does not. Some file systems have no links;
    # there we rely on the check made at the start.
    try:
        os.link(temporary, target)
    except FileExistsError as error:
        raise OutputError(exists_already(target)) from error
    except OSError:
        os.replace(temporary, target)


def _exchange(made: Path, target: Path) -> None:
    """Exchange two folders atomically, so that a complete one is always at `target`."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    names = os.fsencode(made), os.fsencode(target)
    if rename and not rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
        return
    # This file system cannot exchange. The old folder gets a name of its own, so it is never lost.
    aside = target.with_name(f"{target.name}.old-{uuid4().hex[:8]}")
    target.rename(aside)
    made.rename(target)
    shutil.rmtree(aside)
