"""`python -m neuromorphic.lava.worker FOLDER MODE PID`: a network on Lava's CPU back end.

`FOLDER` holds `frames.npy (T, M)`, `plan.json` (see `plan`) and the arrays of the layers; `spikes0`
and so on get what each output sends in each step. `MODE` is fixed, floating or netx; `PID` is the
process that started this one. Torch is not needed.
"""

import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from neuromorphic.lava import shim
from neuromorphic.lava.process import end_group

START = -3  # as a source: one spike in the step in which the layer begins


def main() -> None:
    """Read the arguments, build, run."""
    folder, mode = Path(sys.argv[1]), sys.argv[2]
    threading.Thread(target=_end_with, args=(int(sys.argv[3]), folder), daemon=True).start()
    plan = json.loads((folder / "plan.json").read_text(encoding="utf8"))
    shim.apply()
    from lava.magma.core.run_conditions import RunSteps
    from lava.magma.core.run_configs import Loihi2SimCfg

    plan["steps"] = plan["frames"] + plan["late"]
    process = _netx(folder, plan) if mode == "netx" else _stock(folder, plan)
    tag = "floating_pt" if mode == "floating" else "fixed_pt"
    process.run(RunSteps(num_steps=plan["steps"]), Loihi2SimCfg(select_tag=tag))
    process.stop()


def _end_with(parent: int, folder: Path) -> None:
    """End this process group and delete its files once the process that started it is gone."""
    while os.getppid() == parent:
        time.sleep(1)
    shutil.rmtree(folder, ignore_errors=True)
    group = os.getpgid(0)
    if os.fork() == 0:
        # The child stands outside the group that it ends, and closes the pipe whose end tells
        # Python's resource tracker to remove the shared memory.
        os.setsid()
        os.closerange(0, os.sysconf("SC_OPEN_MAX"))
        end_group(group, clean=False)
        os._exit(0)


def _stock(folder: Path, plan: dict[str, Any]) -> Any:
    """Lava's own processes: a Dense, Sparse or Conv for each connection, a LIF for each layer.

    Units that fire otherwise than a LIF are a process of ours.
    """
    outputs = {-1: _source(folder / "frames.npy", plan["inputs"])}
    for number, layer in enumerate(plan["layers"]):
        units = _units(layer, _arrays(folder, f"{number}"), plan["steps"])
        for index, connection in enumerate(layer["connections"]):
            # A source that is no layer and not the input is the layer itself.
            target, source = units.a_in, outputs.get(connection["source"], units.s_out)
            if connection["source"] == START:
                source = _source(folder / f"{number}.start.npy", 1)
            if "direct" in connection:
                source.connect(target)
                continue
            synapse = _synapse(connection, _arrays(folder, f"{number}.{index}"))
            if "size" in connection:  # ours are numbered channel by channel, theirs by place
                shape = (connection["channels"], *connection["size"])
                source.reshape(shape).transpose((2, 1, 0)).connect(synapse.s_in)
                synapse.a_out.transpose((2, 1, 0)).flatten().connect(target)
            else:
                source.connect(synapse.s_in)
                synapse.a_out.connect(target)
        outputs[number] = units.s_out
    for index, number in enumerate(plan["outputs"]):
        _sunk(outputs[number], folder, plan, index)
    return units


def _netx(folder: Path, plan: dict[str, Any]) -> Any:
    """A netx file as lava-dl reads it; what the format cannot express is set afterwards."""
    import h5py

    shim.apply_netx()
    from lava.lib.dl.netx import hdf5
    from lava.proc.dense.process import Dense

    direct = "direct" in plan["layers"][0]["connections"][0]
    network = hdf5.Network(
        str(folder / "network.net"),
        input_shape=(plan["inputs"],),
        input_message_bits=plan["bits"] if plan["bits"] > 1 else 0,
        reset_interval=plan["steps"] + 2,  # a single reset, when the first input arrives
        reset_offset=0 if direct else 1,
    )
    with h5py.File(folder / "network.net") as file:
        groups = [file[f"layer/{number}"] for number in range(len(file["layer"]))]
        groups = [group for group in groups if "neuron" in group or "weight" in group]
        for number, (group, block) in enumerate(zip(groups, network.layers, strict=True)):
            if "start" in group:
                weight = 2 * group["start"][()][:, None].astype(np.int32)
                start = Dense(weights=weight, weight_exp=-1, num_message_bits=8)
                _source(folder / f"{number}.start.npy", 1).connect(start.s_in)
                sums, target = start.a_out, block.neuron.a_in
                if len(target.shape) == 3:
                    sums = sums.reshape(target.shape[::-1]).transpose((2, 1, 0))
                sums.connect(target)
            if "weightShift" in group:
                exponent = block.synapse.proc_params["weight_exp"] - int(group["weightShift"][()])
                block.synapse.proc_params.overwrite("weight_exp", exponent)
            if "biasExponent" in group:
                block.neuron.bias_exp.init = int(group["biasExponent"][()])
    # With an input block of lava-dl, the caller must connect the input to the units.
    entry = network.in_layer.neuron.a_in if direct else network.inp
    source, sent = _source(folder / "frames.npy", plan["inputs"]), network.out
    if len(entry.shape) == 3:  # ours are numbered channel by channel, theirs by place
        source = source.reshape(entry.shape[::-1]).transpose((2, 1, 0))
    source.connect(entry)
    if len(sent.shape) == 3:
        sent = sent.transpose((2, 1, 0)).flatten()
    return _sunk(sent, folder, plan, 0)


def _synapse(connection: dict[str, Any], arrays: dict[str, Any]) -> Any:
    from lava.proc.conv.process import Conv
    from lava.proc.dense.process import DelayDense, Dense

    graded = {"num_message_bits": 8}
    if "size" in connection:
        # Ours is a correlation, theirs a convolution: the kernel is flipped. Their axes are (x, y).
        axes = ("stride", "padding", "dilation")
        return Conv(
            weight=arrays["weight"][:, :, ::-1, ::-1].transpose(0, 3, 2, 1),
            input_shape=(*connection["size"][::-1], connection["channels"]),
            groups=connection["groups"],
            **{name: tuple(connection[name][::-1]) for name in axes},
            **graded,
        )
    if "shape" in connection:
        return _sparse(connection, arrays)
    given = {"weights": arrays["weight"], "weight_exp": connection["weight_exp"], **graded}
    if connection["delay"]:
        delays = np.full(arrays["weight"].shape, connection["delay"])
        return DelayDense(delays=delays, max_delay=connection["delay"], **given)
    return Dense(**given)


def _sparse(connection: dict[str, Any], arrays: dict[str, Any]) -> Any:
    from lava.proc.dense.process import DelayDense
    from lava.proc.sparse.process import Sparse
    from scipy.sparse import csr_matrix

    given = {
        "weight_exp": connection["weight_exp"],
        "num_weight_bits": connection["weight_bits"],
        "num_message_bits": 16,
    }
    if "delays" in arrays:
        given |= {"delays": arrays["delays"], "max_delay": connection["longest"]}
        return DelayDense(weights=arrays["weight"], **given)
    parts = (arrays["data"], arrays["indices"], arrays["indptr"])
    return Sparse(weights=csr_matrix(parts, connection["shape"]), **given)


def _units(layer: dict[str, Any], arrays: dict[str, Any], steps: int) -> Any:
    from lava.proc.graded.process import GradedReluVec, GradedVec
    from lava.proc.lif.process import LIF, LIFReset
    from lava.proc.sdn.process import Delta, Sigma, SigmaDelta

    given = {"shape": (layer["units"],), **arrays}
    scales = {"spike_exp": 6, "state_exp": 6}
    match layer["kind"]:
        case "graded-sum":
            return GradedVec(shape=given["shape"], vth=0)
        case "graded-spike":  # what it sends is not 0; the sink keeps only that
            return GradedReluVec(shape=given["shape"], vth=0)
        case "sigma":
            return Sigma(shape=given["shape"])
        case "delta":
            return Delta(shape=given["shape"], vth=int(given["vth"]), **scales)
        case "sigma-delta":
            return SigmaDelta(**given | {"vth": int(given["vth"])}, **scales)
    if layer["firing"]:
        from neuromorphic.lava.processes.extended_lif import ExtendedLIF

        return ExtendedLIF(starts=layer["depth"] + 1, **layer["firing"], **given)
    if layer["memoryless"]:
        return LIF(**given)
    # Before its first input arrives, a layer integrates its bias; that is undone here.
    return LIFReset(reset_interval=steps + 2, reset_offset=layer["depth"] + 1, **given)


def _source(path: Path, inputs: int) -> Any:
    from neuromorphic.lava.processes.source import FrameFile

    return FrameFile(inputs=inputs, path=str(path)).s_out


def _sunk(port: Any, folder: Path, plan: dict[str, Any], index: int) -> Any:
    from neuromorphic.lava.processes.sink import SpikeFile

    sink = SpikeFile(
        units=plan["sent"][index],
        steps=plan["steps"],
        path=str(folder / f"spikes{index}"),
        kind=plan["messages"],
    )
    port.connect(sink.a_in)
    return sink


def _arrays(folder: Path, name: str) -> dict[str, Any]:
    with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
        return dict(arrays)


if __name__ == "__main__":
    main()
