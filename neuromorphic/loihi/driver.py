"""Layer and payload in, Lava's spikes out; Lava itself runs in a worker process."""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

import neuromorphic
from neuromorphic.fixed_point import Neuron, chip_weights, memoryless
from neuromorphic.integer import IntegerLayer
from neuromorphic.loihi.process import run_alone
from neuromorphic.loihi.shim import require_lava

TIMEOUT = 120.0  # s for one block
BLOCK = 16384  # frames a worker gets: bounded memory, and progress, for an hour of music
LANES = 8  # stretches of one block side by side; a step costs more in messages than in sums
LANE = 256  # frames, at least: below that a lane saves nothing

Spikes = npt.NDArray[np.bool_]


def simulate(
    layer: IntegerLayer,
    payload: npt.NDArray[np.int8],
    timeout: float = TIMEOUT,
    progress: Callable[[float], None] | None = None,
) -> Spikes:
    """Run the layer on Lava's stock Dense and LIF, fixed point: `payload (M, T) int8` to `(N, T)`.

    The units keep nothing from step to step, so a block is cut into lanes that run side by side,
    as copies of the layer. `progress` hears the finished fraction, 0..1, after each block, which
    may take `timeout` s. Raises `MissingPackageError` without Lava, `GraphError` for a payload
    that does not fit, `SimulationError` when the worker dies or takes too long.
    """
    require_lava()
    frames = layer.checked(payload).shape[1]
    parts = [np.empty((layer.units, 0), np.bool_)]
    for start in range(0, frames, BLOCK):
        parts.append(_block(layer, payload[:, start : start + BLOCK], timeout))
        if progress:
            progress(min(1.0, (start + BLOCK) / frames))
    return np.concatenate(parts, axis=1)


def run_lif(
    weight: npt.NDArray[np.int32],
    weight_exp: int,
    neuron: Neuron,
    payload: npt.NDArray[np.signedinteger],
    timeout: float = TIMEOUT,
) -> Spikes:
    """Run any graded Dense and LIF once on Lava: `payload (M, T)` to spikes `(N, T) bool`.

    Column `t` answers to input `t`: the stock Dense is one step late, which is taken out here.
    Before it the neurons get one step of bias alone.
    """
    with tempfile.TemporaryDirectory(prefix="spiking-music-") as folder:
        given, found, log = (Path(folder, name) for name in ("in.npz", "out.npy", "log"))
        np.savez(
            given,
            payload=np.pad(payload.astype(np.int32), ((0, 0), (0, 1))),
            weight=weight,
            weight_exp=weight_exp,
            du=neuron.du,
            dv=neuron.dv,
            vth=neuron.vth,
            bias_mant=neuron.bias_mant.astype(np.int32),
            bias_exp=neuron.bias_exp,
        )
        command = [sys.executable, "-m", "neuromorphic.loihi.worker", str(given), str(found)]
        run_alone(command, log, timeout, _environment())
        spikes: Spikes = np.load(found, allow_pickle=False)
    return spikes[1:].T


def _block(layer: IntegerLayer, payload: npt.NDArray[np.int8], timeout: float) -> Spikes:
    frames = payload.shape[1]
    lanes = min(LANES, max(1, frames // LANE))
    length = -(-frames // lanes)
    padded = np.pad(payload, ((0, 0), (0, lanes * length - frames)))
    stacked = padded.reshape(layer.inputs, lanes, length).transpose(1, 0, 2).reshape(-1, length)
    weight, weight_exp = chip_weights(layer)
    one = memoryless(layer)
    many = Neuron(one.du, one.dv, one.vth, np.tile(one.bias_mant, lanes), one.bias_exp)
    copies = np.kron(np.eye(lanes, dtype=np.int32), weight)
    spikes = run_lif(copies, weight_exp, many, stacked, timeout)
    spikes = spikes.reshape(lanes, layer.units, length).transpose(1, 0, 2)
    return spikes.reshape(layer.units, -1)[:, :frames]


def _environment() -> dict[str, str]:
    # The worker finds this package where we did, and leaves the other cores alone.
    root = str(Path(neuromorphic.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
