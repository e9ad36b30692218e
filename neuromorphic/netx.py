"""The layer as lava-dl's netx HDF5 file, written and read with h5py alone."""

from pathlib import Path

import h5py
import numpy as np

from neuromorphic.integer import IntegerLayer
from runtime.errors import GraphError
from runtime.files import replacing

THRESHOLD = 1  # Loihi refuses 0; the bias carries it (see `fixed_point.memoryless`)
FULL_DECAY = 4096  # nothing of the last step is left: the memoryless neuron
OFFSET = 1 + THRESHOLD  # v > threshold is  sum + bias >= 0  on integers
LARGEST = 2**24  # weights; far beyond a core, and small enough to read without care


def write_netx(layer: IntegerLayer, path: Path, overwrite: bool = False) -> None:
    """Write `layer` as group `/layer/0` of the netx layout (lava-dl 0.6 `netx.hdf5.Network`).

    Weights are stored as they are and the bias in weight units, with threshold 1 folded in. netx
    has no field for a right shift: ours is `/layer/0/weightShift`, which lava-dl ignores, so that
    a layer with a shift needs `weight_exp` of its Dense lowered by it after loading, with
    `network.layers[0].synapse.proc_params.overwrite`; then its spikes are those of the layer.
    Raises `OutputError` when `path` cannot be written.
    """
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        group = file.create_group("layer/0")
        group["type"] = np.array([b"dense"], "S10")
        group["shape"] = np.array([layer.units])
        group["inFeatures"] = layer.inputs
        group["outFeatures"] = layer.units
        group.create_dataset("weight", data=layer.weight, compression="gzip")
        group["bias"] = layer.bias + OFFSET
        group["weightShift"] = layer.shift
        neuron = group.create_group("neuron")
        neuron["type"] = np.array([b"CUBA"], "S10")
        neuron["vThMant"] = THRESHOLD
        neuron["iDecay"] = FULL_DECAY
        neuron["vDecay"] = FULL_DECAY
        neuron["refDelay"] = 1
        neuron["gradedSpike"] = False


def read_netx(path: Path) -> IntegerLayer:
    """Read the layer of a netx file.

    Raises `GraphError` when it is not a netx file, or holds anything but one dense memoryless
    CUBA layer.
    """
    try:
        with h5py.File(path, "r") as file:
            return _layer(path, file)
    except (OSError, KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise GraphError(f"{path}: not a netx file ({_line(error)})") from error


def _layer(path: Path, file: h5py.File) -> IntegerLayer:
    layers = sorted(file["layer"])
    group = file["layer/0"]
    kind, neuron = _text(group["type"]), group["neuron"]
    if layers != ["0"] or kind != "dense":
        raise GraphError(f"{path}: layers {layers}, first is {kind!r}; one dense layer is needed")
    found = {
        "neuron type": (_text(neuron["type"]), "CUBA"),
        "iDecay": (_number(neuron["iDecay"]), FULL_DECAY),
        "vDecay": (_number(neuron["vDecay"]), FULL_DECAY),
        "vThMant": (_number(neuron["vThMant"]), THRESHOLD),
    }
    for name, (value, wanted) in found.items():
        if value != wanted:
            raise GraphError(f"{path}: {name} is {value!r}, the memoryless unit has {wanted!r}")
    if group["weight"].size > LARGEST:
        raise GraphError(f"{path}: {group['weight'].size} weights, at most {LARGEST} are read")
    shift = _number(group["weightShift"]) if "weightShift" in group else 0
    bias = np.asarray(group["bias"][()], np.float64) - OFFSET
    try:
        return IntegerLayer(group["weight"][()], bias, shift)  # type: ignore[arg-type]  # checked
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error


def _text(dataset: h5py.Dataset) -> str:
    return str(np.ravel(dataset[()])[0].decode("ascii", "replace"))


def _number(dataset: h5py.Dataset) -> int:
    return int(np.ravel(dataset[()])[0])


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200]
