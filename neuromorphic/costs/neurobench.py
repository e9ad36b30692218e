"""The codec's figures in NeuroBench's format."""

from collections.abc import Mapping
from math import prod
from typing import Any

import onnx

from neuromorphic.costs.operations.activity import Activity, watcher
from neuromorphic.costs.operations.watched import WatchedBundle
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.kinds import Progress
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
    Every product is observed as it happens, so this takes several times as long as coding. Raises
    what coding raises.
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
    piece = codec.encode(samples, bundle.manifest.sample_rate, mu, half)
    codec.decode(piece, steps=steps, progress=rest)
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


def parameters(bundle: Bundle) -> int:
    """Return how many floating-point weights the graphs of a bundle hold."""
    return sum(
        prod(tensor.dims)
        for name in bundle.manifest.files
        if name.endswith(".onnx")
        for tensor in onnx.load(bundle.file(name)).graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    )
