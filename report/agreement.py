"""The same bottleneck computed in several ways, and how many bits they differ in."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from runtime.bundle import Bundle
from runtime.errors import MissingPackageError
from runtime.events import Bits

Backend = Literal["nir", "integer", "lava", "lava-floating", "fused", "netx"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
QUICK: tuple[Backend, ...] = ("nir", "integer", "lava")  # those that the demo has time for
STEP_S = 1e-4  # the graph has no memory, so that any step gives the same spikes


def spikes(
    bundle: Bundle,
    payload: npt.NDArray[np.int8],
    backend: Backend,
    progress: Callable[[float], None] | None = None,
) -> Bits:
    """Return the spikes `(N, T) bool` that one back end computes from `payload (M, T) int8`.

    `nir` runs the bundle's graph in float64, `integer` its fixed-point layer. The others are Lava
    in a process of its own: stock processes in fixed and in floating point, one process for all,
    and the bundle's netx file as lava-dl reads it. Only they take long enough to tell their
    `progress`, 0..1. Raises `MissingPackageError` where Lava is not installed, `BundleError` and
    `GraphError` for a bundle without a usable bottleneck.
    """
    # Each back end loads its own packages: who asks for integers needs no Lava.
    if backend == "nir":
        from neuromorphic.graphs import read_graph, run_graph

        graph = read_graph(bundle.file("bottleneck.nir"))
        return run_graph(graph, payload.T, STEP_S).T > 0.5
    from neuromorphic.netx import read_netx

    file = bundle.file("bottleneck.net")
    layer = read_netx(file)
    if backend == "integer":
        return layer.spikes(payload)
    from neuromorphic.loihi import driver
    from neuromorphic.networks import bottleneck, float_bottleneck

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


def torch_spikes(bundle: Bundle, samples: npt.NDArray[np.float32]) -> Bits:
    """Return the events `(N, T) bool` that torch makes of `samples (n,)`: the model as trained.

    Raises `MissingPackageError` without torch, `BundleError` for an encoder that it cannot build.
    """
    try:
        from train.reference import load_reference
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            f"{error.name} is not installed; run make, or pip install '.[train]' in the repository"
        ) from error
    return load_reference(bundle)(samples)
