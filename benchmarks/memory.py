"""How much memory long recordings take: `python -m benchmarks memory`.

Every row is a process of its own, the command line itself, whose largest resident memory is
compared with that of a process that has only opened the bundle.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from benchmarks.results import write_json
from runtime.bundle import open_bundle
from runtime.errors import SpikingMusicError
from runtime.kinds import Progress
from spiking_music.cli.terminal import show_rows

RATE = 44_100
MOST_MIB = 600  # above the idle process
_IDLE = """
from runtime.bundle import open_bundle
from runtime.codec import Codec
Codec(open_bundle(BUNDLE))
"""
_VERB = "from spiking_music.cli.main import main; main()"
# Every child tells its memory at its end: that of its own program, not of what started it.
_CHILD = """
import atexit, re, sys
from pathlib import Path
BUNDLE = Path(sys.argv[1]) if sys.argv[1] else None
peak = lambda: re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]
atexit.register(lambda: print("peak", peak(), file=sys.stderr))
sys.argv = ["spiking-music", *sys.argv[2:]]
"""
Row = dict[str, Any]


def measure(minutes: Sequence[float], bundle: Path | None, tell: Progress) -> dict[str, Any]:
    """Return the figures of an idle process, and of encoding and decoding so many minutes each.

    The sound is made up, stereo at 44.1 kHz, and lies in a temporary folder.
    """
    rows: list[Row] = []
    idle, _ = _peak(_IDLE, bundle, [])
    with tempfile.TemporaryDirectory(prefix="spiking-music-memory-") as folder:
        for number, length in enumerate(minutes):
            rows += _rows(Path(folder), length, bundle, idle)
            tell((number + 1) / len(minutes))
    return {"idle_mib": idle, "cores": len(os.sched_getaffinity(0)), "rows": rows}


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given.

    Raises `SpikingMusicError` when a process took more than `MOST_MIB` above the idle one.
    """
    print(f"idle: {figures['idle_mib']:.0f} MiB; {figures['cores']} cores")
    show_rows(figures["rows"])
    write_json(figures, path)
    most = max(row["above_idle_mib"] for row in figures["rows"])
    if most > MOST_MIB:
        raise SpikingMusicError(f"{most:.0f} MiB above the idle process; {MOST_MIB} are allowed")


def made_up(seconds: float, block: int = RATE) -> Iterator[npt.NDArray[np.float32]]:
    """Yield `(block, 2) float32`, seconds of decaying chords at `RATE`."""
    random = np.random.default_rng(0)
    time = np.arange(block) / RATE
    for start in range(0, round(seconds * RATE), block):
        hertz = 27.5 * 2 ** (random.integers(0, 76, (4, 1)) / 12)
        chord = (
            np.sin(2 * np.pi * hertz * time) * np.exp(-3 * time) * random.uniform(0, 0.2, (4, 1))
        )
        both = np.stack([chord.sum(0), chord[::2].sum(0)], axis=1).astype(np.float32)
        yield both[: round(seconds * RATE) - start]


def _rows(folder: Path, minutes: float, bundle: Path | None, idle: float) -> Iterator[Row]:
    wav, spk, out = (folder / name for name in ("in.wav", "x.spk", "out.wav"))
    with soundfile.SoundFile(wav, "w", RATE, 2, "PCM_16") as file:
        for block in made_up(60 * minutes):
            file.write(block)
    given = ["--bundle", str(bundle)] if bundle else []
    ways = [("encode", ["encode", wav, spk])] + [
        (f"decode, {decoder}", ["decode", spk, out, "--decoder", decoder])
        for decoder in open_bundle(bundle).manifest.decoders
    ]
    for name, words in ways:
        peak, seconds = _peak(_VERB, bundle, [*map(str, words), *given, "--force"])
        yield {
            "verb": name,
            "minutes": minutes,
            "peak_mib": peak,
            "above_idle_mib": peak - idle,
            "times_real_time": 60 * minutes / seconds,
        }


def _peak(code: str, bundle: Path | None, words: list[str]) -> tuple[float, float]:
    """Run Python code in a process; return its largest resident memory in MiB, and seconds."""
    command = [sys.executable, "-c", _CHILD + code, str(bundle or ""), *words]
    start = perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = perf_counter() - start
    *rest, last = done.stderr.splitlines() or [""]
    if done.returncode or not last.startswith("peak "):
        raise SpikingMusicError(f"{words or 'the idle process'} failed: {' '.join([*rest, last])}")
    return int(last.split()[1]) / 1024, seconds
