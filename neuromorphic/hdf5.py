"""Open HDF5 files of unknown origin safely: nothing outside them is read, and nothing too large."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from runtime.errors import GraphError, one_line

LARGEST = 2**29  # bytes: the most that all arrays of a file may take, checked before reading
_DEEPEST = 16  # levels of nested groups
_MOST = 2**16  # groups, arrays and attributes in a file, and texts in an array
_LONGEST = 256  # letters in a name
_NUMBERS = "biuf"


@contextmanager
def opened_hdf5(path: Path, kind: str, largest: int = LARGEST) -> Iterator[h5py.File]:
    """Open a file after checking all its parts; messages call it a `kind` file.

    It must be a tree of groups with a bounded number of short names, whose arrays lie in the file
    and take at most `largest` bytes. Raises `GraphError`, naming the file, if it is not, and if
    anything within the block fails, since h5py raises many different errors for damaged files.
    """
    try:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise GraphError("is not a regular file")
        with h5py.File(path, "r") as file:
            _Walk(largest).check(file, 0)
            yield file
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise GraphError(f"{path}: no such file") from error
    except Exception as error:
        raise GraphError(f"{path}: not a readable {kind} file ({one_line(error)})") from error


class _Walk:
    """Walks over everything in a file, checks it and counts it."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._bytes = self._parts = 0
        self._seen: set[int] = set()

    def check(self, group: h5py.Group, depth: int) -> None:
        if depth > _DEEPEST:
            raise GraphError(f"its groups are nested more than {_DEEPEST} deep")
        self._count(group)
        for name in group:
            if len(name) > _LONGEST:
                raise GraphError(
                    f"a name in it has {len(name)} letters; at most {_LONGEST} are read"
                )
            where = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise GraphError(f"{where} is a link; store the array itself in the file")
            item = group[name]
            address = h5py.h5o.get_info(item.id).addr
            if address in self._seen:
                raise GraphError(f"{where} appears twice; store each group and array once")
            self._seen.add(address)
            if isinstance(item, h5py.Group):
                self.check(item, depth + 1)
            elif isinstance(item, h5py.Dataset):
                self._check_array(item)

    def _check_array(self, item: h5py.Dataset) -> None:
        self._count(item)
        if item.is_virtual or item.external:
            raise GraphError(
                f"{item.name} lies in another file; store the array itself in the file"
            )
        texts = h5py.check_string_dtype(item.dtype) is not None and item.size <= _MOST
        if item.dtype.kind not in _NUMBERS and not texts:
            raise GraphError(f"{item.name} holds neither numbers nor a small number of texts")
        self._bytes += int(item.nbytes)
        if self._bytes > self._largest:
            raise GraphError(
                f"its arrays take {self._bytes} bytes or more; at most {self._largest} are read"
            )

    def _count(self, item: h5py.Group | h5py.Dataset) -> None:
        self._parts += 1 + len(item.attrs)
        if self._parts > _MOST:
            raise GraphError(f"it has more than {_MOST} groups, arrays and attributes")
