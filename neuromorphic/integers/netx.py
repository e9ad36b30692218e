"""Networks as lava-dl's netx HDF5 file, written and read with h5py alone."""

from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.graphs.synapses import Conv1d, Dense
from neuromorphic.hdf5 import opened_hdf5
from neuromorphic.integers.entry import Entry
from neuromorphic.integers.fixed_point import INPUT_SHIFT, SHIFT_MAX, Integers, Neuron
from neuromorphic.integers.network import Connection, Layer, Network
from runtime.errors import GraphError
from runtime.files import replacing

WIDEST = 2**16  # of any number in a file; chips hold less, and nothing can overflow
EXPONENT_MAX = 1000  # of the input's scale, so that it is a float
LARGEST = 2**24  # weights; far beyond a core, and small enough to read without care


def write_netx(
    network: Network[Neuron], path: Path, overwrite: bool = False, entry: Entry | None = None
) -> None:
    """Write a chain of layers as groups `/layer/0`, ... (lava-dl 0.6 `netx.hdf5.Network`).

    Weights are stored as they act, the bias in units of the weights. netx has no field for a right
    shift, nor for another exponent of the bias: ours are `weightShift` and `biasExponent`, which
    lava-dl ignores, so that its Dense and LIF need them set after loading (`lava.worker`); then
    the spikes are those of `run_network`. So are the attributes `inputExponent` and `inputBits`,
    which keep how its input is scaled. Convolutions are written as matrices. Raises `GraphError`
    for what the format cannot hold: skip connections, odd weights of a Dense, a decay for each
    unit; `OutputError` when `path` cannot be written.
    """
    groups = [_storable(number, layer) for number, layer in enumerate(network.layers)]
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        if entry is not None:
            file.attrs.update({"inputExponent": entry.exponent, "inputBits": entry.bits})
        for number, (layer, synapse) in enumerate(zip(network.layers, groups, strict=True)):
            _write_layer(file.create_group(f"layer/{number}"), layer, synapse)


def read_netx(path: Path) -> Network[Neuron]:
    """Read the layers of a netx file.

    Raises `GraphError` when it is not a netx file, or holds anything but a chain of dense layers
    of CUBA neurons without delays.
    """
    with opened_hdf5(path, "netx", 8 * LARGEST) as file:
        layers = [_read_layer(file[f"layer/{i}"], i) for i in range(len(file["layer"]))]
    if not layers:
        raise GraphError(f"{path}: has no layers")
    widths = [(layer.name, layer.connections[0].synapse.inputs, layer.units) for layer in layers]
    for (_, _, given), (name, taken, _) in pairwise(widths):
        if given != taken:
            raise GraphError(f"{path}: {name} takes {taken} values, gets {given}")
    return Network(tuple(layers))


def read_entry(path: Path) -> Entry | None:
    """Return how the input of a netx file is scaled, where `write_netx` was told.

    Raises `GraphError` when it is not a netx file, or these numbers are none.
    """
    with opened_hdf5(path, "netx", 8 * LARGEST) as file:
        kept = [file.attrs.get(name) for name in ("inputExponent", "inputBits")]
        if None in kept:
            return None
        exponent, bits = map(int, kept)
    if not (1 <= bits <= PAYLOAD_BITS and abs(exponent) <= EXPONENT_MAX):
        raise GraphError(f"{path}: its input is 2^{exponent} of {bits} bits; no chip takes that")
    return Entry(exponent, bits)


def _storable(number: int, layer: Layer[Neuron]) -> Dense:
    """Return the one synapse of a layer with its weights as they act."""
    name = f"layer {layer.name!r}"
    if [c.source for c in layer.connections] != [number - 1]:
        raise GraphError(f"{name}: has other sources than the layer before; netx has chains only")
    if np.ndim(layer.neuron.du) or np.ndim(layer.neuron.dv):
        raise GraphError(f"{name}: has a decay for each unit; netx has one a layer")
    synapse = layer.connections[0].synapse
    if isinstance(synapse, Conv1d):
        return Dense(synapse.matrix())
    if synapse.weight_exp > -1 or (synapse.weight % 2).any():
        raise GraphError(f"{name}: holds odd weights, which no chip keeps; store them doubled")
    return Dense(synapse.weight // 2, synapse.weight_exp + 1)


def _write_layer(group: h5py.Group, layer: Layer[Neuron], synapse: Dense) -> None:
    group["type"] = np.array([b"dense"], "S10")
    group["shape"] = np.array([synapse.units])
    group["inFeatures"] = synapse.inputs
    group["outFeatures"] = synapse.units
    group.create_dataset("weight", data=synapse.weight, compression="gzip")
    group["weightShift"] = -synapse.weight_exp
    group["bias"] = layer.neuron.bias_mant
    if layer.neuron.bias_exp != INPUT_SHIFT:
        group["biasExponent"] = layer.neuron.bias_exp
    neuron = group.create_group("neuron")
    neuron["type"] = np.array([b"CUBA"], "S10")
    neuron["vThMant"] = layer.neuron.vth
    neuron["iDecay"] = layer.neuron.du + 1
    neuron["vDecay"] = layer.neuron.dv
    neuron["refDelay"] = 1
    neuron["gradedSpike"] = False


def _read_layer(group: h5py.Group, number: int) -> Layer[Neuron]:
    kind, neuron = _text(group["type"]), group["neuron"]
    if kind != "dense" or _text(neuron["type"]) != "CUBA" or "delay" in group:
        raise GraphError(
            f"layer {number} is {kind!r} of neuron type {_text(neuron['type'])!r}; only "
            "dense layers of CUBA neurons without delays are read"
        )
    if group["weight"].size > LARGEST:
        raise GraphError(f"{group['weight'].size} weights, at most {LARGEST} are read")
    weight = _whole("weight", group["weight"][()])
    bias = _whole("bias", group["bias"][()] if "bias" in group else np.zeros(len(weight)))
    if weight.ndim != 2 or not weight.size or bias.shape != weight.shape[:1]:
        raise GraphError(
            f"layer {number} has weight {weight.shape} and bias {bias.shape}; (N, M) and "
            "(N,) are needed"
        )
    shift = _number(group["weightShift"]) if "weightShift" in group else 0
    exponent = _number(group["biasExponent"]) if "biasExponent" in group else INPUT_SHIFT
    if not (0 <= shift <= SHIFT_MAX and 0 <= exponent <= SHIFT_MAX):
        raise GraphError(f"layer {number} has shift {shift} and bias exponent {exponent}")
    synapse = Dense((2 * weight).astype(np.int32), -1 - shift)
    unit = Neuron(
        du=_number(neuron["iDecay"]) - 1,
        dv=_number(neuron["vDecay"]),
        vth=_number(neuron["vThMant"]),
        bias_mant=bias,
        bias_exp=exponent,
    )
    return Layer(f"layer {number}", (Connection(number - 1, synapse),), unit)


def _whole(name: str, values: object) -> Integers:
    array = np.asarray(values, np.float64)
    if not np.isfinite(array).all() or (array != np.round(array)).any():
        raise GraphError(f"{name} holds values that are not integers")
    if array.size and np.abs(array).max() > WIDEST:
        raise GraphError(f"{name} reaches {np.abs(array).max():g}; {WIDEST} at most")
    return array.astype(np.int64)


def _text(dataset: h5py.Dataset) -> str:
    return str(np.ravel(dataset[()])[0].decode("ascii", "replace"))


def _number(dataset: h5py.Dataset) -> int:
    if dataset.size != 1:
        raise GraphError(f"{dataset.name} holds {dataset.size} numbers; one is needed")
    return int(np.ravel(dataset[()])[0])
