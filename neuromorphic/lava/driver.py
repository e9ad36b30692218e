"""Run a network on Lava in a worker process and return its spikes."""

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np

import neuromorphic
from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.graphs.synapses import Conv1d, Dense, Signals, Synapse
from neuromorphic.integers.fixed_point import Decay, Neuron
from neuromorphic.integers.network import AnyNeuron, Connection, Layer, Network
from neuromorphic.integers.units import Units
from neuromorphic.lava.plan import write_plan
from neuromorphic.lava.process import run_alone
from neuromorphic.lava.shim import require_lava
from runtime.errors import GraphError
from runtime.kinds import Progress
from runtime.scratch import scratch

Mode = Literal["fixed", "floating", "netx"]

TIMEOUT = 120.0  # s without a step
LANES = 8  # parts of a recording to run in parallel, since messages cost a step more than sums do
LANE = 256  # frames in a lane, at least; a shorter one saves nothing
LANE_WEIGHTS = 2**22  # most weights of all lanes, nearly all 0; more would cost more than messages


def run_on_lava(
    network: Network[AnyNeuron],
    x: Signals,
    mode: Literal["fixed", "floating"] = "fixed",
    timeout: float = TIMEOUT,
    progress: Progress | None = None,
    lanes: int = LANES,
) -> Signals:
    """Run a network on Lava: `x (M, T)` to the last layer's spikes `(N, T) bool`, or its
    messages, int32.

    `fixed` and `floating` use Lava's stock Dense, Sparse, Conv and LIF in that precision, one
    process for each layer and synapse; units that fire otherwise are a process of ours, in integers
    alone. Output column `t` belongs to input column `t`: the delay of synapses is removed. The
    input of an integer network without memory is split into at most `lanes` parts, which run in
    parallel as copies of the network. Input and output go through files, so memory does not grow
    with the recording; `progress` is called with the finished share, 0..1. Raises
    `MissingPackageError` without Lava, `GraphError` for an input that does not fit,
    `SimulationError` when the worker dies or makes no step in `timeout` s.
    """
    lanes = min(lanes, _lanes(network, x.shape[-1]) if mode == "fixed" else 1)
    if lanes == 1:
        return _run(network, x, mode, timeout, progress)
    frames = x.shape[1]
    length = -(-frames // lanes)
    padded = np.pad(x, ((0, 0), (0, lanes * length - frames)))
    stacked = padded.reshape(len(x), lanes, length).transpose(1, 0, 2).reshape(-1, length)
    spikes = _run(_copies(network, lanes), stacked, mode, timeout, progress)
    spikes = spikes.reshape(lanes, network.units, length).transpose(1, 0, 2)
    return spikes.reshape(network.units, -1)[:, :frames]


def run_netx(
    path: Path,
    network: Network[Units],
    x: Signals,
    progress: Progress | None = None,
    bits: int = PAYLOAD_BITS,
) -> Signals:
    """Run the netx file at `path`, as lava-dl reads it, on Lava: as `run_on_lava`.

    `network` is what the file says (`netx_reader.read_netx`); only its size, its depths and what
    becomes of its input are used. The input has so many `bits`, 1 for plain spikes.
    """
    return _run(network, x, "netx", TIMEOUT, progress, path, bits)


def _run(
    network: Network[AnyNeuron],
    x: Signals,
    mode: Mode,
    timeout: float,
    progress: Progress | None,
    net: Path | None = None,
    bits: int = PAYLOAD_BITS,
) -> Signals:
    require_lava()
    if x.ndim != 2 or len(x) != network.inputs:
        raise GraphError(f"input is {x.shape}; ({network.inputs}, T) is needed")
    frames = x.shape[1]
    kind = network.message
    if not frames:
        return np.empty((network.units, 0), kind)
    x = network.direct.apply(x) if network.direct else x
    with scratch() as folder:
        np.save(folder / "frames.npy", np.ascontiguousarray(x.T))
        late = write_plan(network, frames, bits, folder)
        if net is not None:
            shutil.copy(net, folder / "network.net")
        files = [folder / f"spikes{index}" for index in range(len(late))]
        total = (frames + max(late)) * network.units * kind.itemsize

        def look() -> int:
            size = sum(path.stat().st_size for path in files if path.exists())
            if progress:
                progress(min(1.0, size / total))
            return size

        command = [sys.executable, "-P", "-m", "neuromorphic.lava.worker", str(folder), mode]
        command.append(str(os.getpid()))
        run_alone(command, folder / "log", timeout, _environment(), look)
        look()
        found = [
            np.fromfile(path, kind).reshape(-1, layer.units)[steps : steps + frames].T
            for path, layer, steps in zip(files, network.senders, late, strict=True)
        ]
    return np.concatenate(found)


def _lanes(network: Network[AnyNeuron], frames: int) -> int:
    """Return how many lanes to run; only 1 in floats, where the order of sums matters."""
    synapses = [c.synapse for layer in network.layers for c in layer.connections]
    if not all(isinstance(synapse, Dense | Conv1d) for synapse in synapses):
        return 1
    weights = sum(synapse.units * synapse.inputs for synapse in synapses)
    if len(network.senders) > 1 or not network.is_memoryless or LANES**2 * weights > LANE_WEIGHTS:
        return 1
    return min(LANES, max(1, frames // LANE))


def _copies(network: Network[AnyNeuron], number: int) -> Network[AnyNeuron]:
    """Return one network that is `number` parallel copies of an integer network."""
    layers: list[Layer[AnyNeuron]] = []
    for layer in network.layers:
        connections = (Connection(c.source, _copied(c.synapse, number)) for c in layer.connections)
        neuron = layer.neuron
        if isinstance(neuron, Neuron):
            du, dv, vth = (_repeated(v, number) for v in (neuron.du, neuron.dv, neuron.vth))
            bias = np.tile(neuron.bias_mant, number)
            neuron = replace(neuron, du=du, dv=dv, vth=vth, bias_mant=bias)
        layers.append(Layer(layer.name, tuple(connections), neuron))
    return Network(tuple(layers))


def _copied(synapse: Synapse, number: int) -> Synapse:
    if isinstance(synapse, Conv1d):
        weight = np.tile(synapse.weight, (number, 1, 1))
        return replace(synapse, weight=weight, groups=number * synapse.groups)
    assert isinstance(synapse, Dense)
    return Dense(np.kron(np.eye(number, dtype=np.int32), synapse.weight), synapse.weight_exp)


def _repeated(decay: Decay, number: int) -> Decay:
    return decay if isinstance(decay, int) else np.tile(decay, number)


def _environment() -> dict[str, str]:
    # The worker must find this package where we found it, and use only one core.
    root = str(Path(neuromorphic.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
