"""Write a network for the worker: arrays in files, and a plan of how they are connected."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from neuromorphic.graphs.synapses import Conv1d, Dense, Synapse
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.network import AnyNeuron, Layer, Network


def write_plan(network: Network[AnyNeuron], frames: int, folder: Path) -> int:
    """Write `plan.json` and the arrays to `folder`; return the delay of the output in steps.

    Each synapse on the longest path takes a step. A shorter path gets the difference as a delay, so
    that everything that belongs together reaches a layer in the same step.
    """
    depths = network.depths()
    layers = []
    for number, (layer, depth) in enumerate(zip(network.layers, depths, strict=True)):
        np.savez(folder / f"{number}.npz", **_neuron(layer.neuron))
        connections = []
        for index, connection in enumerate(layer.connections):
            delay = depth - 1 - (0 if connection.source < 0 else depths[connection.source])
            synapse = _as_lava_has_it(connection.synapse, delay)
            np.savez(folder / f"{number}.{index}.npz", weight=synapse.weight)
            connections.append({"source": connection.source, "delay": delay, **_facts(synapse)})
        layers.append(_layer(layer, depth, connections))
    plan = {
        "frames": frames,
        "late": depths[-1],
        "inputs": network.inputs,
        "units": network.units,
        "layers": layers,
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf8")
    return depths[-1]


def _layer(
    layer: Layer[AnyNeuron], depth: int, connections: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "units": layer.units,
        "vth": layer.neuron.vth,
        "memoryless": layer.neuron.is_memoryless(),
        "depth": depth,
        "connections": connections,
    }


def _neuron(neuron: AnyNeuron) -> dict[str, Any]:
    if isinstance(neuron, Neuron):
        mantissa = neuron.bias_mant.astype(np.int32)
        given = {"bias_mant": mantissa, "bias_exp": neuron.bias_exp}
    else:
        given = {"bias_mant": neuron.bias}
    return {"du": neuron.du, "dv": neuron.dv, **given}


def _as_lava_has_it(synapse: Synapse, delay: int) -> Synapse:
    """Return a matrix if Lava's Conv cannot do it: that pads both ends equally and has no delay."""
    if isinstance(synapse, Dense) or (synapse.padding[0] == synapse.padding[1] and not delay):
        return synapse
    matrix = synapse.matrix()
    # Dense requires weights of mixed sign to be even (see `layer.chip_weights`).
    return Dense(2 * matrix, -1) if matrix.dtype.kind == "i" else Dense(matrix)


def _facts(synapse: Synapse) -> dict[str, Any]:
    if isinstance(synapse, Dense):
        return {"weight_exp": synapse.weight_exp}
    assert isinstance(synapse, Conv1d)
    return {
        "width": synapse.width,
        "channels": synapse.channels,
        "stride": synapse.stride,
        "padding": synapse.padding[0],
        "dilation": synapse.dilation,
        "groups": synapse.groups,
    }
