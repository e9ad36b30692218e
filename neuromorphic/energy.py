"""What a run costs on each chip, compared with the dense baseline and published thresholds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.chips.catalogue import Chip, chip_names, load_chip
from neuromorphic.costs.counts import Counts, Run, count_runs, run_layers, total
from neuromorphic.costs.crossover import BASELINES, Crossover, baselines, crossover, verdict
from neuromorphic.costs.graph_counts import count_graph
from neuromorphic.costs.ledger import FAST, REAL, Bill, bill, quantities, summed
from neuromorphic.costs.sharing import sharing
from neuromorphic.costs.sigma_delta import Deltas, deltas, integrated
from neuromorphic.costs.timing import Timing, timing
from neuromorphic.costs.work import Work, work_of
from neuromorphic.fit import fit, misfit
from neuromorphic.graphs.run import Input
from neuromorphic.integers.entry import Payload
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.network import run_network
from neuromorphic.placement import place
from runtime.errors import GraphError, SpikingMusicError
from runtime.events import EventMatrix

Array = npt.NDArray[Any]

SECONDS = 1.0  # duration of random spikes
STEPS = 100  # least steps of random spikes, if a step is long
LARGEST = 2**27  # most values of random spikes


def energies(
    forms: Forms,
    x: Input,
    chip: str | None = None,
    sent: Deltas | None = None,
    baseline: str | None = None,
) -> dict[str, Any]:
    """Return what a run on `x (T, ...)` costs: `counts` of each layer or node, and `chips`.

    `chips` has, for each chip or for the given one: `low_j`, `mid_j` and `high_j`, the bill in real
    time with static power, or why it is `refused`; `operations_j`, without static power; `fast`,
    the same bill for a run as fast as the chip can go; `table`, both as benchmarks state them;
    `timing`; `placement`; `baselines`, the bill compared with that of dense int8 arithmetic on each
    of `crossover.baselines(baseline)`; `sharing`, how many streams a chip can serve. With `sent`
    the input arrives as these deltas. A file of integers is counted layer by layer, any other graph
    node by node. A network on a chip's grid is placed on its cores and checked against its limits,
    with the sums that `x` causes; a graph only in floats is not. Raises `GraphError` for an input
    that does not fit and when there is nothing to bill, `ChipError` for an unknown chip or
    baseline.
    """
    chips = [load_chip(name) for name in (chip_names() if chip is None else (chip,))]
    rivals = baselines(baseline)
    runs = None
    if forms.integers is not None:
        runs = run_layers(forms.integers, forms.payload(x), sent)
    if runs is not None and (forms.graph is None or forms.file is not None):
        layers = count_runs(runs)
    else:
        layers = _of_graph(forms, x)
    if not layers:
        raise GraphError("the graph has no weights and no neurons, so there is nothing to count")
    steps = forms.signals(x).shape[1]
    seconds = steps * forms.period
    dense = {
        rival.name: [bill(rival, layers, seconds, base) for base in (REAL, FAST)]
        for rival in rivals
    }
    return {
        "seconds": seconds,
        "steps": steps,
        "counts": {name: asdict(counts) for name, counts in layers.items()},
        "chips": {
            one.name: _priced(forms, one, _Ran(layers, runs, seconds), rivals, dense)
            for one in chips
        },
    }


def random_spikes(shape: tuple[int, ...], rate: float, dt: float) -> Array:
    """Return one second of random spikes `(T, *shape) bool`, the same each time.

    It is 100 steps if these are longer. Every input spikes `rate` times per second on average.
    Raises `SpikingMusicError` for a rate below 0 or above one spike per step of `dt` s, and for a
    `dt` that gives too many steps or none.
    """
    if not 0 < dt < np.inf or prod(shape) * SECONDS / dt > LARGEST:
        raise SpikingMusicError(f"dt is {dt:g} s: choose a step that fits {SECONDS:g} s of spikes")
    if not 0 <= rate * dt <= 1:
        raise SpikingMusicError(
            f"a rate of {rate:g} Hz: choose from 0 to {1 / dt:g} Hz, at most one spike a step of "
            f"{dt:g} s"
        )
    return np.random.default_rng(0).random((max(STEPS, round(SECONDS / dt)), *shape)) < rate * dt


def sent_deltas(
    forms: Forms, payload: Payload, threshold: int
) -> tuple[Deltas, Payload, EventMatrix]:
    """Return the deltas sent for a payload, the payload that arrives, and its events."""
    sent = deltas(payload, threshold)
    arrived = integrated(sent)
    return sent, arrived, EventMatrix.from_bits(run_network(forms.network, arrived))


@dataclass(frozen=True, eq=False)
class _Ran:
    """A run: the counts of its layers, what went through them on integers, and s."""

    layers: Mapping[str, Counts]
    runs: Sequence[Run] | None
    seconds: float


def _of_graph(forms: Forms, x: Input) -> dict[str, Counts]:
    if forms.graph is None:
        raise GraphError("there is neither a graph nor a network of integers to count")
    return count_graph(forms.graph, x, forms.dt, forms.dialect)


def _priced(
    forms: Forms,
    chip: Chip,
    ran: _Ran,
    rivals: Sequence[Chip],
    dense: Mapping[str, Sequence[Bill]],
) -> dict[str, Any]:
    placed, work, reason = None, None, None
    if forms.integers is not None and ran.runs is not None:
        peaks = {run.layer.name: run.peak for run in ran.runs}
        reason = misfit(fit(forms.integers, chip, forms.payload_bits, peaks))
        placed = None if reason else place(forms.integers, chip, forms.payload_bits)
        work = work_of(ran.runs, placed, chip.planes(PAYLOAD_BITS) == 1) if placed else None
    real, fast = (bill(chip, ran.layers, ran.seconds, b, work, reason) for b in (REAL, FAST))
    counts = total(ran.layers.values())
    took = timing(chip, counts, work)
    evidence = [term.evidence for term in real.terms if term.mid_j is not None]
    found: dict[str, Any] = {
        "title": chip.title,
        **_totals(real),
        "operations_j": real.dynamic_j,
        "evidence": ", ".join(dict.fromkeys(evidence)),
        "covers": real.covers,
        "seconds": real.seconds,
        "fast": {
            "seconds": fast.seconds,
            **_totals(fast),
            "terms": [asdict(term) for term in fast.terms],
        },
        "terms": [asdict(term) for term in real.terms],
        "table": [_row(chip, one, counts, ran.seconds, reason) for one in (real, fast)],
        "timing": _timing(took, fast, counts.steps),
        "placement": _placement(chip, work),
        "baselines": {},
        "sharing": None,
    }
    if chip.name not in (*BASELINES, *dense) and not reason:
        found["baselines"] = {
            rival.name: _compared(
                crossover(chip, rival, counts, ran.seconds, work), own, (real, fast)
            )
            for rival, own in zip(rivals, dense.values(), strict=True)
        }
        memoryless = forms.integers is not None and forms.integers.is_memoryless
        alone = {name: own[0] for name, own in dense.items()}
        found["sharing"] = asdict(sharing(chip, placed, took, memoryless, ran.seconds, real, alone))
    return found


def _totals(found: Bill) -> dict[str, Any]:
    return {
        "low_j": found.low_j,
        "mid_j": found.mid_j,
        "high_j": found.high_j,
        "refused": found.refused,
    }


def _row(
    chip: Chip, found: Bill, counts: Counts, seconds: float, misfit: str | None
) -> dict[str, Any]:
    """A bill as benchmarks state it: static, dynamic, total; for a second, a frame, an event.

    A second is one of the recording; an event is a synaptic one, or a product of a processor.
    """
    done = quantities(chip, counts)["mac" if "mac" in chip.time else "synaptic_event"]
    whole, took = found.mid_j, found.seconds
    parts = (None, None) if misfit else (summed(found.overhead), found.dynamic())
    static, dynamic = (part and part[1] for part in parts)
    return {
        "time_base": found.time_base,
        "seconds": took,
        "static_j": static,
        "dynamic_j": dynamic,
        "total_j": whole,
        "power_w": _over(whole, took),
        "a_second_j": _over(whole, seconds),
        "a_frame_j": _over(whole, counts.steps),
        "an_event_j": _over(whole, done),
    }


def _timing(took: Timing | None, fast: Bill, steps: int) -> dict[str, Any] | None:
    """Timing with the energy-delay product of a frame: its J, times its latency."""
    if took is None:
        return None
    frame = _over(fast.mid_j, steps)
    product = None if frame is None else frame * took.latency[1]
    return {**_plain(took), "energy_delay_js": product}


def _placement(chip: Chip, work: Work | None) -> dict[str, Any] | None:
    if work is None:
        return None
    core = chip.power["core"].range() if "core" in chip.power else None
    return {
        "cores": work.placement.cores,
        "chips": work.placement.chips,
        "copies": work.copies,
        "hops": work.hops,
        "busiest_share": work.busiest,
        "cores_static_w": None if core is None else work.placement.cores * core[1],
    }


def _compared(
    found: Crossover | None, dense: Sequence[Bill], own: Sequence[Bill]
) -> dict[str, Any] | None:
    if found is None:
        return None
    real, fast = (_over(mine.mid_j, its.mid_j) for mine, its in zip(own, dense, strict=True))
    return {
        **_plain(found),
        "times": found.chip_j[1] / found.baseline_j[1],
        "times_real": real,
        "times_fast": fast,
        "verdicts": verdict(found.spikes_per_synapse),
    }


def _plain(found: Timing | Crossover) -> dict[str, Any]:
    """As JSON has it, which knows no tuples."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(found).items()
    }


def _over(value: float | None, number: float | None) -> float | None:
    return value / number if value is not None and number else None
