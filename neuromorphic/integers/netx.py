"""Networks as lava-dl's netx HDF5 file, written with h5py alone."""

from pathlib import Path

import h5py
import numpy as np

from neuromorphic.graphs.synapses import Conv1d, Dense
from neuromorphic.integers.entry import Entry
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Neuron
from neuromorphic.integers.network import Layer, Network
from neuromorphic.integers.units import Units
from runtime.errors import GraphError
from runtime.files import replacing


def write_netx(
    network: Network[Units], path: Path, overwrite: bool = False, entry: Entry | None = None
) -> None:
    """Write a chain of layers as groups `/layer/0`, ... (lava-dl 0.6 `netx.hdf5.Network`).

    Weights are stored with their effective values, the bias in units of the weights. netx has no
    field for a right shift or for another exponent of the bias, so we add `weightShift` and
    `biasExponent`. lava-dl ignores both; once they are set on its Dense and LIF after loading
    (`lava.worker`), the spikes are those of `run_network`. The attributes `inputExponent` and
    `inputBits`, which say how the input is scaled, are our own, too. Convolutions are written as
    matrices. Raises `GraphError` for what the format cannot hold, such as skip connections and odd
    weights of a Dense, and for blocks that can only be read; `OutputError` when `path` cannot be
    written.
    """
    groups = [_storable(number, layer) for number, layer in enumerate(network.layers)]
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        if entry is not None:
            file.attrs.update({"inputExponent": entry.exponent, "inputBits": entry.bits})
        for number, (synapse, neuron) in enumerate(groups):
            _write_layer(file.create_group(f"layer/{number}"), synapse, neuron)


def _storable(number: int, layer: Layer[Units]) -> tuple[Dense, Neuron]:
    """Return the only synapse of a layer, with its effective weights, and the layer's units."""
    name = f"layer {layer.name!r}"
    if [c.source for c in layer.connections] != [number - 1]:
        raise GraphError(f"{name}: has other sources than the layer before; netx has chains only")
    if not isinstance(layer.neuron, Neuron):
        raise GraphError(f"{name}: has sigma-delta units, which are read and not written")
    synapse = layer.connections[0].synapse
    if isinstance(synapse, Conv1d):
        return Dense(synapse.matrix()), layer.neuron
    if not isinstance(synapse, Dense):
        raise GraphError(f"{name}: has synapses of a netx file, which are read and not written")
    if synapse.weight_exp > -1 or (synapse.weight % 2).any():
        raise GraphError(f"{name}: holds odd weights, which no chip keeps; store them doubled")
    return Dense(synapse.weight // 2, synapse.weight_exp + 1), layer.neuron


def _write_layer(group: h5py.Group, synapse: Dense, units: Neuron) -> None:
    group["type"] = np.array([b"dense"], "S10")
    group["shape"] = np.array([synapse.units])
    group["inFeatures"] = synapse.inputs
    group["outFeatures"] = synapse.units
    group.create_dataset("weight", data=synapse.weight, compression="gzip")
    group["weightShift"] = -synapse.weight_exp
    group["bias"] = units.bias_mant
    if units.bias_exp != INPUT_SHIFT:
        group["biasExponent"] = units.bias_exp
    neuron = group.create_group("neuron")
    neuron["type"] = np.array([b"CUBA"], "S10")
    neuron["vThMant"] = units.vth
    neuron["iDecay"] = units.du + 1
    neuron["vDecay"] = units.dv
    neuron["refDelay"] = 1
    neuron["gradedSpike"] = False
