"""How often a codec runs each graph on a recording, and on how many frames."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from neuromorphic.costs.operations.operators import Operator
from runtime.bundle import Manifest

Calls = Counter[int]  # number of calls, by frames per call
SUMMED = (
    "macs",
    "arithmetic",
    "functions",
    "weight_bytes",
    "read_bytes",
    "written_bytes",
    "units",
)


def chunk_calls(manifest: Manifest, frames: int) -> Calls:
    """Return the calls of the encoder, or of the waveform decoder alone: one per chunk."""
    width = manifest.chunk_frames + 2 * manifest.context_frames
    return Counter({width: -(-frames // manifest.chunk_frames)} if frames else {})


def window_calls(manifest: Manifest, frames: int) -> Calls:
    """Return the windows of the diffusion decoder, each of which calls the U-Net `steps` times.

    Each also calls the waveform decoder once, with `context_frames` more on either side.
    """
    length = manifest.chunk_frames
    stride = length - 2 * manifest.decoder.context_frames
    if frames <= length:
        return Counter({-(-frames // 4) * 4: 1} if frames else {})
    return Counter({length: 1 + -(-(frames - length) // stride)})


def with_context(manifest: Manifest, calls: Calls) -> Calls:
    """Return the calls with the context on either side added to their frames."""
    return Counter({width + 2 * manifest.context_frames: n for width, n in calls.items()})


def summed(runs: Sequence[tuple[tuple[Operator, ...], int]]) -> tuple[Operator, ...]:
    """Add up the operators of one graph over its calls, given as pairs of operators and count.

    A weight is read once per call.
    """
    if not runs:
        return ()
    return tuple(
        replace(
            same[0],
            **{
                key: sum(getattr(entry, key) * n for entry, (_, n) in zip(same, runs, strict=True))
                for key in SUMMED
            },
        )
        for same in zip(*(operators for operators, _ in runs), strict=True)
    )
