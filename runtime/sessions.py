"""ONNX graphs as functions from arrays to arrays."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runtime.errors import BundleError

Tensor = npt.NDArray[np.float32]
Graph = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]


def open_graph(path: Path, inputs: set[str], outputs: set[str]) -> Graph:
    """Load an ONNX file and return the function it is, from named arrays to named arrays.

    All cores that this process may use, spinning between operators, sequential execution: the
    fastest settings measured for these graphs. Raises `BundleError` naming the file when it is no
    graph, has other inputs or outputs, or fails on what it is given.
    """
    import onnxruntime  # here, since the runtime is not needed by those who only read events

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
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


def _cores() -> int:
    # The affinity counts, not the machine: more threads than cores wait for one another.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
