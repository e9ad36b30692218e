"""Write a network for the worker: arrays in files, and a plan of how they are connected."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from neuromorphic.graphs.sparse import Direct, Sparse
from neuromorphic.graphs.synapses import (
    Conv1d,
    Conv2d,
    Dense,
    Synapse,
    as_2d,
    longest_delay,
    written_out,
)
from neuromorphic.integers.firing import AS_LIF, COUNT_MAX
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.graded import Graded
from neuromorphic.integers.network import INPUT, SELF, START, AnyNeuron, Connection, Layer, Network
from neuromorphic.integers.sigma_delta import SigmaDelta
from runtime.errors import GraphError

WEIGHT_BITS = 8
LONGEST = 63  # steps that a synapse may wait; Lava 0.10 `proc.dense`


def write_plan(
    network: Network[AnyNeuron], frames: int, bits: int, folder: Path
) -> tuple[int, ...]:
    """Write `plan.json` and the arrays to `folder`; return by how many steps each output is late.

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
            _require_short(layer, delay, connection.synapse)
            synapse = _as_lava_has_it(connection.synapse, delay)
            np.savez(folder / f"{number}.{index}.npz", **_weights(synapse))
            connections.append({"source": connection.source, "delay": delay, **_facts(synapse)})
            if connection.source == START:
                np.save(folder / f"{number}.start.npy", np.eye(depth, 1, 1 - depth, np.int8))
        layers.append(_layer(layer, depth, connections))
    outputs = network.outputs or (len(layers) - 1,)
    late = tuple(depths[number] for number in outputs)
    plan = {
        "frames": frames,
        "bits": bits,
        "messages": network.message.name,
        "late": max(late),
        "inputs": network.inputs,
        "outputs": outputs,
        "sent": [layer.units for layer in network.senders],
        "layers": layers,
    }
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf8")
    return late


def _require_numbers_inside(network: Network[AnyNeuron]) -> None:
    for layer in network.layers[:-1]:
        if layer.neuron == Graded("spike"):
            raise GraphError(
                f"layer {layer.name!r}: sends spikes of sums to another; Lava's units would send "
                "the sums"
            )


def _require_short(layer: Layer[AnyNeuron], delay: int, synapse: Synapse) -> None:
    longest = delay + longest_delay(synapse)
    if longest > LONGEST:
        raise GraphError(
            f"layer {layer.name!r}: a synapse waits for {longest} steps, {delay} of them for "
            f"longer ways to the layer; Lava's wait for at most {LONGEST}"
        )


def _layer(
    layer: Layer[AnyNeuron], depth: int, connections: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "units": layer.units,
        "kind": _kind(layer.neuron),
        "memoryless": layer.neuron.is_memoryless(),
        "firing": _firing(layer.neuron),
        "depth": depth,
        "connections": connections,
    }


def _firing(neuron: AnyNeuron) -> dict[str, Any]:
    """Return what Lava's LIF does not do; empty where a LIF will do."""
    if isinstance(neuron, SigmaDelta | Graded) or neuron.firing == AS_LIF:
        return {}
    facts = asdict(neuron.firing)
    return {"most": COUNT_MAX if facts.pop("many") else 1, **facts}


def _delay(connection: Connection, depth: int, depths: Sequence[int]) -> int:
    if connection.source in (SELF, START) or isinstance(connection.synapse, Direct):
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
    """Return a convolution as single weights where Lava's Conv cannot do it.

    Conv pads both ends alike, and like Sparse it never waits.
    """
    if isinstance(synapse, Conv1d):
        synapse = as_2d(synapse)
    if delay and isinstance(synapse, Sparse):
        before = 0 if synapse.delays is None else synapse.delays
        delays = np.full(len(synapse.weight), delay, np.int64) + before
        return replace(synapse, delays=delays)
    if not isinstance(synapse, Conv2d) or (
        all(before == after for before, after in synapse.padding) and not delay
    ):
        return synapse
    held = written_out(synapse)
    if delay:
        # Dense requires weights of mixed sign to be even (see `layer.chip_weights`).
        matrix = Sparse(held).matrix()
        return Dense(2 * matrix, -1) if matrix.dtype.kind == "i" else Dense(matrix)
    return Sparse(2 * held, -1) if held.dtype.kind == "i" else Sparse(held)


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
    assert isinstance(synapse, Conv2d)
    return {
        "size": synapse.size,
        "channels": synapse.channels,
        "stride": synapse.stride,
        "padding": [before for before, _ in synapse.padding],
        "dilation": synapse.dilation,
        "groups": synapse.groups,
    }
