"""ONNX graphs as functions from arrays to arrays."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import BundleError, one_line
from runtime.providers import PROVIDERS, provider_list

Tensor = npt.NDArray[np.float32]
Run = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]

_OUTSIDE = "session.model_external_initializers_file_folder_path"


class Graph:
    """An ONNX file as a function from named arrays to named arrays.

    Calling it raises `BundleError`, naming the file, when it fails on its inputs.
    """

    def __init__(self, path: Path, session: Any) -> None:
        self._path, self._session = path, session
        self.inputs = {node.name for node in session.get_inputs()}
        self.outputs = [node.name for node in session.get_outputs()]

    def __call__(self, feed: Mapping[str, Tensor]) -> dict[str, Tensor]:
        try:
            found = self._session.run(self.outputs, dict(feed))
        except Exception as error:
            raise BundleError(f"{self._path}: fails to run ({one_line(error)})") from error
        return dict(zip(self.outputs, found, strict=True))

    def holding(self, fixed: Mapping[str, Tensor]) -> Run:
        """Return the function of the remaining inputs; the `fixed` ones go to the device once."""
        from onnxruntime import OrtValue

        binding = self._session.io_binding()
        gpu = self._session.get_providers()[0] == PROVIDERS["cuda"]
        for name, array in fixed.items():
            held = OrtValue.ortvalue_from_numpy(array, "cuda" if gpu else "cpu", 0)
            binding.bind_ortvalue_input(name, held)

        def run(feed: Mapping[str, Tensor]) -> dict[str, Tensor]:
            try:
                for name, array in feed.items():
                    binding.bind_cpu_input(name, np.ascontiguousarray(array))
                for name in self.outputs:
                    binding.bind_output(name)
                self._session.run_with_iobinding(binding)
                found = binding.copy_outputs_to_cpu()
            except Exception as error:
                raise BundleError(f"{self._path}: fails to run ({one_line(error)})") from error
            return dict(zip(self.outputs, found, strict=True))

        return run


def open_graph(
    path: Path,
    inputs: set[str],
    outputs: set[str],
    digest: str | None = None,
    provider: str = "cpu",
    threads: int | None = None,
) -> Graph:
    """Load an ONNX file to be run by a `provider`, one of `PROVIDERS`.

    It uses `threads`, by default `cores()`, that spin between operators, and sequential execution:
    the fastest settings measured for these graphs. Raises `BundleError`, naming the file, when it
    is not a graph, has other inputs or outputs, or does not have the SHA-256 `digest`, and when
    the provider does not start; `MemoryError` where memory is too little.
    """
    import onnxruntime  # here, so that code that only reads events does not load it

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # The manifest's digest would not cover weights outside the file.
    options.add_session_config_entry(_OUTSIDE, os.devnull)
    data = _read(path, digest)
    try:
        session = onnxruntime.InferenceSession(data, options, providers=provider_list(provider))
    except Exception as error:  # onnxruntime raises many classes of errors
        if "bad_alloc" in str(error):
            raise MemoryError from error
        raise BundleError(f"{path}: ONNX Runtime cannot load it ({one_line(error)})") from error
    if session.get_providers()[0] != PROVIDERS[provider]:
        raise BundleError(
            f"{path}: the provider {provider} does not start on this machine; use cpu"
        )
    graph = Graph(path, session)
    for wanted, found in ((inputs, graph.inputs), (outputs, set(graph.outputs))):
        if found != wanted:
            raise BundleError(f"{path}: has the ports {sorted(found)} instead of {sorted(wanted)}")
    return graph


def single(output: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return the only item of a batch; raises `BundleError` for another shape, NaN or infinity."""
    if output.shape != (1, *shape):
        raise BundleError(f"a graph of the bundle gives {output.shape} instead of {(1, *shape)}")
    if not np.isfinite(output).all():
        raise BundleError("a graph of the bundle gives NaN or infinity; export it again")
    return output[0]


def _read(path: Path, digest: str | None) -> bytes:
    # The bytes that are checked are the bytes that are run: a file may be swapped in between.
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror or error})") from error
    if digest is not None and hashlib.sha256(data).hexdigest() != digest:
        raise BundleError(f"{path}: has changed since it was opened; restore it or start again")
    return data


def cores() -> int:
    """Return how many threads to use: `OMP_NUM_THREADS`, else the cores this process may use."""
    chosen = os.environ.get("OMP_NUM_THREADS", "")
    if chosen.isdecimal() and int(chosen):
        return int(chosen)
    # What counts is the affinity, not the machine: more threads than cores wait for one another.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
