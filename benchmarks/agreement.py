"""How much the sound of one file differs between machines: `python -m benchmarks agreement`.

Machines differ in how ONNX Runtime sums products: by the number of threads, the optimisation of the
graph, and the kernels of a provider. Each is varied here for the same events. A sound that another
machine decoded from the same file can be compared too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from onnxruntime import (
    GraphOptimizationLevel,
    InferenceSession,
    SessionOptions,
    get_available_providers,
)

from benchmarks.results import write_json
from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import PAPER, Bundle, open_bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.kinds import DECODERS, Progress
from runtime.piece import Piece
from runtime.providers import PROVIDERS, provider_list
from runtime.sessions import Graph
from runtime.spk.container import read_spk
from spiking_music.cli.terminal import show_rows
from spiking_music.report.demo import default_clip

Row = dict[str, str | float]

AIM = 1e-3  # the largest difference of two machines
LEVELS = {
    "graphs as they are": GraphOptimizationLevel.ORT_DISABLE_ALL,
    "graphs optimised a little": GraphOptimizationLevel.ORT_ENABLE_BASIC,
}


@dataclass(frozen=True)
class Otherwise(Bundle):
    """A bundle whose graphs run on so many `threads`, at an optimisation `level`."""

    threads: int = 1
    level: GraphOptimizationLevel = GraphOptimizationLevel.ORT_ENABLE_ALL

    def graph(self, name: str, inputs: set[str], outputs: set[str]) -> Graph:
        """See `Bundle.graph`."""
        options = SessionOptions()
        options.intra_op_num_threads, options.graph_optimization_level = self.threads, self.level
        options.log_severity_level = 4
        path = self.file(name)
        return Graph(path, InferenceSession(path, options, providers=provider_list(self.provider)))


def measure(
    bundle: Path | None, spk: Path | None, heard: Sequence[Path], steps: int, tell: Progress
) -> dict[str, Any]:
    """One row a decoder and a way to compute: the largest and the effective difference.

    Of samples in -1..1, from those of one thread. `heard` are WAVs of the file `spk` that were
    decoded elsewhere by diffusion in as many `steps`, in 16 bits.
    """
    opened = open_bundle(bundle or PAPER)
    piece = read_spk(spk) if spk else _encoded(opened)
    ways = dict(_ways(opened))
    decode = partial(Codec.decode, piece=piece, steps=steps)
    rows: list[Row] = []
    for decoder in DECODERS:
        usual = decode(Codec(Otherwise(opened.path, opened.manifest)), decoder=decoder)
        for name, way in ways.items():
            rows.append(_row(decoder, name, usual, decode(Codec(way), decoder=decoder)))
            tell(len(rows) / (len(ways) * len(DECODERS)))
        if decoder == "diffusion":
            written = np.clip(usual, -1, 1)
            rows += [_row(decoder, path.stem, written, soundfile.read(path)[0]) for path in heard]
    return {"model": opened.manifest.model_hash, "steps": steps, "aim": AIM, "rows": rows}


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given.

    Raises `SpikingMusicError` when two ways differ by more than `AIM`.
    """
    show_rows(figures["rows"])
    write_json(figures, path)
    most = max(row["largest"] for row in figures["rows"])
    if most > AIM:
        raise SpikingMusicError(f"samples differ by {most:.2g}; {AIM} is allowed")


def _encoded(bundle: Bundle) -> Piece:
    rate = bundle.manifest.sample_rate
    return Codec(bundle).encode(read_audio(default_clip(), rate).samples, rate)


def _ways(bundle: Bundle) -> Iterator[tuple[str, Otherwise]]:
    path, manifest = bundle.path, bundle.manifest
    for threads in (2, 3, 4):
        yield f"{threads} threads", Otherwise(path, manifest, threads=threads)
    for name, level in LEVELS.items():
        yield name, Otherwise(path, manifest, level=level)
    for name, provider in PROVIDERS.items():
        if name != "cpu" and provider in get_available_providers():
            yield name, Otherwise(path, manifest, name)


def _row(decoder: str, way: str, usual: Samples, sound: Samples) -> Row:
    difference = sound - usual
    return {
        "decoder": decoder,
        "way": way,
        "largest": float(np.abs(difference).max()),
        "effective": float(np.sqrt(np.square(difference).mean())),
    }
