"""Everything a codec computes on one recording: encoder, bottleneck, link and decoders."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuromorphic.costs.counts import Counts, count, total
from neuromorphic.costs.operations.activity import Activity, heard
from neuromorphic.costs.operations.calls import (
    Calls,
    chunk_calls,
    summed,
    window_calls,
    with_context,
)
from neuromorphic.costs.operations.lapped import CORRECTING, FRAMING, LISTENING, count_lapped
from neuromorphic.costs.operations.operators import Operator, downstream, operators_of
from neuromorphic.costs.operations.shapes import shaped
from neuromorphic.costs.operations.short_diffusion import count_sampling
from neuromorphic.costs.sigma_delta import Deltas
from neuromorphic.integers.bundles import bundle_integers, lapped_units
from neuromorphic.integers.entry import Payload
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.decoders.short_diffusion import margin_of
from runtime.events import EventMatrix
from runtime.mu import ports
from runtime.piece import Piece
from runtime.thermometer import levels_of

MULTIPLE = 4  # frames; the U-Net takes multiples of this
ENCODER, BOTTLENECK, WAVEFORM, DIFFUSION = (
    "encoder",
    "bottleneck",
    "waveform decoder",
    "diffusion decoder",
)

Operators = tuple[Operator, ...]


@dataclass(frozen=True)
class System:
    """The parts of a codec on one recording, each summed over all its calls.

    `networks`: the operators of each part by name, as the codec runs them, including the context of
    windows; BOTTLENECK is the one in the encoder's graph. All `steps` of the diffusion count in its
    part. `spiking` counts the bottleneck as a chip runs it, each frame once. `link_bytes`: the size
    of the file. `hearing`: the activity of each decoder's first layer on the events, in one pass.
    """

    frames: int
    seconds: float
    networks: Mapping[str, Operators]
    steps: int
    spiking: Counts
    link_bytes: int
    hearing: Mapping[str, tuple[Activity, ...]]


def count_system(
    bundle: Bundle,
    payload: Payload,
    events: EventMatrix,
    link_bytes: int,
    steps: int | None = None,
    sent: Deltas | None = None,
) -> System:
    """Count what `bundle` computes for a recording that has `payload (M, T)` and `events (N, T)`.

    With `sent` the payload arrives as these deltas. It is decoded by the diffusion decoder, if the
    bundle has one, with `steps` (by default the bundle's), else by the waveform decoder alone.
    DIFFUSION in short frames includes the frames that the waveform decoder makes more for it.
    Raises `GraphError` when the shapes of a graph cannot be inferred, `BundleError` for a bundle
    without a bottleneck.
    """
    model, frames = bundle.manifest, events.frames
    network = bundle_integers(bundle)
    spiking = total(count(network, payload, sent).values())
    steps = model.decoder.steps if steps is None else steps
    diffusing = model.has_unet
    windows = window_calls(model, frames)
    networks = _encoder(bundle, chunk_calls(model, frames))
    hearing = {}
    if model.has_waveform:
        calls = with_context(model, windows) if diffusing else chunk_calls(model, frames)
        networks[WAVEFORM] = _run(bundle, "decoder_fast.onnx", calls)
        hearing[WAVEFORM] = _heard(bundle, "decoder_fast.onnx", events)
    if diffusing:
        stepped = Calls({width: n * steps for width, n in windows.items()})
        networks[DIFFUSION] = _run(bundle, "decoder.onnx", stepped)
        hearing[DIFFUSION] = _heard(bundle, "decoder.onnx", events)
    elif model.has_diffusion:
        chunks = chunk_calls(model, frames)
        more = Calls({width + 2 * margin_of(steps): n for width, n in chunks.items()})
        more.subtract(chunks)
        waveform = _run(bundle, "decoder_fast.onnx", more)
        networks[DIFFUSION] = (*waveform, *count_sampling(bundle, chunks, steps))
    seconds = frames * model.hop / model.sample_rate
    return System(frames, seconds, networks, steps, spiking, link_bytes, hearing)


def lapped_system(
    bundle: Bundle, samples: Samples, payload: Payload, piece: Piece, link_bytes: int
) -> System:
    """Count what a LAPPED `bundle` computes for a recording, decoded by its listening decoder.

    `payload (M, T)` and `piece` are those of its `samples (n,)`. No layer of the decoder hears the
    events themselves: it refines levels and transforms by FFT. Raises what coding raises.
    """
    _, parts = count_lapped(bundle, samples)
    network = bundle_integers(bundle, piece.units)
    spiking = total(count(network, payload).values())
    networks = {FRAMING: parts[FRAMING], BOTTLENECK: (), CORRECTING: parts[CORRECTING]}
    networks[LISTENING] = parts[LISTENING]
    frames = piece.events.frames
    seconds = frames * piece.hop / piece.sample_rate
    return System(frames, seconds, networks, 1, spiking, link_bytes, {})


def heard_by_dictionary(bundle: Bundle, events: EventMatrix) -> Activity:
    """The sums of a decoder's dictionary that events drive, and the products of its whole inverse.

    An event adds the row of its bin, `2 hop` weights, into the window of its frame.
    """
    window, bins = 2 * bundle.manifest.hop, lapped_units(bundle).bins
    return Activity(
        "dictionary",
        events.frames * bins * window,
        macs=0,
        accumulates=events.count * window,
        inputs=events.frames * bins,
        active=int(np.count_nonzero(levels_of(events, bins))),
        weights=bins * window,
        connections=bins * window,
    )


def _encoder(bundle: Bundle, calls: Calls) -> dict[str, Operators]:
    """Return the operators of the encoder's graph, split at the payload."""
    path = bundle.file("encoder.onnx")
    graph = shaped(path, _inputs(bundle, "encoder.onnx", max(calls, default=1)))
    after = downstream(graph, "payload")
    operators = _run(bundle, "encoder.onnx", calls)
    return {
        ENCODER: tuple(op for op in operators if op.output not in after),
        BOTTLENECK: tuple(op for op in operators if op.output in after),
    }


def _run(bundle: Bundle, name: str, calls: Calls) -> Operators:
    path = bundle.file(name)
    return summed(
        [
            (operators_of(shaped(path, _inputs(bundle, name, width))), times)
            for width, times in sorted(calls.items())
        ]
    )


def _inputs(bundle: Bundle, name: str, frames: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a graph's inputs for so many frames."""
    model = bundle.manifest
    sound, events = (1, 1, frames * model.hop), (1, model.units, frames)
    given: dict[str, dict[str, tuple[int, ...]]] = {
        "encoder.onnx": {"audio": sound},
        "decoder_fast.onnx": {"events": events},
        "decoder.onnx": {"sample": sound, "sigma": (1,), "events": events, "base": sound},
    }
    return given[name] | dict.fromkeys(ports(model), (1,))


def _heard(bundle: Bundle, name: str, events: EventMatrix) -> tuple[Activity, ...]:
    """Return the first layers' activity when they take all events at once."""
    frames = max(-(-events.frames // MULTIPLE), 1) * MULTIPLE
    bits = np.zeros((1, events.units, frames), np.float32)
    bits[0, :, : events.frames] = events.bits
    return heard(bundle.file(name), _inputs(bundle, name, frames), "events", bits)
