"""Lists of events (t, x, y, p) of event cameras and the like, counted in frames by tonic."""

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import SpikingMusicError, one_line

Array = npt.NDArray[Any]
Shape = tuple[int, ...]

SUFFIXES = (".aedat4", ".bin", ".csv")
FIELDS = ("t", "x", "y", "p")
LARGEST = 2**27  # the most values of all frames
MOST = 2**26  # events
MICROSECOND = 1e-6


def read_events(path: Path) -> Array:
    """Read events from an AEDAT4 file, an N-MNIST `.bin` file or a `.csv` file.

    Returns them as a structured array of `FIELDS`, sorted by t in microseconds. Raises
    `SpikingMusicError`, naming the file, if there are none that can be read, and
    `ModuleNotFoundError` if tonic is not installed.
    """
    if not path.is_file():
        raise SpikingMusicError(f"{path}: no such file")
    try:
        if path.suffix.lower() == ".csv":
            return _csv(path)
        from tonic import io

        if path.suffix.lower() == ".aedat4":
            import aedat  # noqa: F401 - tonic imports it where it reads

            found = io.read_aedat4(str(path))
            return _table(
                path, {"t": found["t"], "x": found["x"], "y": found["y"], "p": found["on"]}
            )
        if path.stat().st_size % 5:
            raise ValueError("an event takes 5 bytes, and it ends within one")
        found = io.read_mnist_file(str(path), io.events_struct)
        return _table(path, {name: found[name] for name in FIELDS})
    except (ModuleNotFoundError, SpikingMusicError):
        raise
    except Exception as error:  # of tonic, aedat and numpy, for damaged files
        raise SpikingMusicError(f"{path}: not a list of events ({one_line(error)})") from error


def events_in(path: Path, arrays: Mapping[str, Array]) -> Array | None:
    """Return the events that arrays hold, or None if they hold something else.

    These are arrays t and x, with or without y and p, at the top or in one group, or one structured
    array with these fields.
    """
    for array in arrays.values():
        if array.dtype.names and {"t", "x"} <= set(array.dtype.names):
            return _table(path, {name: array[name] for name in FIELDS if name in array.dtype.names})
    for prefix in dict.fromkeys(name.rpartition("/")[0] for name in arrays):
        held = {name: arrays.get(f"{prefix}/{name}".lstrip("/")) for name in FIELDS}
        found = {name: array for name, array in held.items() if array is not None}
        if {"t", "x"} <= set(found):
            return _table(path, found)
    return None


def frames(path: Path, events: Array, shape: Shape, step: float) -> Array:
    """Count events in frames of `step` s from the first event on: `(T, *shape) int16`.

    `shape` is (P, H, W), with one polarity or two, or (W,) for events without y. If it has one
    polarity, events of both are counted together. Raises `SpikingMusicError` for another shape, an
    event outside of it, and too many frames.
    """
    from tonic.transforms import ToFrame

    names = events.dtype.names or ()
    flat = len(shape) == 1 and "y" not in names
    if not (flat or (len(shape) == 3 and shape[0] <= 2 and "y" in names)):
        wanted = "(P, H, W) with P 1 or 2" if "y" in names else "(W,)"
        raise SpikingMusicError(
            f"{path}: holds events for an input of shape {wanted}; the network takes {shape}"
        )
    polarities, height, width = (1, 1, *shape) if flat else shape
    for name, size in (("p", 2), ("y", height), ("x", width)):
        values = events[name] if name in names else np.zeros(1)
        if not 0 <= values.min() <= values.max() < size:
            raise SpikingMusicError(
                f"{path}: an event has {name} = {values[(values < 0) | (values >= size)][0]}; the "
                f"network takes 0 to {size - 1}"
            )
    window = float(np.round(step / MICROSECOND, 6))  # 2 ms are not 2000.0000000000002 us
    first, last = int(events["t"][0]), int(events["t"][-1])
    steps = (last - first) / window + 1 if np.isfinite(window) and window > 0 else np.inf
    if window < 1 or steps * prod(shape) > LARGEST:
        raise SpikingMusicError(
            f"{path}: frames of {step:g} s would be {steps:.3g} steps; choose a longer frame"
        )
    counted = events.copy()
    if polarities == 1:
        counted["p"] = 0
    made: Array = ToFrame(
        sensor_size=(width, height, polarities),
        time_window=window,
        include_incomplete=True,
        end_time=last + 1,  # or tonic leaves out an event at the very end
    )(counted)
    return made.reshape(len(made), *shape)


def _csv(path: Path) -> Array:
    """Read `t,x,y,p` by line, or in the order in which a first line names them."""
    with path.open(encoding="utf8") as file:
        head = [word.strip().lower() for word in file.readline().split(",")]
        first = file.readline().strip()
    named = not head[0].lstrip("+-").replace(".", "").isdigit()
    names = head if named else list(FIELDS[: len(head)])
    if any(head) and not {"t", "x"} <= set(names) <= set(FIELDS):
        raise SpikingMusicError(f"{path}: the columns are {', '.join(names)}; t,x,y,p are needed")
    if named and not first:
        raise SpikingMusicError(f"{path}: holds 0 events; 1 to {MOST} are read")
    columns = np.loadtxt(path, delimiter=",", skiprows=int(named), ndmin=2, max_rows=MOST + 1)
    found = dict(zip(names, columns.T, strict=True))
    if all(float(t).is_integer() for t in found["t"]):
        found["t"] = found["t"].astype(np.int64)
    return _table(path, {name: found[name] for name in FIELDS if name in found})


def _table(path: Path, columns: Mapping[str, Array]) -> Array:
    """Return events sorted by time; whole times are microseconds, and others seconds."""
    shapes = {name: np.shape(column) for name, column in columns.items()}
    if len(set(shapes.values())) != 1 or len(shapes["t"]) != 1:
        listed = ", ".join(f"{name} is {shape}" for name, shape in shapes.items())
        raise SpikingMusicError(f"{path}: {listed}; one number of each is needed for an event")
    if not 0 < len(columns["t"]) <= MOST:
        raise SpikingMusicError(f"{path}: holds {len(columns['t'])} events; 1 to {MOST} are read")
    if not all(column.dtype.kind in "biuf" for column in columns.values()):
        raise SpikingMusicError(f"{path}: a column of events holds something else than numbers")
    found = {name: np.asarray(column) for name, column in columns.items()}
    if not all(np.isfinite(column).all() for column in found.values()):
        raise SpikingMusicError(f"{path}: an event holds a value that is not finite")
    if found["t"].dtype.kind == "f":
        found["t"] = np.round(found["t"] / MICROSECOND)
    if "p" in found and found["p"].min() < 0:
        found["p"] = found["p"] > 0  # -1 and 1
    order = np.argsort(found["t"], kind="stable")
    table = np.zeros(
        len(order),
        [(name, np.int64) for name in ("t", "x", "y", "p") if name in found or name == "p"],
    )
    for name, column in found.items():
        table[name] = column[order].astype(np.int64)
    return table
