"""Network and input in, Lava's spikes out; Lava itself runs in a worker process."""

import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

import neuromorphic
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.network import AnyNeuron, Layer, Network, bottleneck
from neuromorphic.integers.synapses import Dense, Signals
from neuromorphic.lava.plan import write_plan
from neuromorphic.lava.process import run_alone
from neuromorphic.lava.shim import require_lava
from runtime.errors import GraphError
from runtime.kinds import Progress

Mode = Literal["fixed", "floating", "fused", "netx"]
Spikes = npt.NDArray[np.bool_]

TIMEOUT = 120.0  # s without a step
LANES = 8  # stretches of one recording side by side; a step costs more in messages than in sums
LANE = 256  # frames, at least: below that a lane saves nothing


def simulate(
    layer: IntegerLayer,
    payload: npt.NDArray[np.int8],
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
) -> Spikes:
    """Run the layer on Lava's stock Dense and LIF, fixed point: `payload (M, T) int8` to `(N, T)`.

    The units keep nothing from step to step, so a recording is cut into lanes that run side by
    side, as copies of the layer. Raises `GraphError` for a payload that does not fit, and as
    `run_on_lava` does.
    """
    require_lava()
    frames = layer.checked(payload).shape[1]
    if not frames:
        return np.empty((layer.units, 0), np.bool_)
    lanes = min(LANES, max(1, frames // LANE))
    length = -(-frames // lanes)
    padded = np.pad(payload, ((0, 0), (0, lanes * length - frames)))
    stacked = padded.reshape(layer.inputs, lanes, length).transpose(1, 0, 2).reshape(-1, length)
    spikes = run_on_lava(_copies(layer, lanes), stacked, "fixed", timeout, progress)
    spikes = spikes.reshape(lanes, layer.units, length).transpose(1, 0, 2)
    return spikes.reshape(layer.units, -1)[:, :frames]


def run_on_lava(
    network: Network[AnyNeuron],
    x: Signals,
    mode: Mode = "fixed",
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
) -> Spikes:
    """Run a network on Lava: `x (M, T)` to the last layer's spikes `(N, T) bool`.

    `fixed` and `floating` are Lava's stock Dense, Conv and LIF in either precision, one process
    each; `fused` is one process around the same neuron, for one dense layer. Column
    `t` answers to input `t`: the steps that synapses take are taken out. Input and output go
    through files, so that memory does not grow with the recording; `progress` hears the finished
    share, 0..1. Raises `MissingPackageError` without Lava, `GraphError` for an input that does not
    fit, `SimulationError` when the worker dies or makes no step in `timeout` s.
    """
    if mode == "fused" and (len(network.layers) > 1 or not _is_dense(network.layers[0])):
        raise GraphError("the fused process holds one dense layer; use the stock processes")
    return _run(network, x, mode, timeout, progress)


def run_netx(
    path: Path,
    network: Network[Neuron],
    x: Signals,
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
) -> Spikes:
    """Run the netx file at `path`, as lava-dl reads it, on Lava: as `run_on_lava`.

    `network` is what the file says (`netx.read_network`); only its size is used.
    """
    return _run(network, x, "netx", timeout, progress, path)


def _run(
    network: Network[AnyNeuron],
    x: Signals,
    mode: Mode,
    timeout: float,
    progress: Progress | None,
    net: Path | None = None,
) -> Spikes:
    require_lava()
    if x.ndim != 2 or len(x) != network.inputs:
        raise GraphError(f"input is {x.shape}; ({network.inputs}, T) is needed")
    frames = x.shape[1]
    if not frames:
        return np.empty((network.units, 0), np.bool_)
    with tempfile.TemporaryDirectory(prefix="spiking-music-") as name:
        folder = Path(name)
        np.save(folder / "frames.npy", np.ascontiguousarray(x.T))
        late = write_plan(network, frames, folder)
        if net is not None:
            shutil.copy(net, folder / "network.net")
        late = 0 if mode == "fused" else late
        spikes = folder / "spikes"
        total = (frames + late) * network.units

        def look() -> int:
            size = spikes.stat().st_size if spikes.exists() else 0
            if progress:
                progress(min(1.0, size / total))
            return size

        command = [sys.executable, "-P", "-m", "neuromorphic.lava.worker", name, mode]
        command.append(str(os.getpid()))
        run_alone(command, folder / "log", timeout, _environment(), look)
        look()
        found = np.fromfile(spikes, np.bool_).reshape(-1, network.units)
    return found[late:].T


def _is_dense(layer: Layer[AnyNeuron]) -> bool:
    return len(layer.connections) == 1 and isinstance(layer.connections[0].synapse, Dense)


def _copies(layer: IntegerLayer, number: int) -> Network[Neuron]:
    """Return `number` copies of the layer side by side as one."""
    (one,) = bottleneck(layer).layers
    dense = one.connections[0].synapse
    assert isinstance(dense, Dense)
    weight = np.kron(np.eye(number, dtype=np.int32), dense.weight)
    neuron = replace(one.neuron, bias_mant=np.tile(one.neuron.bias_mant, number))
    connection = replace(one.connections[0], synapse=replace(dense, weight=weight))
    return Network((Layer(one.name, (connection,), neuron),))


def _environment() -> dict[str, str]:
    # The worker finds this package where we did, and leaves the other cores alone.
    root = str(Path(neuromorphic.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
