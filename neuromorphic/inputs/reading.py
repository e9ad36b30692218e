"""The one reader of inputs: a file becomes `x (T, ...)`, T steps of what a network takes."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.hdf5 import opened_hdf5
from neuromorphic.inputs.events import SUFFIXES as EVENTS
from neuromorphic.inputs.events import events_in, frames, read_events
from neuromorphic.inputs.sound import SUFFIXES as SOUNDS
from neuromorphic.inputs.sound import filtered
from runtime.arrays import read_array, read_arrays
from runtime.errors import SpikingMusicError, one_line

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

ARRAYS = (".npy", ".npz", ".h5", ".hdf5")
NAMES = ("x", "input", "data")  # which array is taken if a file holds several


def read_input(path: Path, shape: Shape | None, step: float) -> Array:
    """Read an input `(T, *shape)` from a file, with steps of `step` s.

    A `.npy`, `.npz` or HDF5 file holds one array `(T, ...)`, or several of which one is called x,
    input or data. Files of events are counted in frames of `step` s (`events.frames`), recordings
    go through a bank of filters (`sound.filtered`); both need a `shape` that is known. Raises
    `SpikingMusicError`, naming the file, if it cannot be read or holds something else.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in SOUNDS:
        return filtered(path, _known(path, shape), step)
    if suffix in EVENTS:
        return frames(path, read_events(path), _known(path, shape), step)
    held = read_array(path) if suffix not in ARRAYS[1:] else _arrays(path, suffix)
    found = {"": held} if isinstance(held, np.ndarray) else held
    if (events := events_in(path, found)) is not None:
        return frames(path, events, _known(path, shape), step)
    x = _chosen(path, found)
    if x.dtype.kind not in "biuf" or x.ndim < 2 or not x.size:
        step_shape = "..." if shape is None else ", ".join(map(str, shape))
        raise SpikingMusicError(
            f"{path}: is {x.shape} {x.dtype}; numbers (T, {step_shape}) are needed, at least one "
            "step"
        )
    if not np.isfinite(x).all():
        raise SpikingMusicError(f"{path}: holds values that are not finite")
    return x


def _known(path: Path, shape: Shape | None) -> Shape:
    if shape is None:
        raise SpikingMusicError(f"{path}: events and sound need a known shape; give an array")
    return shape


def _arrays(path: Path, suffix: str) -> dict[str, Array]:
    """Return the arrays of a file of several; those in HDF5 groups are called `group/name`."""
    if suffix == ".npz":
        try:
            return read_arrays(path)
        except FileNotFoundError as error:
            raise SpikingMusicError(f"{path}: no such file") from error
        except Exception as error:  # zipfile and numpy raise many different errors
            raise SpikingMusicError(
                f"{path}: not a .npz file of numbers ({one_line(error)})"
            ) from error
    found: dict[str, Array] = {}
    with opened_hdf5(path, "HDF5") as file:
        file.visititems(
            lambda name, item: found.update({name: item[()]} if hasattr(item, "dtype") else {})
        )
    return found


def _chosen(path: Path, found: dict[str, Array]) -> Array:
    named = [name for name in NAMES if name in found]
    if len(found) != 1 and not named:
        raise SpikingMusicError(
            f"{path}: holds {', '.join(found) or 'no array'}; one array is needed, or one called "
            f"{', '.join(NAMES)}, or events t, x, y, p"
        )
    return found[named[0]] if named else next(iter(found.values()))
