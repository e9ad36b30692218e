"""Places of files: local paths, and addresses such as `s3://bucket/key` through fsspec."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from runtime.files import replacing
from runtime.scratch import scratch

_SCHEME = "://"


def is_address(place: str) -> bool:
    """Return whether a place is an address rather than a local path."""
    return _SCHEME in place


def store_of(place: str) -> tuple[Any, str]:
    """Return the file system of fsspec that an address belongs to, and the path in it."""
    from fsspec.core import url_to_fs  # here, since a single recording does not need it

    if is_address(place):
        return url_to_fs(place)
    # Do not parse a path as an address, in which some characters have a special meaning.
    return url_to_fs("file:///")[0], str(Path(place).absolute())


def below(place: str, name: str) -> str:
    """Return the place of a name in a folder."""
    return f"{place.rstrip('/')}/{name}"


@contextmanager
def fetched(place: str) -> Iterator[Path]:
    """Yield a local path of a file: its own, or that of a copy, removed after the block."""
    if not is_address(place):
        yield Path(place)
        return
    store, path = store_of(place)
    with scratch() as folder:
        copy = folder / f"copy{Path(path).suffix}"
        store.get_file(path, str(copy))
        yield copy


def publish(file: BinaryIO, place: str) -> None:
    """Write the contents of a file to a place, replacing what is there and creating folders.

    A local file or an object of an object store appears only when it is complete.
    Raises `OutputError` when the system refuses the write.
    """
    file.seek(0)
    if is_address(place):
        store, path = store_of(place)
        store.makedirs(path.rpartition("/")[0], exist_ok=True)
        with store.open(path, "wb") as target:
            shutil.copyfileobj(file, target)
        return
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    with replacing(Path(place), overwrite=True) as temporary, temporary.open("wb") as target:
        shutil.copyfileobj(file, target)
