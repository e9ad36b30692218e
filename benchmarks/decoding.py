"""What the steps of a sampler buy: `python -m benchmarks decoding BUNDLE --data NAME=SOURCE`.

Each clip is encoded once and decoded in every way; its own transcription is the reference of the
note F1. Times real time is by the clock, the middle one of all clips, on as many threads as
`OMP_NUM_THREADS` or the cores say; compare it within a table alone.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.clips import Clip, Samples
from evaluation.distances import mel_distance
from evaluation.evaluate import within
from evaluation.transcription import Notes, load_transcriber, note_f1
from export.quality import knee
from report.terminal import show_rows
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.events import EventMatrix
from runtime.files import replacing
from runtime.metrics import si_snr
from runtime.ways import Way

STEPS = (1, 2, 4, 8, 16)
SECOND_ORDER_FROM = 4  # steps; with fewer, DPM-Solver++ takes no step that is not one of DDIM

Row = dict[str, str | float | None]


def measure(
    bundle: Path | None, clips: Sequence[Clip], progress: Callable[[float], None]
) -> dict[str, Any]:
    """One row a way of decoding: SI-SNR (dB), mel distance (nepers), note F1, times real time."""
    codec = Codec(open_bundle(bundle))
    transcribe = load_transcriber()
    found = [_Heard(codec, clip, transcribe) for clip in clips]
    ways = list(_ways(codec))
    rows: list[Row] = []
    for index, way in enumerate(ways):
        figures = np.array([heard.figures(way) for heard in found], np.float64)
        ratio, distance, f1 = (round(float(value), 3) for value in figures[:, :3].mean(0))
        rows.append(
            {
                "decoder": way.decoder,
                "sampler": way.sampler if way.decoder == "diffusion" else None,
                "steps": way.steps if way.decoder == "diffusion" else None,
                "si_snr_db": ratio,
                "mel_distance": distance,
                "note_f1": f1,
                "times_real_time": round(float(np.median(figures[:, 3])), 1),
            }
        )
        progress((index + 1) / len(ways))
    return {"bundle": codec.manifest.name, "clips": len(clips), "rows": rows}


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the table and its knee, and write it as JSON where a `path` is given."""
    show_rows(figures["rows"])
    curve = {
        row["steps"]: row["mel_distance"] for row in figures["rows"] if row["sampler"] == "ddim"
    }
    if curve:
        print(f"{figures['clips']} clips; the knee of DDIM is at {knee(curve)} steps")
    if path is not None:
        with replacing(path, overwrite=True) as temporary:
            temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _ways(codec: Codec) -> Iterator[Way]:
    if "decoder_fast.onnx" in codec.manifest.files:
        yield Way("fast", "ddim", 1)
    if "decoder.onnx" in codec.manifest.files:
        yield from (Way("diffusion", "ddim", steps) for steps in STEPS)
        yield from (Way("diffusion", "dpm", n) for n in STEPS if n >= SECOND_ORDER_FROM)


class _Heard:
    """A clip with its events and its transcription."""

    def __init__(self, codec: Codec, clip: Clip, transcribe: Callable[[Samples], Notes]) -> None:
        self.codec, self.clip, self.transcribe = codec, clip, transcribe
        self.events: EventMatrix = codec.encode(clip.samples)
        self.original = within(clip.samples, clip)
        self.notes = transcribe(self.original)

    def figures(self, way: Way) -> tuple[float, float, float, float]:
        began = time.perf_counter()
        decoded = self.codec.decode(
            self.events, len(self.original), way.decoder, way.steps, sampler=way.sampler
        )
        taken = time.perf_counter() - began
        sound = within(decoded, self.clip)
        f1 = note_f1(self.notes, self.transcribe(sound))
        return (
            si_snr(self.original, sound),
            mel_distance(self.original, sound),
            1.0 if f1 is None else f1,  # neither has a note: they agree
            len(self.original) / self.codec.manifest.sample_rate / taken,
        )
