"""The codec's figures in the shapes that others publish theirs in: NeuroBench, Intel's N-DNS."""

from collections.abc import Mapping
from math import prod
from typing import Any, Literal

import numpy as np
import onnx

from neuromorphic.costs.operations.activity import Activity, watcher
from neuromorphic.costs.operations.operators import count_operators
from neuromorphic.costs.operations.watched import WatchedBundle
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.kinds import Progress, Samples
from runtime.metrics import si_snr
from runtime.sessions import Tensor

Shape = Literal["neurobench", "n-dns"]

NEURON_WEIGHT = 10  # operations that the N-DNS challenge takes an update of a neuron for


def exchanged(
    bundle: Bundle,
    samples: Samples,
    shape: Shape,
    steps: int | None = None,
    mu: int | None = None,
    progress: Progress | None = None,
) -> Any:
    """Encode and decode `samples (n,)` as the bundle does by default, and tell what was computed.

    One recording is one sample. Every product is watched as it happens, contexts of windows
    included, so this takes several times as long as coding. Raises what coding raises.
    """
    seen: list[Activity] = []
    updates: list[int] = []
    watch = {
        name: watcher(bundle.file(name)) for name in bundle.manifest.files if name.endswith(".onnx")
    }

    def saw(name: str, feed: Mapping[str, Tensor]) -> None:
        shapes = {port: value.shape for port, value in feed.items()}
        seen.extend(watch[name](feed))
        updates.append(sum(op.units for op in count_operators(bundle.file(name), shapes)))

    codec = Codec(WatchedBundle(bundle.path, bundle.manifest, saw=saw))
    half = None if progress is None else (lambda share: progress(share / 2))
    rest = None if progress is None else (lambda share: progress(0.5 + share / 2))
    piece = codec.encode(samples, bundle.manifest.sample_rate, mu, half)
    decoded = codec.decode(piece, steps=steps, progress=rest)
    ratio = si_snr(samples, decoded)
    seconds = samples.size / bundle.manifest.sample_rate
    if shape == "neurobench":
        return neurobench(bundle, seen, 1 - piece.events.density)
    return n_dns(bundle, seen, sum(updates), seconds, ratio)


def neurobench(bundle: Bundle, seen: list[Activity], silent: float) -> dict[str, Any]:
    """Return the keys of NeuroBench 2.3, each as its code defines it, of all graphs together.

    `Footprint` bytes of the weights as loaded; the sparsities are shares of zeros: of the weights,
    and of the events, which are the only spikes; operations are those of the whole recording.
    """
    distinct = {entry.output: entry for entry in seen}.values()
    weights = sum(entry.weights for entry in distinct)
    return {
        "Footprint": footprint(bundle),
        "ConnectionSparsity": 1 - sum(entry.connections for entry in distinct) / weights,
        "ActivationSparsity": silent,
        "SynapticOperations": {
            "Effective_MACs": sum(entry.macs for entry in seen),
            "Effective_ACs": sum(entry.accumulates for entry in seen),
            "Dense": sum(entry.dense for entry in seen),
        },
    }


def n_dns(
    bundle: Bundle, seen: list[Activity], updates: int, seconds: float, ratio: float
) -> list[dict[str, Any]]:
    """Return the list that a submission to the Intel N-DNS challenge is, with units in the keys.

    The power proxy is (SynOps + 10 NeuronOps) a second of sound, with SynOps the products that
    meet no zero; PDP is the proxy times the latency. Of the latency this is the buffer: a chunk and
    its context. `SI-SNR_dB` is of decoding, not of denoising.
    """
    model = bundle.manifest
    synaptic = sum(entry.macs + entry.accumulates for entry in seen)
    latency = (model.chunk_frames + model.context_frames) * model.hop / model.sample_rate
    proxy = (synaptic + NEURON_WEIGHT * updates) / seconds
    return [
        {
            "team": "Spiking Music",
            "model": f"{model.name} ({model.kind}, {model.model_hash})",
            "SI-SNR_dB": ratio if np.isfinite(ratio) else None,
            "latency_buffer_ms": latency * 1e3,
            "power_proxy_SynOps/s": synaptic / seconds,
            "power_proxy_NeuronOps/s": updates / seconds,
            "power_proxy_Ops/s": proxy,
            "PDP_proxy_Ops": proxy * latency,
            "params": parameters(bundle),
            "size_kilobytes": sum(bundle.file(name).stat().st_size for name in model.files) / 1e3,
        }
    ]


def parameters(bundle: Bundle) -> int:
    """Return how many floating-point weights the graphs of a bundle hold."""
    return sum(
        prod(tensor.dims)
        for name in bundle.manifest.files
        if name.endswith(".onnx")
        for tensor in onnx.load(bundle.file(name)).graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    )


def footprint(bundle: Bundle) -> int:
    """Return the bytes of the weights as they are loaded: four each."""
    return 4 * parameters(bundle)
