"""The codec's figures in NeuroBench's format."""

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any

import onnx

from neuromorphic.costs.counts import count
from neuromorphic.costs.operations.activity import Activity, watcher
from neuromorphic.costs.operations.system import heard_by_dictionary
from neuromorphic.costs.operations.watched import WatchedBundle
from neuromorphic.graphs.synapses import dense_weights, fan_out
from neuromorphic.integers.bundles import bundle_integers
from neuromorphic.integers.entry import Payload
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.kinds import Progress
from runtime.piece import Piece
from runtime.sessions import Tensor


def neurobench(
    bundle: Bundle,
    samples: Samples,
    steps: int | None = None,
    mu: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Return the metrics of NeuroBench 2.3 for encoding and decoding one recording `samples (n,)`.

    They are defined as in its code, for all graphs together. `Footprint`: bytes of the loaded
    weights. The sparsities are shares of zeros, in the weights and in the events, which are the
    only spikes. Operations are those of the whole recording, including the context of windows.
    A LAPPED bundle's units count as well, whose inputs and sums are graded, and so does the
    transform back, where a coefficient is not 0. Every product is observed as it happens, so this
    takes several times as long as coding. Raises what coding raises.
    """
    seen: list[Activity] = []
    watch = {
        name: watcher(bundle.file(name)) for name in bundle.manifest.files if name.endswith(".onnx")
    }

    def saw(name: str, feed: Mapping[str, Tensor]) -> None:
        seen.extend(watch[name](feed))

    codec = Codec(WatchedBundle(bundle.path, bundle.manifest, saw=saw))
    half = None if progress is None else (lambda share: progress(share / 2))
    rest = None if progress is None else (lambda share: progress(0.5 + share / 2))
    payload, piece = codec.analyse(samples, half, mu)
    codec.decode(piece, steps=steps, progress=rest)
    if bundle.manifest.lapped:
        seen.extend(_lapped(bundle, payload, piece))
    distinct = {entry.output: entry for entry in seen}.values()
    weights = sum(entry.weights for entry in distinct)
    return {
        "Footprint": 4 * parameters(bundle),
        "ConnectionSparsity": 1 - sum(entry.connections for entry in distinct) / weights,
        "ActivationSparsity": 1 - piece.events.density,
        "SynapticOperations": {
            "Effective_MACs": sum(entry.macs for entry in seen),
            "Effective_ACs": sum(entry.accumulates for entry in seen),
            "Dense": sum(entry.dense for entry in seen),
        },
    }


def _lapped(bundle: Bundle, payload: Payload, piece: Piece) -> list[Activity]:
    """The layers of a LAPPED bundle's units, and its transform back."""
    network = bundle_integers(bundle, piece.units)
    counts = count(network, payload)
    found = []
    for layer in network.layers:
        weights = sum(dense_weights(c.synapse) for c in layer.connections)
        used = sum(int(fan_out(c.synapse).sum()) for c in layer.connections)
        own = counts[layer.name]
        found.append(
            Activity(
                layer.name,
                own.dense_macs,
                macs=own.synaptic_events,
                accumulates=0,
                inputs=own.inputs * own.steps,
                active=own.input_words,
                weights=weights,
                connections=used,
            )
        )
    back = heard_by_dictionary(bundle, piece.events)
    return [*found, replace(back, macs=back.active * 2 * bundle.manifest.hop, accumulates=0)]


def parameters(bundle: Bundle) -> int:
    """Return how many floating-point weights the graphs of a bundle hold."""
    return sum(
        prod(tensor.dims)
        for name in bundle.manifest.files
        if name.endswith(".onnx")
        for tensor in onnx.load(bundle.file(name)).graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    )
