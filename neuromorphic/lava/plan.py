"""Write a network for the worker: arrays in files, and a plan of how they are connected."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import Conv1d, Dense, Synapse
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.graded import Graded
from neuromorphic.integers.network import INPUT, SELF, AnyNeuron, Connection, Layer, Network
from neuromorphic.integers.sigma_delta import SigmaDelta
from neuromorphic.integers.units import message_type
from runtime.errors import GraphError

WEIGHT_BITS = 8


def write_plan(network: Network[AnyNeuron], frames: int, bits: int, folder: Path) -> int:
    """Write `plan.json` and the arrays to `folder`; return by how many steps the output is late.

    Each synapse on the longest way takes a step; a shorter way gets the difference as a delay, so
    that a layer hears all that belongs to one moment in one step. The input has so many `bits`.
    """
    depths = network.depths()
    _require_numbers_inside(network)
    layers = []
    for number, (layer, depth) in enumerate(zip(network.layers, depths, strict=True)):
        np.savez(folder / f"{number}.npz", **_neuron(layer.neuron))
        connections = []
        for index, connection in enumerate(layer.connections):
            delay = _delay(connection, depth, depths)
            synapse = _as_lava_has_it(connection.synapse, delay)
            np.savez(folder / f"{number}.{index}.npz", **_weights(synapse))
            connections.append({"source": connection.source, "delay": delay, **_facts(synapse)})
        layers.append(_layer(layer, depth, connections))
    plan = {
        "frames": frames,
        "bits": bits,
        "messages": np.dtype(message_type(network.layers[-1].neuron)).name,
        "late": depths[-1],
        "inputs": network.inputs,
        "units": network.units,
        "layers": layers,
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf8")
    return depths[-1]


def _require_numbers_inside(network: Network[AnyNeuron]) -> None:
    for layer in network.layers[:-1]:
        if layer.neuron == Graded("spike"):
            raise GraphError(
                f"layer {layer.name!r}: sends spikes of sums to another; Lava's units would send "
                "the sums"
            )


def _layer(
    layer: Layer[AnyNeuron], depth: int, connections: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "units": layer.units,
        "kind": _kind(layer.neuron),
        "memoryless": layer.neuron.is_memoryless(),
        "depth": depth,
        "connections": connections,
    }


def _delay(connection: Connection, depth: int, depths: Sequence[int]) -> int:
    if connection.source == SELF or isinstance(connection.synapse, Direct):
        return 0
    return depth - 1 - (0 if connection.source == INPUT else depths[connection.source])


def _kind(neuron: AnyNeuron) -> str:
    match neuron:
        case SigmaDelta():
            return neuron.kind
        case Graded():
            return f"graded-{neuron.sends}"
    return "leaky"


def _neuron(neuron: AnyNeuron) -> dict[str, Any]:
    if isinstance(neuron, Graded):
        return {}
    if isinstance(neuron, SigmaDelta):
        return {"vth": neuron.vth, "bias": neuron.bias.astype(np.int32)}
    if isinstance(neuron, Neuron):
        mantissa = neuron.bias_mant.astype(np.int32)
        given = {"bias_mant": mantissa, "bias_exp": neuron.bias_exp}
    else:
        given = {"bias_mant": neuron.bias}
    return {"du": neuron.du, "dv": neuron.dv, "vth": neuron.vth, **given}


def _weights(synapse: Synapse) -> dict[str, Any]:
    if not isinstance(synapse, Sparse):
        return {"weight": synapse.weight}
    if synapse.delays is not None:
        return {"weight": synapse.matrix(), "delays": synapse.delay_matrix()}
    held = synapse.weights
    return {"data": held.data, "indices": held.indices, "indptr": held.indptr}


def _as_lava_has_it(synapse: Synapse, delay: int) -> Synapse:
    """Return a matrix where Lava's Conv cannot do it: it pads both ends alike and never waits."""
    if not isinstance(synapse, Conv1d) or (synapse.padding[0] == synapse.padding[1] and not delay):
        return synapse
    matrix = synapse.matrix()
    # Dense requires weights of mixed sign to be even (see `layer.chip_weights`).
    return Dense(2 * matrix, -1) if matrix.dtype.kind == "i" else Dense(matrix)


def _facts(synapse: Synapse) -> dict[str, Any]:
    if isinstance(synapse, Direct):
        return {"direct": True}
    if isinstance(synapse, Dense):
        return {"weight_exp": synapse.weight_exp}
    if isinstance(synapse, Sparse):
        low, high = int(synapse.weight.min(initial=0)), int(synapse.weight.max(initial=0))
        return {
            "weight_exp": synapse.weight_exp,
            "shape": synapse.weights.shape,
            "longest": synapse.longest,
            # So many that nothing is lost; of both signs the sign takes one.
            "weight_bits": WEIGHT_BITS + int(low < 0 < high),
        }
    assert isinstance(synapse, Conv1d)
    return {
        "width": synapse.width,
        "channels": synapse.channels,
        "stride": synapse.stride,
        "padding": synapse.padding[0],
        "dilation": synapse.dilation,
        "groups": synapse.groups,
    }
