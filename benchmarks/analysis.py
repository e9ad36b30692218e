"""How fast units are analysed: made-up events and notes, as many hours as are asked for.

Seconds are those of the CPU, all threads together, so that a busy machine does not count.
"""

import resource
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np

from benchmarks.results import write_json
from runtime.events import Bits
from spiking_music.analysis.decoding import Stretch, decoding, middle
from spiking_music.analysis.information import shared
from spiking_music.analysis.selectivity import selectivity
from spiking_music.analysis.symbols import onsets
from spiking_music.analysis.tally import Tally, tally
from spiking_music.analysis.tuning import curves, tuning
from spiking_music.cli.terminal import show
from train.data.annotated import AnnotatedRecording
from train.data.notes import Notes

FRAMES_PER_SECOND = 22_050 / 512
UNITS = 80
PIECE = 360.0  # seconds
NOTES_PER_SECOND = 9.7  # of MAESTRO: 7.04 million in 198.65 h
DENSITY = 0.2


def measure(hours: float, progress: Callable[[float], None]) -> dict[str, float]:
    """Return CPU seconds of the counts, the measures and the decoding, and the memory in MB.

    The encoding, which takes longer, is not in it.
    """
    pieces = max(1, round(hours * 3600 / PIECE))
    random = np.random.default_rng(0)
    counted: Tally | None = None
    stretches = []
    counting = 0.0
    for place in range(pieces):
        music, bits = _made_up(random)
        start = process_time()
        more = tally(bits, onsets(music, bits.shape[1], FRAMES_PER_SECOND), place)
        counted = more if counted is None else counted + more
        counting += process_time() - start
        part = middle(bits.shape[1], FRAMES_PER_SECOND)
        span = part.start / FRAMES_PER_SECOND, part.stop / FRAMES_PER_SECOND
        stretches.append(Stretch(bits[:, part].copy(), music.notes.between(*span)))
        progress((place + 1) / pieces)
    assert counted is not None
    start = process_time()
    selectivity(tuning(counted), curves(counted))
    shared(counted)
    measuring, start = process_time() - start, process_time()
    decoding(stretches, FRAMES_PER_SECOND)
    return {
        "hours": pieces * PIECE / 3600,
        "onsets": int(counted.begun[:88].sum()),
        "counting_s": counting,
        "measuring_s": measuring,
        "decoding_s": process_time() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def write(figures: dict[str, float], path: Path | None) -> None:
    """Print the figures, and write them as JSON where a `path` is given."""
    show("made-up music", figures, as_json=False)
    write_json(figures, path)


def _made_up(random: np.random.Generator) -> tuple[AnnotatedRecording, Bits]:
    count = random.poisson(PIECE * NOTES_PER_SECOND)
    onset = np.sort(random.uniform(0, PIECE, count))
    pitch = np.clip(np.rint(random.normal(64, 13, count)), 21, 108).astype(np.int64)
    bits = random.random((UNITS, int(PIECE * FRAMES_PER_SECOND)), np.float32) < DENSITY
    return AnnotatedRecording("made up", np.zeros(0, np.float32), Notes(onset, pitch)), bits
