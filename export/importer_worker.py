"""`python worker.py IMPORTER GRAPH.nir IN.npy OUT VERSIONS.json DT`: run a graph in another tool.

IN is `(T, ...)`, any numbers; OUT gets raw `(T, N)` float32 as it is computed. It needs the tool,
torch and nir, but nothing from this package, so any Python can run it.
"""

import inspect
import json
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import nir
import numpy as np
import torch

BLOCK = 256  # steps at a time

Run = Callable[[Any], Any]  # a block (t, ...) to (t, ...); the next block continues from there


def snntorch(graph: nir.NIRGraph, dt: float) -> Run:
    """SnnTorch takes steps of 1e-4 s, and compares with `>`."""
    from snntorch.import_nir import import_from_nir

    return _stepped(import_from_nir(graph))


def norse(graph: nir.NIRGraph, dt: float) -> Run:
    """Norse must be given the step, and compares with `>`."""
    from norse.torch import from_nir

    return _stepped(from_nir(graph, dt=dt))


def sinabs(graph: nir.NIRGraph, dt: float) -> Run:
    """Sinabs counts time constants in steps, compares with `>=`, and may spike twice per step."""
    from sinabs.nir import from_nir

    network = from_nir(graph, batch_size=1)

    def run(block: Any) -> Any:
        out = network(block)
        return out[0] if isinstance(out, tuple) else out

    return run


def spikingjelly(graph: nir.NIRGraph, dt: float) -> Run:
    """SpikingJelly takes steps of 1e-4 s, and compares with `>=`."""
    from spikingjelly.activation_based.nir_exchange import import_from_nir

    return _stepped(import_from_nir(graph))


def rockpool(graph: nir.NIRGraph, dt: float) -> Run:
    """Rockpool takes its step from tau and r, and may spike several times per step."""
    from rockpool.nn.modules.torch.nir import from_nir

    network, state = from_nir(graph), None

    def run(block: Any) -> Any:
        nonlocal state
        out, state = network(block[None], state)
        return (out[0] if isinstance(out, tuple) else out)[0]

    return run


def _stepped(network: Any) -> Run:
    state = None

    def run(block: Any) -> Any:
        nonlocal state
        rows = []
        for row in block:
            out, state = network(row[None], state)
            rows.append(out[0])
        return torch.stack(rows)

    return run


IMPORTERS = {run.__name__: run for run in (snntorch, norse, sinabs, spikingjelly, rockpool)}


def _read(path: str) -> nir.NIRGraph:
    """Read a graph without nir's own check of shapes, which refuses graphs that tools can run."""
    checked = inspect.signature(nir.read).parameters
    return nir.read(path, type_check=False) if "type_check" in checked else nir.read(path)


def main() -> None:
    """Read the arguments, import the graph, run it."""
    name, graph, source, target, versions, dt = sys.argv[1:]
    run, x = IMPORTERS[name](_read(graph), float(dt)), np.load(source, mmap_mode="r")
    with torch.no_grad(), open(target, "wb") as file:
        for start in range(0, len(x), BLOCK):
            block = torch.from_numpy(x[start : start + BLOCK].astype(np.float32))
            file.write(run(block).reshape(len(block), -1).numpy().astype(np.float32).tobytes())
            file.flush()
    found = {package: metadata.version(package) for package in (name, "nir", "torch")}
    Path(versions).write_text(json.dumps(found), encoding="utf8")


if __name__ == "__main__":
    main()
