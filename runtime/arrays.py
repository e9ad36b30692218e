"""Read NumPy files that may be damaged or malicious, and write them atomically."""

import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import SpikingMusicError, one_line
from runtime.files import replacing

MAGIC = b"\x93NUMPY"
LARGEST = 2**30  # bytes: the most that the arrays of one .npz file may take


def read_array(path: Path) -> npt.NDArray[Any]:
    """Read a `.npy` file, lazily; raises `SpikingMusicError` for anything else."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:  # numpy would take it for a pickle
                raise ValueError("it begins otherwise")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise SpikingMusicError(f"{path}: no such file") from error
    except Exception as error:  # numpy raises many different errors for damaged files
        raise SpikingMusicError(
            f"{path}: not a .npy file of numbers ({one_line(error)})"
        ) from error
    if not isinstance(array, np.ndarray):
        raise SpikingMusicError(f"{path}: holds several arrays; give a .npy file of one")
    return array


def read_arrays(path: Path, largest: int = LARGEST) -> dict[str, npt.NDArray[Any]]:
    """Read the arrays of a `.npz` file, after checking the sizes that its headers declare.

    Raises `ValueError` when they take more than `largest` bytes together or hold objects, and
    whatever zipfile and numpy raise for a damaged file.
    """
    with zipfile.ZipFile(path) as archive:
        total = sum(_declared(archive, name) for name in archive.namelist())
    if total > largest:
        raise ValueError(f"its arrays take {total} bytes; at most {largest} are read")
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def _declared(archive: zipfile.ZipFile, name: str) -> int:
    """Return how many bytes an array of an archive will take, as its header declares."""
    with archive.open(name) as file:
        version = np.lib.format.read_magic(file)
        headers = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }
        shape, _, dtype = headers[version](file)
    if dtype.hasobject:
        raise ValueError(f"{name} holds objects")
    return int(math.prod(shape) * dtype.itemsize)


def write_array(array: npt.NDArray[Any], path: Path, overwrite: bool = False) -> None:
    """Write a `.npy` file; raises `OutputError` when `path` cannot be written."""
    with replacing(path, overwrite) as temporary, temporary.open("wb") as file:
        np.save(file, array)
