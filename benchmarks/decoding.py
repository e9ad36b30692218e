"""What more sampler steps gain: `python -m benchmarks decoding BUNDLE --data NAME=SOURCE`.

Each clip is encoded once and decoded in every way; the transcription of the clip is the reference
for the note F1. Times real time is by the clock, the median over all clips, with `OMP_NUM_THREADS`
or one thread per core; compare it only within one table.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import write_json
from export.quality import measured_ways
from runtime.audio.samples import Samples
from runtime.bundle import PAPER, open_bundle
from runtime.codec import Codec
from runtime.decoders.presets import Preset, knee, preset_of
from runtime.kinds import QUALITIES
from runtime.metrics import si_snr
from spiking_music.cli.terminal import show_rows
from spiking_music.evaluation.transcription import load_transcriber, note_f1
from train.data.clips import Clip, within
from train.data.notes import Notes
from train.objectives.distances import mel_distance

Row = dict[str, str | int | float | None]


def measure(
    bundle: Path | None, sets: Mapping[str, Sequence[Clip]], progress: Callable[[float], None]
) -> dict[str, Any]:
    """One row a way of decoding and a set of clips, and the knee of all sets together.

    SI-SNR (dB, mean and standard deviation), mel distance (nepers), note F1, times real time.
    `qualities` are what the bundle's own manifest makes of `--quality`.
    """
    codec, transcribe = Codec(open_bundle(bundle or PAPER)), load_transcriber()
    ways = measured_ways(codec.manifest)
    total = sum(map(len, sets.values()))
    distance = dict.fromkeys(ways, 0.0)
    rows: list[Row] = []
    done = 0
    for name, clips in sets.items():
        figures = []
        for clip in clips:
            heard = _Heard(codec, clip, transcribe)
            figures.append([heard.figures(way) for way in ways])
            done += 1
            progress(done / total)
        for way, found in zip(ways, np.array(figures).swapaxes(0, 1), strict=True):
            rows.append(_row(name, way, found))
            distance[way] += found[:, 1].mean()
    return {
        "bundle": codec.manifest.name,
        "model": codec.manifest.model_hash,
        "clips": {name: len(clips) for name, clips in sets.items()},
        "knee": knee(distance).name,
        "qualities": {quality: preset_of(quality, codec.manifest).name for quality in QUALITIES},
        "rows": rows,
    }


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the table, its knee and the bundle's qualities; write them to `path` as JSON."""
    show_rows(figures["rows"])
    chosen = ", ".join(f"{quality} {way}" for quality, way in figures["qualities"].items())
    print(f"the knee is {figures['knee']}; the bundle decodes by: {chosen}")
    write_json(figures, path)


def _row(name: str, way: Preset, found: "np.typing.NDArray[np.float64]") -> Row:
    """Of figures `(clips, 4)`."""
    ratio, distance, f1, _ = (round(float(value), 3) for value in found.mean(0))
    return {
        "set": name,
        "decoder": way.decoder,
        "sampler": way.sampler if way.decoder == "diffusion" else None,
        "steps": way.steps if way.decoder == "diffusion" else None,
        "si_snr_db": ratio,
        "si_snr_db_sd": round(float(found[:, 0].std()), 3),
        "mel_distance": distance,
        "note_f1": f1,
        "times_real_time": round(float(np.median(found[:, 3])), 1),
    }


class _Heard:
    """A clip with its events and its transcription."""

    def __init__(self, codec: Codec, clip: Clip, transcribe: Callable[[Samples], Notes]) -> None:
        self.codec, self.clip, self.transcribe = codec, clip, transcribe
        self.piece = codec.encode(clip.samples, codec.manifest.sample_rate)
        self.original = within(clip.samples, clip)
        self.notes = transcribe(self.original)

    def figures(self, way: Preset) -> tuple[float, float, float, float]:
        began = time.perf_counter()
        decoded = self.codec.decode(self.piece, way.decoder, way.steps, sampler=way.sampler)
        taken = time.perf_counter() - began
        sound = within(decoded, self.clip)
        f1 = note_f1(self.notes, self.transcribe(sound))
        return (
            si_snr(self.original, sound),
            mel_distance(self.original, sound),
            1.0 if f1 is None else f1,  # neither has a note: they agree
            len(self.original) / self.codec.manifest.sample_rate / taken,
        )
