"""Networks as lava-dl's netx HDF5 file, written with h5py alone."""

from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from neuromorphic.graphs.shapes import Shape
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Conv1d, Conv2d, Dense, Synapse
from neuromorphic.integers.entry import Entry
from neuromorphic.integers.firing import AS_LIF
from neuromorphic.integers.fixed_point import INPUT_SHIFT, Neuron
from neuromorphic.integers.network import SELF, START, Layer, Network
from neuromorphic.integers.units import Units
from runtime.errors import GraphError
from runtime.files import replacing


@dataclass(frozen=True, eq=False)
class Block:
    """What netx stores of a layer: effective weights, those of its own spikes, and its start."""

    ahead: Dense | Conv2d
    back: Dense | None
    start: Dense | None
    neuron: Neuron


def write_netx(
    network: Network[Units], path: Path, overwrite: bool = False, entry: Entry | None = None
) -> None:
    """Write a chain of layers as groups `/layer/0`, ... (lava-dl 0.6 `netx.hdf5.Network`).

    Weights are stored with their effective values, the bias in units of the weights. netx has no
    field for a right shift, for another exponent of the bias or for a start elsewhere than at rest,
    so we add `weightShift`, `biasExponent` and `start`. lava-dl ignores them; once they are set
    after loading (`lava.worker`), the spikes are those of `run_network`. The attributes
    `inputExponent` and `inputBits`, which say how the input is scaled, are our own, too.
    Convolutions over two axes stay such up to the first other layer; all else is written as
    matrices. Raises `GraphError` for what the format cannot hold, such as skip connections, units
    that are no LIF and odd weights of a Dense, and for blocks that can only be read; `OutputError`
    when `path` cannot be written.
    """
    if len(network.senders) > 1:
        raise GraphError("has several outputs; netx has one")
    blocks = [_block(number, layer) for number, layer in enumerate(network.layers)]
    with replacing(path, overwrite) as temporary, h5py.File(temporary, "w") as file:
        if entry is not None:
            file.attrs.update({"inputExponent": entry.exponent, "inputBits": entry.bits})
        _write(blocks, file.create_group("layer"))


def _block(number: int, layer: Layer[Units]) -> Block:
    name, neuron = f"layer {layer.name!r}", layer.neuron
    if not isinstance(neuron, Neuron):
        raise GraphError(f"{name}: has units that are no LIF; those are read and not written")
    if neuron.firing != AS_LIF:
        raise GraphError(f"{name}: its units {neuron.firing}, which netx cannot say")
    found = {c.source: _effective(name, c.synapse) for c in layer.connections}
    if len(found) < len(layer.connections) or set(found) - {START, SELF} != {number - 1}:
        raise GraphError(f"{name}: has other sources than the layer before; netx has chains only")
    ahead, back, start = found[number - 1], found.get(SELF), found.get(START)
    if isinstance(back, Dense) and isinstance(ahead, Dense) and ahead.weight_exp:
        raise GraphError(f"{name}: shifts its sums, which netx cannot say of a recurrent block")
    assert not isinstance(back, Conv2d)
    assert not isinstance(start, Conv2d)
    return Block(ahead, back, start, neuron)


def _effective(name: str, synapse: Synapse) -> Dense | Conv2d:
    """Return a synapse with its effective weights, as a matrix unless netx has its kind."""
    if isinstance(synapse, Conv2d):
        alike = all(before == after for before, after in synapse.padding)
        return synapse if alike else Dense(synapse.matrix())
    if isinstance(synapse, Conv1d):
        return Dense(synapse.matrix())
    if not isinstance(synapse, Dense | Sparse) or getattr(synapse, "delays", None) is not None:
        raise GraphError(f"{name}: has synapses of a netx file, which are read and not written")
    if synapse.weight_exp > -1 or (synapse.weight % 2).any():
        raise GraphError(f"{name}: holds odd weights, which no chip keeps; store them doubled")
    return Dense(synapse.matrix() // 2, synapse.weight_exp + 1)


def _write(blocks: list[Block], groups: h5py.Group) -> None:
    shape: Shape = ()  # channels, rows and columns of what the last block puts out
    first = blocks[0].ahead
    if isinstance(first, Conv2d):
        shape = (first.channels, *first.size)
        _new(groups, "input")["shape"] = np.array(shape)
    for block in blocks:
        ahead, units = block.ahead, block.neuron
        shared = _by_channel(units, len(ahead.weight)) if isinstance(ahead, Conv2d) else None
        if isinstance(ahead, Conv2d) and shared and shape == (ahead.channels, *ahead.size):
            units = shared
            group, shape = _new(groups, "conv"), (len(ahead.weight), *ahead.places)
            group["shape"] = np.array(shape)
            _write_convolution(group, ahead)
        else:
            if shape:
                _new(groups, "flatten")["shape"] = np.array([prod(shape)])
            group, shape = _new(groups, "dense" if block.back is None else "dense_rec"), ()
            _write_matrix(group, ahead if isinstance(ahead, Dense) else Dense(ahead.matrix()))
        if block.back is not None:
            group.create_dataset("weight_rec", data=block.back.weight, compression="gzip")
        if block.start is not None:
            group["start"] = block.start.weight[:, 0]
        _write_units(group, units)


def _by_channel(units: Neuron, channels: int) -> Neuron | None:
    """Return the units with one number a channel, as a conv block has them; None if they differ."""
    found: dict[str, Any] = {}
    for name in ("du", "dv", "vth", "bias_mant"):
        value = np.asarray(getattr(units, name))
        if value.ndim:
            each = value.reshape(channels, -1)
            if (each != each[:, :1]).any():
                return None
            found[name] = each[:, 0]
    return replace(units, **found)


def _new(groups: h5py.Group, kind: str) -> h5py.Group:
    group = groups.create_group(str(len(groups)))
    group["type"] = np.array([kind.encode()], "S10")
    return group


def _write_convolution(group: h5py.Group, synapse: Conv2d) -> None:
    group.create_dataset("weight", data=synapse.weight[..., None], compression="gzip")
    group["stride"] = np.array(synapse.stride)
    group["padding"] = np.array([before for before, _ in synapse.padding])
    group["dilation"] = np.array(synapse.dilation)
    group["groups"] = synapse.groups


def _write_matrix(group: h5py.Group, synapse: Dense) -> None:
    group["shape"] = np.array([synapse.units])
    group["inFeatures"] = synapse.inputs
    group["outFeatures"] = synapse.units
    group.create_dataset("weight", data=synapse.weight, compression="gzip")
    group["weightShift"] = -synapse.weight_exp


def _write_units(group: h5py.Group, units: Neuron) -> None:
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
