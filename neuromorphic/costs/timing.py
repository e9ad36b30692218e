"""How long a run takes when nothing waits for sound: each step is as long as its busiest core's."""

from dataclasses import dataclass

import numpy as np

from neuromorphic.chips.catalogue import Chip
from neuromorphic.costs.counts import Counts
from neuromorphic.costs.work import Work

Range = tuple[float, float, float]

STEPPING = ("step", "synaptic_event", "neuron_update")


@dataclass(frozen=True)
class Timing:
    """How long a run and one of its steps take, each (low, mid, high) s.

    `run`: all steps, with every layer at work at once, each on another step (pipelined).
    `latency`: until a step has gone through all layers of such a pipeline; `fall_through`: the
    same with only that step under way. `host`: until the host has sent and fetched everything, if
    that is published.
    """

    run: Range
    latency: Range
    fall_through: Range
    host: Range | None = None


def timing(chip: Chip, counts: Counts, work: Work | None = None) -> Timing | None:
    """Return how long a run takes on `chip`; None if a time is not published.

    Without `work`, one core does everything in sequence, the slowest reading. A processor without
    steps takes a time for each product.
    """
    if "mac" in chip.time:
        run = _times(chip.time["mac"].range(), counts.dense_macs)
        return None if run is None else _even(run, counts.steps)
    prices = [chip.time[key].range() if key in chip.time else None for key in STEPPING]
    known = [price for price in prices if price is not None]
    if len(known) < len(STEPPING):
        return None
    graded = chip.planes(8) == 1
    if work is None:
        events = counts.synaptic_events if graded else counts.plane_events
        numbers = (counts.steps, events, counts.driven_updates + counts.idle_updates)
        ends = [
            sum(n * t for n, t in zip(numbers, end, strict=True))
            for end in zip(*known, strict=True)
        ]
        found = _even((ends[0], ends[1], ends[2]), counts.steps)
    else:
        found = _placed(work, list(zip(*known, strict=True)))
    link = chip.time["host_message"].range() if "host_message" in chip.time else None
    host = _times(link, counts.entering + counts.leaving)
    return Timing(found.run, found.latency, found.fall_through, host)


def _placed(work: Work, ends: list[tuple[float, ...]]) -> Timing:
    steps = max(work.events.shape[1], 1)
    run, through = [], []
    for step, event, update in ends:
        busy = event * work.events + update * work.units[:, None]
        run.append(step * work.events.shape[1] + float(busy.max(axis=0).sum()))
        layers = [busy[work.layer == number] for number in range(work.layer.max() + 1)]
        through.append(sum(step + float(layer.max(axis=0).sum()) / steps for layer in layers))
    depth = int(work.layer.max()) + 1
    latency = [depth * end / steps for end in run]
    return Timing(_range(run), _range(latency), _range(through))


def _even(run: Range, steps: int) -> Timing:
    each = _range([end / max(steps, 1) for end in run])
    return Timing(run, each, each)


def _times(price: Range | None, number: int) -> Range | None:
    return None if price is None else _range([number * end for end in price])


def _range(ends: list[float]) -> Range:
    low, middle, high = map(float, np.asarray(ends))
    return low, middle, high
