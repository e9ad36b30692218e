"""How fast training crops are made: `python -m benchmarks rendering --data maestro:DIR:PACK.zip`.

Real time is that of the crops, 22 050 samples a second; a core's work is the CPU time of the one
thread that makes them, so that a busy machine does not count.
"""

import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.results import write_json
from spiking_music.cli.terminal import show_rows
from train.config import SAMPLE_RATE
from train.data.crops import Crops, ahead
from train.data.sets import load_music
from train.data.sources import Source

Made = TypeVar("Made")
Row = dict[str, str | float | None]


@dataclass(frozen=True)
class Load:
    """`batches` of `batch` crops of `samples` are measured, after as many as `warm_up`."""

    batch: int
    samples: int
    warm_up: int
    batches: int


def measure(data: str, cache: Path, load: Load) -> dict[str, Any]:
    """Seconds (wall, CPU) and times real time of each, from a cold start to a warm state.

    `peak_mb` is the greatest memory that the process held, the piano's tones with it.
    """
    opening, music = _timed("open the data", 0, lambda: load_music(data, cache))
    crops = Crops(music.train, load.batch, load.samples, 0)
    sounds = _sounds(music.train, load.samples)
    seconds = load.batch * load.samples / SAMPLE_RATE
    first, last = 1 + load.warm_up, 1 + load.warm_up + load.batches

    def made(workers: int) -> Callable[[], object]:
        return lambda: list(ahead(crops, first, last, workers))

    total = load.batches * seconds
    tasks: list[tuple[str, float, Callable[[], object]]] = [
        ("first batch", seconds, lambda: crops(0)),
        ("warm-up", load.warm_up * seconds, lambda: [crops(i) for i in range(1, first)]),
        ("crops", total, lambda: [crops(i) for i in range(first, last)]),
        ("sound alone", total, lambda: list(islice(sounds, load.batch * load.batches))),
        *((f"ahead, {n} workers", total, made(n)) for n in (1, 2, 4)),
    ]
    rows = [opening, *(_timed(*task)[0] for task in tasks)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {"data": data, **asdict(load), "peak_mb": peak, "rows": rows}


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given."""
    show_rows(figures["rows"])
    print(f"peak memory {figures['peak_mb']} MB")
    write_json(figures, path)


def _timed(name: str, seconds: float, work: Callable[[], Made]) -> tuple[Row, Made]:
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    row: Row = {"what": name, "wall_s": round(wall, 3), "cpu_s": round(cpu, 3)}
    speeds = {"real_time_wall": wall, "real_time_core": cpu}
    return row | {k: round(seconds / v) if seconds else None for k, v in speeds.items()}, made


def _sounds(sources: list[Source], samples: int) -> Iterator[object]:
    """Windows of sources as they are, neither retuned nor varied."""
    room = np.array([max(0, source.frames - samples) for source in sources])
    rng = np.random.default_rng(0)
    while True:
        index = int(rng.choice(len(sources), p=room / room.sum()))
        yield sources[index].read(int(rng.integers(room[index])), samples)
