"""What it costs that each chunk of the lapped codec can be decoded alone."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.results import write_json
from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.coders.lapped.coder import encode
from runtime.kinds import Progress
from runtime.lapped.model import step_of
from spiking_music.cli.terminal import show_rows
from train.config import SAMPLE_RATE
from train.data.maestro import maestro_of
from train.data.performance import read_midi
from train.data.rendering import rendering
from train.data.sources import recordings

LENGTHS = {"1 s": 11, "6 s": 64, "whole": None}  # frames of a chunk
STEPS = (780, 690)


@dataclass(frozen=True)
class Row:
    """The events of a sound at a step, in kbit/s, in `chunks` of some length."""

    set: str
    step: int
    chunks: str
    kbps: float


def sounds(source: str, count: int, seconds: float) -> list[Samples]:
    """The first seconds of some recordings of a folder, or of MAESTRO's test split, rendered."""
    most, maestro = round(seconds * SAMPLE_RATE), maestro_of(source)
    if maestro is None:
        files = recordings(Path(source))
        chosen = files[:: max(1, len(files) // count)][:count]
        return [read_audio(file, SAMPLE_RATE).samples[:most] for file in chosen]
    pieces = maestro.pieces("test")
    played = [
        rendering(piece.midi.stem, read_midi(piece.midi), maestro.piano)
        for piece in pieces[:: max(1, len(pieces) // count)][:count]
    ]
    return [piece.read(0, min(most, piece.frames)) for piece in played]


def measure(
    sets: dict[str, list[Samples]],
    steps: Sequence[int] = STEPS,
    progress: Progress = lambda share: None,
) -> list[Row]:
    """Code all sounds of all sets at each step, in chunks of each of `LENGTHS`."""
    codec = Codec(open_bundle())
    model, tables = codec.engine.model, codec.engine.code.tables
    assert tables is not None
    rows = []
    total, done = sum(map(len, sets.values())), 0
    for name, group in sets.items():
        for sound in group:
            sections = list(codec.engine.encoder.sections([sound]))
            for step in steps:
                q = np.concatenate([
                    model.levels(s.analysis, step_of(max(step, model.finest(s.analysis))))
                    for s in sections
                ])  # fmt: skip
                for length, frames in LENGTHS.items():
                    parts = range(0, len(q), frames or len(q))
                    spacing = model.rate / 2 / model.hop
                    size = sum(len(encode(q[t : t + parts.step], spacing, tables)) for t in parts)
                    rows.append(Row(name, step, length, 8e-3 * size * SAMPLE_RATE / len(sound)))
            done += 1
            progress(done / total)
    return rows


def show(rows: Sequence[Row], json: Path | None) -> None:
    """Print means over the sounds, and write all as JSON."""
    write_json([asdict(row) for row in rows], json)
    groups: dict[tuple[str, int], dict[str, list[float]]] = {}
    for row in rows:
        groups.setdefault((row.set, row.step), {}).setdefault(row.chunks, []).append(row.kbps)
    show_rows([
        {"set": name, "step": step, **{at: round(float(np.mean(k)), 3) for at, k in found.items()}}
        for (name, step), found in groups.items()
    ])  # fmt: skip
