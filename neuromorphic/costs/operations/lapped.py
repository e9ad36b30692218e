"""What a lapped codec computes beside its units, on one recording: as it runs, graph by graph."""

from collections import Counter
from dataclasses import dataclass, field

from neuromorphic.costs.operations.calls import summed
from neuromorphic.costs.operations.operators import COUNTED, Operator, operators_of
from neuromorphic.costs.operations.shapes import shaped
from neuromorphic.costs.operations.watched import Feed, WatchedBundle
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.lapped.model import CONTEXT
from runtime.lapped.noise import BANDS, FEATURES, HOP, PARTS, WINDOW
from runtime.lapped.transform import frame_count
from runtime.piece import Piece

FRAMING, CORRECTING, WAVEFORM, LISTENING = (
    "framing",
    "corrections",
    "waveform decoder",
    "listening decoder",
)
REFINER, NOISE = "refiner.onnx", "noise.onnx"
FLOAT = 4  # bytes
FFT = 2.5  # operations of a real transform of n values, over n log2 n: half of a complex one's 5
DRAWN = 10  # operations to draw a number: a hash and a Gaussian

Operators = tuple[Operator, ...]
Shape = tuple[int, ...]


@dataclass
class _Calls:
    """The graphs that were called, and on what shapes."""

    seen: Counter[tuple[str, tuple[tuple[str, Shape], ...]]] = field(default_factory=Counter)

    def __call__(self, name: str, feed: Feed) -> None:
        shapes = tuple((key, tuple(array.shape)) for key, array in feed.items())
        self.seen[name, shapes] += 1

    def taken(self) -> Counter[tuple[str, tuple[tuple[str, Shape], ...]]]:
        """Return the calls since the last time."""
        seen, self.seen = self.seen, Counter()
        return seen


def count_lapped(bundle: Bundle, samples: Samples) -> tuple[Piece, dict[str, Operators]]:
    """Encode and decode `samples (n,)`; return the piece and the operators of each part.

    FRAMING makes 8-bit payloads; what follows it up to the events runs on a chip and is not
    included. CORRECTING is the encoder's own decoding, without the refiner, from which it sets the
    noise. WAVEFORM refines and transforms back, by FFT, as the runtime does; LISTENING does the
    same and adds noise. Raises what coding raises.
    """
    calls = _Calls()
    codec = Codec(WatchedBundle(bundle.path, bundle.manifest, saw=calls))
    hop, rate = bundle.manifest.hop, bundle.manifest.sample_rate
    piece = codec.encode(samples, rate)
    parts: dict[str, Operators] = {FRAMING: (_framing(frame_count(len(samples), hop), hop),)}
    parts[CORRECTING] = _operators(bundle, calls.taken())
    for decoder, name in (("waveform", WAVEFORM), ("listening", LISTENING)):
        codec.decode(piece, decoder)
        parts[name] = _operators(bundle, calls.taken())
    return piece, parts


def _operators(
    bundle: Bundle, calls: Counter[tuple[str, tuple[tuple[str, Shape], ...]]]
) -> Operators:
    runs: dict[str, list[tuple[Operators, int]]] = {}
    found: list[Operator] = []
    sounds = REFINER if any(name == REFINER for name, _ in calls) else NOISE
    for (name, shapes), times in calls.items():
        path = bundle.file(name)
        runs.setdefault(name, []).append((operators_of(shaped(path, dict(shapes))), times))
        (_, shape), *_ = shapes
        if name == sounds:
            found += [_synthesis(shape[-2] - 2 * CONTEXT, bundle.manifest.hop)] * times
        if name == NOISE:
            found += [_noise(shape[-2], bundle.manifest.hop)] * times
    return (*(op for run in runs.values() for op in summed(run)), *found)


def _framing(frames: int, hop: int) -> Operator:
    """The largest sample of a frame, scaling, rounding and clipping."""
    values = frames * 2 * hop
    return Operator(
        FRAMING, FRAMING, "Frame", COUNTED,
        arithmetic=4 * values, read_bytes=FLOAT * values, written_bytes=values,
    )  # fmt: skip


def _synthesis(frames: int, hop: int) -> Operator:
    """The inverse transform by a complex FFT of half a hop, turned before and after.

    Six operations turn a complex number; two windows and their sum make a sample.
    """
    size = hop // 2
    transform = int(2 * FFT * size * (size.bit_length() - 1))
    return Operator(
        "sound", "inverse transform", "FFT", COUNTED,
        arithmetic=frames * (transform + 2 * 6 * size + 3 * hop),
        weight_bytes=FLOAT * (hop + 2 * hop),
        read_bytes=FLOAT * frames * hop,
        written_bytes=FLOAT * frames * 3 * hop,
    )  # fmt: skip


def _noise(frames: int, hop: int) -> Operator:
    """Features of the events, then in each part amplitudes, numbers, a transform and a window."""
    parts, spectrum = PARTS * frames, WINDOW // 2 + 1
    transform = int(FFT * WINDOW * (WINDOW.bit_length() - 1))
    return Operator(
        "noise", "noise", "Noise", COUNTED,
        macs=parts * spectrum,
        arithmetic=3 * frames * hop
        + parts * (spectrum + 2 * spectrum * (1 + DRAWN) + transform + WINDOW + HOP),
        functions=frames * FEATURES + parts * BANDS,
        read_bytes=FLOAT * frames * hop,
        written_bytes=FLOAT * parts * (2 * spectrum + WINDOW + HOP),
    )  # fmt: skip
