"""NumPy files, read with suspicion and written whole."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import SpikingMusicError, one_line
from runtime.files import replacing

MAGIC = b"\x93NUMPY"


def read_array(path: Path) -> npt.NDArray[Any]:
    """Read a `.npy` file, lazily; raises `SpikingMusicError` for anything else."""
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:  # numpy would take it for a pickle
                raise ValueError("it begins otherwise")
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise SpikingMusicError(f"{path}: no such file") from error
    except Exception as error:  # numpy meets damage in every way that there is
        raise SpikingMusicError(f"{path}: not a .npy file ({one_line(error)})") from error
    if not isinstance(array, np.ndarray):
        raise SpikingMusicError(f"{path}: holds several arrays; give a .npy file of one")
    return array


def write_array(array: npt.NDArray[Any], path: Path, overwrite: bool = False) -> None:
    """Write a `.npy` file; raises `OutputError` when `path` cannot be written."""
    with replacing(path, overwrite) as temporary, temporary.open("wb") as file:
        np.save(file, array)
