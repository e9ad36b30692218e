"""How fast the bottleneck is computed in each way, and how fast Lava is: ratios of one run.

Every executor gets the same payloads, drawn at random, and must give the same spikes. The time of
Lava is that of its steps: what it takes to start, measured with one frame, is taken off and shown.
`times_faster` than Lava's stock processes is by the clock, `times_less_work` by CPU time, which a
busy machine does not change. `peak_mb` is what all processes of Lava hold together.
"""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.results import write_json
from neuromorphic.integers.network import run_network
from neuromorphic.lava.driver import run_on_lava
from neuromorphic.opening import OpenNetwork, bundle_network
from neuromorphic.simulate import spikes
from runtime.bundle import PAPER, open_bundle
from runtime.errors import SpikingMusicError
from spiking_music.cli.terminal import progress, show_rows

RUNS = 100  # of what takes milliseconds
FRAMES_A_SECOND = 22_050 / 512

Payload = npt.NDArray[np.int8]
Spikes = npt.NDArray[np.bool_]
Row = dict[str, Any]


def measure(bundle: Path | None, frames: int, only: list[str]) -> dict[str, Any]:
    """Return a row for each executor, or for those that `only` names, on so many frames."""
    opened = bundle_network(open_bundle(bundle or PAPER))
    payload = payloads(opened.network.inputs, frames)
    expected = run_network(opened.network, payload)
    rows = [
        _row(name, run, name.startswith("lava"), payload, expected)
        for name, run in executors(opened).items()
        if not only or name in only
    ]
    reference = next((row for row in rows if row["executor"] == "lava: stock"), None)
    for row in rows:
        for clock, ratio in (("us_a_frame", "times_faster"), ("cpu_us_a_frame", "times_less_work")):
            row[ratio] = round(reference[clock] / row[clock], 1) if reference else None
    return {"frames": frames, "seconds_of_music": frames / FRAMES_A_SECOND, "rows": rows}


def executors(opened: OpenNetwork) -> dict[str, Callable[[Payload, Any], Spikes]]:
    """Return each way to compute `payload (M, T)` to spikes `(N, T)`; the second hears progress."""
    network = opened.network
    return {
        "integer network": lambda x, tell: run_network(network, x),
        "NIR graph, float64": lambda x, tell: spikes(opened, x.T, "nir"),
        "lava: stock": lambda x, tell: run_on_lava(network, x, progress=tell, lanes=1),
        "lava: stock, lanes": lambda x, tell: run_on_lava(network, x, progress=tell),
        "lava: stock, floating": lambda x, tell: spikes(opened, x.T, "lava-floating", tell),
        "lava: netx": lambda x, tell: spikes(opened, x.T, "netx", tell),
    }


def payloads(inputs: int, frames: int) -> Payload:
    """Return payloads `(M, T)` as a trained encoder makes them: 32 a standard deviation."""
    normal = np.random.default_rng(0).standard_normal((inputs, frames), np.float32)
    return np.clip(np.round(32 * normal), -127, 127).astype(np.int8)


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given."""
    show_rows(figures["rows"])
    write_json(figures, path)


def _row(
    name: str,
    run: Callable[[Payload, Any], Spikes],
    starts: bool,
    payload: Payload,
    expected: Spikes,
) -> Row:
    start = _timed(lambda: run(payload[:, :1], None), 1)[1:] if starts else (0.0, 0.0)
    with progress(name) as tell:
        watch = _Watch(tell)
        spikes, *took = _timed(lambda: run(payload, watch), 1 if starts else RUNS)
    wrong = int(np.count_nonzero(spikes != expected))
    if wrong:
        raise SpikingMusicError(f"{name}: {wrong} of {expected.size} bits are wrong")
    wall, cpu = (1e6 * (t - s) / payload.shape[1] for t, s in zip(took, start, strict=True))
    return {
        "executor": name,
        "start_s": round(start[0], 2) if starts else None,
        "total_s": round(took[0], 4),
        "us_a_frame": round(wall, 3),
        "cpu_us_a_frame": round(cpu, 3),
        "wrong_bits": wrong,
        "peak_mb": round(watch.peak_mb) if starts else None,
    }


def _timed(work: Callable[[], Spikes], runs: int) -> tuple[Spikes, float, float]:
    """Return what `work` makes, and the best time and CPU time of some runs, s."""
    wall = cpu = float("inf")
    for _ in range(runs):
        begin, begin_cpu = time.perf_counter(), _cpu()
        made = work()
        wall = min(wall, time.perf_counter() - begin)
        cpu = min(cpu, _cpu() - begin_cpu)
    return made, wall, cpu


def _cpu() -> float:
    """Return the CPU time of this process and of all that it has waited for, s."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


class _Watch:
    """Hears progress, passes it on, and looks how much memory the processes below this one hold."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self.tell = tell
        self.peak_mb = 0.0

    def __call__(self, share: float) -> None:
        self.tell(share)
        self.peak_mb = max(self.peak_mb, sum(map(_held_mb, _below(os.getpid()))))


def _below(pid: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [below for child in map(int, children) for below in (child, *_below(child))]


def _held_mb(pid: int) -> float:
    """Return the memory of a process, MB; what several share is divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0) / 1024
