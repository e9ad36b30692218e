"""How much faster than Lava our executor runs networks of any origin, at equal spikes.

Ratios of one run, by the clock and by CPU time. The time of Lava is that of its steps: what it
takes to start, measured with one step, is taken off. Inputs are random spikes.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.results import write_json
from neuromorphic.integers.network import run_network
from neuromorphic.lava.driver import run_on_lava
from neuromorphic.opening import open_network
from spiking_music.cli.terminal import progress, show_rows

RUNS = 5  # of ours; the shortest counts

Row = dict[str, Any]


class Seconds(NamedTuple):
    """Time by the clock, and that of the processors with all processes that were started."""

    clock: float
    cpu: float


def measure(
    named: Sequence[str], steps: int, probability: float, dt: float | None = None
) -> list[Row]:
    """Return a row for each network, `FILE` or `FILE:DIALECT`, run on so many random steps.

    An input spikes in a step with this `probability`.
    """
    return [_row(one, steps, probability, dt) for one in named]


def write(rows: list[Row], json: Path | None) -> None:
    """Print the rows and write them as JSON."""
    show_rows(rows)
    write_json(rows, json)


def _row(named: str, steps: int, probability: float, dt: float | None) -> Row:
    file, _, dialect = named.partition(":")
    opened = open_network(file, dt, dialect or None)
    x = np.random.default_rng(0).random((steps, *opened.input_shape)) < probability
    opened = opened.quantise(x)
    network, payload = opened.network, opened.payload(x)
    ours = run_network(network, payload)  # this compiles, too
    own = min(_timed(lambda: run_network(network, payload)) for _ in range(RUNS))
    with progress(f"{Path(file).name} on Lava") as tell:
        found: list[Any] = []
        whole = _timed(lambda: found.append(run_on_lava(network, payload, progress=tell, lanes=1)))
        start = _timed(lambda: run_on_lava(network, payload[:, :1], lanes=1))
    return {
        "network": Path(file).name,
        "dialect": dialect or "nir",
        "memory": not network.is_memoryless,
        "spikes": int(ours.sum()),
        "wrong": int(np.count_nonzero(found[0] != ours)),
        "us_a_step": round(own.clock / steps * 1e6, 1),
        "lava_us_a_step": round((whole.clock - start.clock) / steps * 1e6, 1),
        "times_faster": round((whole.clock - start.clock) / own.clock),
        "times_less_work": round((whole.cpu - start.cpu) / own.cpu),
    }


def _timed(run: Callable[[], object]) -> Seconds:
    clock, before = time.perf_counter(), sum(os.times()[:4])
    run()
    return Seconds(time.perf_counter() - clock, max(sum(os.times()[:4]) - before, 1e-3))
