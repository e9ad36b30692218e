"""What the coders make of events, and how fast: `python -m benchmarks coding EVENTS.npz ...`.

Every chunk is coded alone, as in a file, and decoded again. Speeds are of the CPU time of the one
thread that works, so that a busy machine counts for little; the best of three runs.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import write_json
from benchmarks.rivals import RIVALS, Decode, Encode
from runtime.audio.recordings import read_audio
from runtime.bundle import PAPER, open_bundle
from runtime.codec import Codec
from runtime.coders import adaptive, adaptive_loop, paper, payloads, rice
from runtime.costs import bound_bits, paper_bits
from runtime.errors import MissingPackageError, SpikingMusicError
from runtime.events import Bits
from runtime.spk.container import read_spk
from spiking_music.cli.terminal import show_rows
from train.data.clips import Clip

FRAMES_A_SECOND = 22_050 / 512
RUNS = 3
PLAIN_CELLS = 200_000  # of plain Python, which is a hundred times slower, only so many
# In millions a second.
SPEEDS = ("encode_Mcells", "decode_Mcells", "encode_Mevents", "decode_Mevents")
_ADAPTIVE = payloads.FORMS.index("adaptive")
Row = dict[str, str | float | None]


@dataclass(frozen=True)
class Method:
    """A way to code a chunk: `encode(bits)` to bytes, `decode(bytes, N, T, S)` back."""

    name: str
    encode: Encode
    decode: Decode
    most_cells: int | None = None


def methods() -> Iterator[Method]:
    """Yield the coders of the project and those of others that are installed."""
    for form, name in enumerate(paper.NAMES):
        yield Method(name, partial(paper.pack_as, form), partial(paper.unpack, form))
    yield Method("paper", *_marked(paper.pack))
    yield Method("rice", rice.encode, rice.decode)
    fast = adaptive_loop.compiled()
    if fast is not None:
        yield _adaptive("adaptive, numba", fast, None)
    yield _adaptive("adaptive, Python", adaptive_loop.code_cells, PLAIN_CELLS)
    for name, make in RIVALS.items():
        try:
            yield Method(name, *make())
        except MissingPackageError as error:
            print(f"note: {error}; no row of {name}", file=sys.stderr)


def _adaptive(name: str, run: adaptive_loop.Loop, most_cells: int | None) -> Method:
    def pack(bits: Bits) -> tuple[int, bytes]:
        payload = adaptive.encode(bits, run)
        if len(payload) < payloads.most_bytes(bits.size):
            return _ADAPTIVE, payload
        return paper.DENSE, paper.pack_as(paper.DENSE, bits)

    def decode(data: bytes, units: int, frames: int, events: int) -> Bits:
        if data[0] == _ADAPTIVE:
            return adaptive.decode(data[1:], units, frames, events, run)
        return paper.unpack(paper.DENSE, data[1:], units, frames, events)

    return Method(name, _marked(pack)[0], decode, most_cells)


def _marked(pack: Callable[[Bits], tuple[int, bytes]]) -> tuple[Encode, Decode]:
    """Return a coder whose payload begins with its form, which a chunk keeps in its head."""

    def encode(bits: Bits) -> bytes:
        form, payload = pack(bits)
        return bytes([form]) + payload

    def decode(data: bytes, units: int, frames: int, events: int) -> Bits:
        return payloads.unpack(data[0], data[1:], units, frames, events)

    return encode, decode


def measure(matrices: Iterable[Bits], chunk_frames: int) -> dict[str, Any]:
    """Return the figures of events, `(N, T) bool` each, in chunks of so many frames."""
    chunks = [
        np.ascontiguousarray(bits[:, start : start + chunk_frames])
        for bits in matrices
        for start in range(0, bits.shape[1], chunk_frames)
    ]
    if not chunks:
        raise SpikingMusicError("there are no events to code; give files that hold some")
    density = sum(int(bits.sum()) for bits in chunks) / sum(bits.size for bits in chunks)
    rows = [*_references(chunks), *(_row(method, chunks) for method in methods())]
    return {"chunks": len(chunks), "density": density, "rows": rows}


def load(source: Path, bundle: Path | None, mu: int | None = None) -> Iterator[Bits]:
    """Yield the matrices `(N, T) bool` of an `.npz`, an `.spk`, a recording, or a folder of them.

    Recordings are encoded by the bundle, the first minute of each, at a `mu` if it has one.
    """
    if source.is_dir():
        for path in sorted(source.iterdir()):
            if path.suffix in (".npz", ".spk", ".flac", ".wav"):
                yield from load(path, bundle, mu)
    elif source.suffix == ".npz":
        with np.load(source) as arrays:
            yield from (arrays[name].astype(np.bool_) for name in arrays.files)
    elif source.suffix == ".spk":
        yield read_spk(source).events.bits
    else:
        codec = Codec(open_bundle(bundle or PAPER))
        rate = codec.manifest.sample_rate
        yield codec.encode(read_audio(source, rate).samples[: 60 * rate], rate, mu).events.bits


def encoded(clips: Iterable[Clip], bundle: Path | None, mu: int | None) -> Iterator[Bits]:
    """Yield the events of clips as `evaluate` takes them."""
    codec = Codec(open_bundle(bundle or PAPER))
    for clip in clips:
        yield codec.encode(clip.samples, codec.manifest.sample_rate, mu).events.bits


def independent(density: float, units: int = 80, frames: int = 8192) -> Bits:
    """Return a matrix whose entries are ones with the same chance, whatever the others are."""
    return np.random.default_rng(0).random((units, frames)) < density


def made_up(units: int = 80, frames: int = 8192, density: float = 0.0887) -> Bits:
    """Return notes of 1 to 15 frames in units of unequal rates; the paper's SPARSE density."""
    random = np.random.default_rng(0)
    bits = np.zeros((units, frames), np.bool_)
    weights = random.gamma(1, 1, units)
    while bits.mean() < density:
        for unit in random.choice(units, 64, p=weights / weights.sum()):
            start = random.integers(frames)
            bits[unit, start : start + random.integers(1, 16)] = True
    return bits


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given."""
    print(f"{figures['chunks']} chunks, {figures['density']:.1%} of all entries are ones")
    show_rows(figures["rows"])
    write_json(figures, path)


def _references(chunks: list[Bits]) -> Iterator[Row]:
    counts = [_counts(bits) for bits in chunks]
    for name, cost in (("the paper's formula", paper_bits), ("log2 C(NT, S)", bound_bits)):
        row = _sized(name, sum(cost(*count) for count in counts), chunks)
        yield row | dict.fromkeys(SPEEDS)


def _row(method: Method, chunks: list[Bits]) -> Row:
    if method.most_cells is not None:
        chunks = chunks[: max(method.most_cells // chunks[0].size, 1)]
    counts = [_counts(bits) for bits in chunks]
    coded, encoding = _timed(lambda: [method.encode(bits) for bits in chunks])
    pairs = list(zip(coded, counts, strict=True))
    decoded, decoding = _timed(lambda: [method.decode(data, *count) for data, count in pairs])
    if not all(map(np.array_equal, decoded, chunks)):
        raise SpikingMusicError(f"{method.name}: decodes to other events")
    cells, events = sum(bits.size for bits in chunks), sum(count[2] for count in counts)
    amounts = ((cells, encoding), (cells, decoding), (events, encoding), (events, decoding))
    speeds = [_speed(amount, seconds) for amount, seconds in amounts]
    row = _sized(method.name, 8 * sum(map(len, coded)), chunks)
    return row | dict(zip(SPEEDS, speeds, strict=True))


def _sized(name: str, bits: float, chunks: list[Bits]) -> Row:
    counts = [_counts(chunk) for chunk in chunks]
    paper_total = sum(paper_bits(*count) for count in counts)
    bound = sum(bound_bits(*count) for count in counts)
    seconds = sum(frames for _, frames, _ in counts) / FRAMES_A_SECOND
    return {
        "coder": name,
        "kbit_s": round(bits / seconds / 1000, 3),
        "bits_an_event": round(bits / max(sum(count[2] for count in counts), 1), 3),
        "of_formula": round(bits / paper_total, 3),
        "of_bound": round(bits / bound, 3) if bound else None,
    }


def _counts(bits: Bits) -> tuple[int, int, int]:
    return bits.shape[0], bits.shape[1], int(np.count_nonzero(bits))


def _speed(amount: int, seconds: float) -> float | None:
    return round(amount / seconds / 1e6, 1) if seconds else None


def _timed(work: Callable[[], list[Any]]) -> tuple[list[Any], float]:
    results, best = work(), float("inf")  # the first run compiles
    for _ in range(RUNS):
        start = time.thread_time()
        work()
        best = min(best, time.thread_time() - start)
    return results, best
