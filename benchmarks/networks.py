"""How much faster than Lava our executor runs networks of any origin, at equal spikes.

Ratios of one run, by the clock and by CPU time. The time of Lava is that of its steps: what it
takes to start, measured with one step, is taken off. Inputs are random spikes. The network called
`thresholds` is made here: two convolutions and a matrix, of units that keep nothing.
"""

import os
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import nir
import numpy as np

from benchmarks.results import write_json
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.integers.network import run_network
from neuromorphic.lava.driver import run_on_lava
from neuromorphic.opening import OpenNetwork, open_network
from spiking_music.cli.terminal import progress, show_rows

RUNS = 5  # of ours; the shortest counts
MADE = "thresholds"

Row = dict[str, Any]


class Seconds(NamedTuple):
    """Time by the clock, and that of the processors with all processes that were started."""

    clock: float
    cpu: float


def measure(
    named: Sequence[str], steps: int, probability: float, dt: float | None = None
) -> list[Row]:
    """Return a row for each network, `FILE`, `FILE:DIALECT` or `MADE`, run on so many random steps.

    An input spikes in a step with this `probability`.
    """
    return [_row(one, steps, probability, dt) for one in named]


def write(rows: list[Row], json: Path | None) -> None:
    """Print the rows and write them as JSON."""
    show_rows(rows)
    write_json(rows, json)


def _row(named: str, steps: int, probability: float, dt: float | None) -> Row:
    file, _, dialect = named.partition(":")
    opened = _thresholds() if file == MADE else open_network(file, dt, dialect or None)
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


def _thresholds() -> OpenNetwork:
    """Return a network for (2, 16, 16) inputs whose units keep nothing from step to step."""
    rng = np.random.default_rng(0)

    def conv(size: int, channels: int, made: int) -> nir.Conv2d:
        weight = rng.normal(0, 1, (made, channels, 3, 3))
        return nir.Conv2d((size, size), weight, 2, 1, 1, 1, np.zeros(made))

    nodes = {
        "input": nir.Input({"input": np.array([2, 16, 16])}),
        "conv": conv(16, 2, 16),
        "first": nir.Threshold(np.ones((16, 8, 8))),
        "other": conv(8, 16, 16),
        "second": nir.Threshold(np.ones((16, 4, 4))),
        "flat": nir.Flatten({"input": np.array([16, 4, 4])}, 0, -1),
        "linear": nir.Linear(rng.normal(0, 1, (10, 256))),
        "third": nir.Threshold(np.ones(10)),
        "output": nir.Output({"output": np.array([10])}),
    }
    return OpenNetwork(graph=parse_graph(nir.NIRGraph(nodes, list(pairwise(nodes)))))
