"""Temporary folders that are removed when we end, or later if we were killed."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

_PREFIX, _SUFFIX = ".spiking-music-", ".part"
_NAME = re.compile(r"\.spiking-music-[a-z0-9_]{8}\.part")


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """Yield a new, empty, private folder in `parent`, by default in the system's temporary folder.

    It is removed with its contents when the block ends. If this process is killed first, the next
    of our processes that uses `parent` removes it. Raises `OSError` when it cannot be made.
    """
    parent = Path(tempfile.gettempdir() if parent is None else parent)
    _sweep(parent)
    folder, lock = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    # Another process may sweep between making and locking the folder; then there is none to lock.
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, suffix=_SUFFIX, dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(OSError):  # no locks in this file system: nobody can sweep here either
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


@cache
def _sweep(parent: Path) -> None:
    """Remove, once per process, those of our folders that nobody locks: their process is dead."""
    with suppress(OSError):
        for name in filter(_NAME.fullmatch, os.listdir(parent)):
            with suppress(OSError):
                _remove_dead(parent / name)


def _remove_dead(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
    finally:
        os.close(lock)
