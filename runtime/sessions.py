"""ONNX graphs as functions from arrays to arrays."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runtime.errors import BundleError

Tensor = npt.NDArray[np.float32]
Graph = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def open_graph(path: Path, inputs: set[str], outputs: set[str], digest: str | None = None) -> Graph:
    """Load an ONNX file and return the function it is, from named arrays to named arrays.

    As many threads as `cores()`, spinning between operators, sequential execution: the fastest
    settings measured for these graphs. Raises `BundleError` naming the file when it is no graph,
    has other inputs or outputs, fails on what it is given, or has not the SHA-256 `digest`.
    """
    import onnxruntime  # here, since the runtime is not needed by those who only read events

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    data = _read(path, digest)
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has one class for each of its reasons
        raise BundleError(
            f"{path}: is not a graph that ONNX Runtime loads ({_line(error)})"
        ) from error
    names = [node.name for node in session.get_outputs()]
    for wanted, found in (
        (inputs, {node.name for node in session.get_inputs()}),
        (outputs, set(names)),
    ):
        if found != wanted:
            raise BundleError(f"{path}: has the ports {sorted(found)} instead of {sorted(wanted)}")

    def run(feed: Mapping[str, Tensor]) -> dict[str, Tensor]:
        try:
            return dict(zip(names, session.run(names, dict(feed)), strict=True))
        except Exception as error:
            raise BundleError(f"{path}: fails to run ({_line(error)})") from error

    return run


def single(output: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Take the one item of a batch; raises `BundleError` when it has another shape."""
    if output.shape != (1, *shape):
        raise BundleError(f"a graph of the bundle gives {output.shape} instead of {(1, *shape)}")
    return output[0]


def _read(path: Path, digest: str | None) -> bytes:
    # The very bytes that are run are checked: a file may be swapped under a running process.
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from error
    if digest is not None and hashlib.sha256(data).hexdigest() != digest:
        raise BundleError(f"{path}: has changed since it was opened; put it back, or begin again")
    return data


def cores() -> int:
    """Return how many threads to compute on: `OMP_NUM_THREADS`, else the cores of this process."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    # The affinity counts, not the machine: more threads than cores wait for one another.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
