"""A network of any origin computed in several ways, and how many bits they differ in."""

import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np

from neuromorphic.integers.network import run_network
from neuromorphic.integers.netx import write_network
from neuromorphic.integers.nir_forms import run_graph
from neuromorphic.opening import Array, Opened, payload_of
from neuromorphic.quantise import by_unit
from neuromorphic.simulate import Backend
from runtime.errors import GraphError
from runtime.events import Bits
from runtime.kinds import Progress


def suitable(opened: Opened) -> tuple[Backend, ...]:
    """Return the back ends that any network of this origin can be run on."""
    if opened.graph is None:
        return ("integer", "lava", "netx")
    return ("nir", "integer", "lava-floating", "lava")


def agreement(
    opened: Opened,
    x: Array,
    dt: float,
    backends: tuple[Backend, ...],
    progress: Callable[[str], AbstractContextManager[Progress]],
) -> list[dict[str, Any]]:
    """Return a row for each back end: how many spikes, and how many bits differ from two others.

    `from_nir` counts against the float graph, which rounding to the grid changes; `from_integer`
    against our integer executor, from which a chip must not differ at all. Raises `GraphError` for
    a back end that the network does not suit.
    """
    spikes: dict[Backend, Bits] = {}
    for backend in dict.fromkeys((*_references(opened), *backends)):
        with progress(backend) as tell:
            spikes[backend] = _spikes(opened, x, dt, backend, tell)
    return [
        {
            "backend": backend,
            "compared": spikes[backend].size,
            "spikes": int(spikes[backend].sum()),
            **{f"from_{name}": _differing(spikes, backend, name) for name in ("nir", "integer")},
        }
        for backend in backends
    ]


def _references(opened: Opened) -> tuple[Backend, ...]:
    return ("nir", "integer") if opened.graph is not None else ("integer",)


def _differing(spikes: dict[Backend, Bits], one: Backend, other: Any) -> int | None:
    return int(np.count_nonzero(spikes[one] != spikes[other])) if other in spikes else None


def _spikes(opened: Opened, x: Array, dt: float, backend: Backend, tell: Progress) -> Bits:
    """Return the spikes `(N, T) bool` that one back end makes of `x (T, ...)`."""
    if backend in ("nir", "lava-floating") and opened.graph is None:
        raise GraphError(f"a .net file holds integers; {backend} needs a .nir file")
    if backend == "nir-lif":
        raise GraphError("nir-lif is only for bundles; use nir")
    if backend == "nir":
        return by_unit(run_graph(opened.graph, x, dt)) > 0.5
    payload = payload_of(opened, x)
    if backend == "integer":
        return run_network(opened.network, payload)
    # Each back end loads its own packages: who asks for integers needs no Lava.
    from neuromorphic.integers.lowering import lower
    from neuromorphic.lava import driver

    if backend == "lava-floating":
        assert opened.graph is not None
        floats = by_unit(np.asarray(x, np.float64))
        return driver.run_on_lava(lower(opened.graph, dt), floats, "floating", progress=tell)
    if backend == "netx":
        with tempfile.TemporaryDirectory(prefix="spiking-music-") as folder:
            path = Path(folder, "network.net")
            write_network(opened.network, path, entry=opened.entry)
            return driver.run_netx(path, opened.network, payload, progress=tell)
    mode: driver.Mode = "fused" if backend == "fused" else "fixed"
    return driver.run_on_lava(opened.network, payload, mode, progress=tell)
