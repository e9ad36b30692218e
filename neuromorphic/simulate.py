"""The same bottleneck computed in several ways, and how many bits they differ in."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from runtime.bundle import Bundle
from runtime.events import Bits

Backend = Literal["nir", "nir-lif", "integer", "lava", "lava-floating", "fused", "netx"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
QUICK: tuple[Backend, ...] = ("nir", "integer", "lava")  # those that the demo has time for
GRAPHS = {"nir": "bottleneck.nir", "nir-lif": "bottleneck.lif.nir"}


def spikes(
    bundle: Bundle,
    payload: npt.NDArray[np.int8],
    backend: Backend,
    progress: Callable[[float], None] | None = None,
) -> Bits:
    """Return the spikes `(N, T) bool` that one back end computes from `payload (M, T) int8`.

    `nir` and `nir-lif` run the bundle's exact and its portable graph in float64, `integer` its
    fixed-point layer. The others are Lava in a process of its own: stock processes in fixed and in
    floating point, one process for all, and the bundle's netx file as lava-dl reads it. Only they
    take long enough to tell their `progress`, 0..1.
    Raises `MissingPackageError` where Lava is not installed, `BundleError` and `GraphError` for a
    bundle without a usable bottleneck.
    """
    # Each back end loads its own packages: who asks for integers needs no Lava.
    if backend in GRAPHS:
        from neuromorphic.integers.nir_forms import STEP, read_graph, run_graph

        return run_graph(read_graph(bundle.file(GRAPHS[backend])), payload.T, STEP).T > 0.5
    from neuromorphic.integers.netx import read_netx

    file = bundle.file("bottleneck.net")
    layer = read_netx(file)
    if backend == "integer":
        return layer.spikes(payload)
    from neuromorphic.integers.network import bottleneck, float_bottleneck
    from neuromorphic.lava import driver

    layer.checked(payload)
    match backend:
        case "lava":
            return driver.simulate(layer, payload, progress=progress)
        case "lava-floating":
            network = float_bottleneck(layer)
            return driver.run_on_lava(network, payload, "floating", progress=progress)
        case "fused":
            return driver.run_on_lava(bottleneck(layer), payload, "fused", progress=progress)
    return driver.run_netx(file, bottleneck(layer), payload, progress=progress)


def differing(one: Bits, other: Bits) -> int:
    """Return how many entries of two event matrices `(N, T) bool` differ."""
    return int(np.count_nonzero(one != other))
