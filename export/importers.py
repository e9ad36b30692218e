"""Run a NIR file in another tool, in a worker process, and return the tool's output."""

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.graphs import STEP
from neuromorphic.graphs.files import copy_for_old_readers
from neuromorphic.lava.process import run_alone
from runtime.errors import SimulationError
from runtime.scratch import scratch

# What each tool needs to import a NIR file, as modules; snnTorch does not declare nirtorch.
NEEDED = {
    "snntorch": ("snntorch", "nirtorch"),
    "norse": ("norse", "nirtorch"),
    "sinabs": ("sinabs", "nirtorch"),
    "spikingjelly": ("spikingjelly", "nirtorch"),
    "rockpool": ("rockpool", "nirtorch"),
}
TIMEOUT = 300.0  # s without a step
# A separate script, since it may run in another Python, without this package.
WORKER = Path(__file__).with_name("importer_worker.py")


def is_installed(importer: str) -> bool:
    """Return whether this Python has what an importer needs."""
    return all(importlib.util.find_spec(module) for module in NEEDED[importer])


def run_importer(
    importer: str,
    graph: Path,
    x: npt.NDArray[Any],
    units: int,
    python: str = sys.executable,
    dt: float = STEP,
    progress: Callable[[float], None] | None = None,
) -> tuple[npt.NDArray[np.float32], dict[str, str]]:
    """Run the NIR file `graph` on `x (T, ...)`: `(N, T) float32` and the versions used.

    The output is the tool's, whether spikes or not, with `units` N values per step. `python` is an
    interpreter that has the tool, `dt` the step in s for tools that take one. Raises
    `SimulationError` when the tool refuses the graph, dies, or makes no step in five minutes.
    """
    frames = len(x)
    with scratch() as folder:
        files = ("graph.nir", "x.npy", "out", "versions", "log")
        copy, given, found, versions, log = (folder / name for name in files)
        copy_for_old_readers(graph, copy)
        np.save(given, x)

        def look() -> int:
            size = found.stat().st_size if found.exists() else 0
            if progress:
                progress(min(1.0, size / max(1, 4 * units * frames)))
            return size

        # No module here may shadow one of the tool's, whatever version its Python has.
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONSAFEPATH": "1"}
        command = [python, str(WORKER), importer, *map(str, (copy, given, found, versions, dt))]
        run_alone(command, log, TIMEOUT, environment, look)
        out = np.fromfile(found, np.float32)
        if out.size != units * frames:
            raise SimulationError(f"{importer} gave {out.size} values for {units} x {frames}")
        return out.reshape(frames, units).T, json.loads(versions.read_text(encoding="utf8"))
