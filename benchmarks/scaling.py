"""What a core encodes and decodes in an hour: `python -m benchmarks scaling`.

The corpus is made of the shipped clips, each repeated, as stereo WAV at 44.1 kHz: what recordings
usually are. Costs are CPU time of the thread that works, at one thread a worker, so that a busy
machine counts for little; one and two workers take turns, and the least of all rounds is told.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from benchmarks.results import write_json
from runtime.audio.recordings import read_audio
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.kinds import CLIPS, Progress
from runtime.to_spk import Storage
from spiking_music.cli.terminal import show_rows
from spiking_music.corpus.listing import listed
from spiking_music.corpus.recipe import Recipe
from spiking_music.corpus.run import encode_corpus

RATE = 44_100  # Hz of the recordings
PART = 60  # seconds that parts of the work are measured on
Row = dict[str, str | int | float | None]


@dataclass(frozen=True)
class Load:
    """So many `files` of so many `minutes`, encoded in so many `rounds`."""

    files: int
    minutes: float
    rounds: int


def measure(
    sources: Sequence[Path], bundle: Path | None, load: Load, tell: Progress = lambda share: None
) -> dict[str, Any]:
    """Return `rows`: what was done, by how many workers, and what an hour of sound cost.

    Without `sources` the shipped clips are made longer.
    """
    os.environ["OMP_NUM_THREADS"] = "1"
    model = open_bundle(bundle)
    recipe = Recipe(bundle, model.manifest.model_hash, Storage())
    with tempfile.TemporaryDirectory(prefix="spiking-music-scaling-") as folder:
        music = Path(folder, "music")
        make_corpus(sources or sorted(CLIPS.glob("*.flac")), music, load)
        runs = {(kind, workers): [] for kind in ("encode", "keep") for workers in (1, 2)}
        for number in range(load.rounds):
            for workers in (1, 2):
                out = str(Path(folder, f"{number}-{workers}"))
                for kind in ("encode", "keep"):  # the second time everything is there
                    listing = listed(str(music), out)
                    runs[kind, workers].append(encode_corpus(listing, recipe, workers))
                tell((2 * number + workers) / (2 * load.rounds))
        alone = list(_alone(Codec(model), music / "0.wav"))
    return {"rows": [_run(kind, workers, of) for (kind, workers), of in runs.items()] + alone}


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given."""
    show_rows(figures["rows"])
    write_json(figures, path)


def make_corpus(sources: Sequence[Path], folder: Path, load: Load) -> None:
    """Write recordings of `load.minutes`, each one source again and again."""
    folder.mkdir()
    for number in range(load.files):
        samples, rate = soundfile.read(sources[number % len(sources)], always_2d=True)
        mono = soxr.resample(samples.mean(axis=1), rate, RATE)
        long = np.resize(mono, round(load.minutes * 60 * RATE))
        soundfile.write(folder / f"{number}.wav", np.stack([long, long], axis=1), RATE, "PCM_16")


def _run(kind: str, workers: int, summaries: Sequence[Any]) -> Row:
    best = min(summaries, key=lambda summary: summary["core_seconds"])
    return _row(kind, workers, best["hours"] * 3600, best["core_seconds"]) | {
        "elapsed_s": round(min(summary["elapsed_seconds"] for summary in summaries), 2),
        "kbit_s": round(best["kbit_s"], 3),
    }


def _alone(codec: Codec, recording: Path) -> Iterator[Row]:
    """What parts of the work cost on the first `PART` seconds of a recording, when warm."""
    rate = codec.manifest.sample_rate
    samples = read_audio(recording, rate).samples[: PART * rate]
    decode = partial(codec.decode, codec.encode(samples, rate))
    parts: dict[str, Callable[[], Any]] = {
        "encoder alone": partial(codec.encode, samples, rate),
        "diffusion decoder, 1 step": partial(decode, "diffusion", 1),
        "diffusion decoder, 4 steps": partial(decode, "diffusion", 4),
    }
    if codec.manifest.has_waveform:
        parts["fast decoder"] = partial(decode, "fast")
    for name, work in parts.items():
        work()  # the first time loads the graph
        start, begun = time.thread_time(), time.perf_counter()
        work()
        cost, elapsed = time.thread_time() - start, time.perf_counter() - begun
        facts = {"elapsed_s": round(elapsed, 2), "kbit_s": None}
        yield _row(name, 1, samples.size / rate, cost) | facts


def _row(work: str, workers: int, seconds: float, cost: float) -> Row:
    return {
        "work": work,
        "workers": workers,
        "sound_s": round(seconds),
        "core_s": round(cost, 2),
        "core_s_an_hour": round(cost / seconds * 3600, 2),
        "hours_a_core_hour": round(seconds / cost, 1),
    }
