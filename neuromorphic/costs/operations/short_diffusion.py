"""What diffusion in short frames computes beside the waveform decoder, on one recording."""

import onnx

from neuromorphic.costs.operations.calls import Calls, summed
from neuromorphic.costs.operations.lapped import DRAWN, FFT, FLOAT
from neuromorphic.costs.operations.operators import COUNTED, Operator, operators_of
from neuromorphic.costs.operations.shapes import shaped
from runtime.bundle import DIFFUSION, ENVELOPE, Bundle
from runtime.decoders.short_diffusion import margin_of
from runtime.lapped.noise import BANDS, WINDOW
from runtime.lapped.short import BINS, FEATURES, PATCHES

Operators = tuple[Operator, ...]


def count_sampling(bundle: Bundle, calls: Calls, steps: int) -> Operators:
    """The operators of so many `steps` for the `calls` of the waveform decoder, by their frames.

    The waveform decoder itself, which then makes some frames more on each side, is not included.
    """
    (channels,) = (
        value.type.tensor_type.shape.dim[1].dim_value
        for value in onnx.load(bundle.file(DIFFUSION)).graph.input
        if value.name == "context"
    )
    envelopes, velocities, found = [], [], list[Operator]()
    for width, times in calls.items():
        hops = width - 2 * bundle.manifest.context_frames + 2 * margin_of(steps)
        frames = hops - 1
        plane = (1, frames, BINS)
        heard = {"features": (1, FEATURES, frames, PATCHES)}
        told: dict[str, tuple[int, ...]] = {"sample": plane, "sigma": (1,), "stride": (1,)}
        told["context"] = (1, channels, frames, PATCHES)
        envelopes.append((operators_of(shaped(bundle.file(ENVELOPE), heard)), times))
        velocity = operators_of(shaped(bundle.file(DIFFUSION), told))
        velocities.append((velocity, times * steps))
        found += [_around(frames, steps)] * times
    return (*summed(envelopes), *summed(velocities), *found)


def _around(frames: int, steps: int) -> Operator:
    """Bands and coefficients of the waveform, features, noise, steps, and the way back to sound.

    A window of the bands is a real transform of `WINDOW` values; a frame of coefficients is a
    complex one of half a hop, turned before and after.
    """
    bands = int(FFT * WINDOW * (WINDOW.bit_length() - 1)) + 5 * WINDOW
    half = BINS // 2
    lapped = int(2 * FFT * half * (half.bit_length() - 1)) + 2 * 6 * half + 3 * BINS
    features, sampled = 12 * BINS, BINS * (DRAWN + 8 * steps + 2)
    return Operator(
        "sampled", "short frames", "Short", COUNTED,
        arithmetic=frames * (bands + 2 * lapped + features + sampled),
        functions=frames * (BANDS + 4 * BINS),
        read_bytes=FLOAT * frames * (WINDOW + BINS * (6 + 3 * steps)),
        written_bytes=FLOAT * frames * BINS * (8 + 2 * steps),
    )  # fmt: skip
