"""What a run costs on each chip, compared with the dense baseline and published thresholds."""

from collections.abc import Mapping
from dataclasses import asdict
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.catalogue import Chip, chip_names, load_chip
from neuromorphic.costs.counts import Counts, count, total
from neuromorphic.costs.crossover import BASELINE, crossover, verdict
from neuromorphic.costs.graph_counts import count_graph
from neuromorphic.costs.ledger import FAST, REAL, Bill, bill
from neuromorphic.costs.sigma_delta import Deltas, deltas, integrated
from neuromorphic.fit import cores, fit, misfit
from neuromorphic.integers.bounds import peak_sums
from neuromorphic.integers.entry import Payload
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.network import run_network
from runtime.errors import GraphError, SpikingMusicError
from runtime.events import EventMatrix

Array = npt.NDArray[Any]

SECONDS = 1.0  # duration of random spikes
STEPS = 100  # least steps of random spikes, if a step is long
LARGEST = 2**27  # most values of random spikes


def energies(
    forms: Forms, x: Array, chip: str | None = None, sent: Deltas | None = None
) -> dict[str, Any]:
    """Return what a run on `x (T, ...)` costs: `counts` of each layer or node, and `chips`.

    `chips` has, for each chip or for the given one: `low_j`, `mid_j` and `high_j`, the bill in real
    time with static power, or why it is `refused`; `operations_j`, without static power; `fast`,
    the same bill for a run as fast as the chip can go; `baseline`, the operations compared with
    dense int8 arithmetic. With `sent` the input arrives as these deltas. A file of integers is
    counted layer by layer, any other graph node by node. A network on a chip's grid is checked
    against the chips' limits, with the sums that `x` causes; a graph only in floats is not.
    Raises `GraphError` for an input that does not fit and when there is nothing to bill,
    `ChipError` for an unknown chip.
    """
    chips = [load_chip(name) for name in (chip_names() if chip is None else (chip,))]
    layers = _counted(forms, x, sent)
    if not layers:
        raise GraphError("the graph has no weights and no neurons, so there is nothing to count")
    seconds = len(x) * forms.period
    peaks = None if forms.integers is None else peak_sums(forms.integers, forms.payload(x))
    return {
        "seconds": seconds,
        "steps": len(x),
        "counts": {name: asdict(counts) for name, counts in layers.items()},
        "chips": {one.name: _priced(forms, one, layers, seconds, peaks) for one in chips},
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
            f"a rate of {rate:g} Hz: choose from 0 to {1 / dt:g} Hz, at most one spike a step"
        )
    return np.random.default_rng(0).random((max(STEPS, round(SECONDS / dt)), *shape)) < rate * dt


def sent_deltas(
    forms: Forms, payload: Payload, threshold: int
) -> tuple[Deltas, Payload, EventMatrix]:
    """Return the deltas sent for a payload, the payload that arrives, and its events."""
    sent = deltas(payload, threshold)
    arrived = integrated(sent)
    return sent, arrived, EventMatrix.from_bits(run_network(forms.network, arrived))


def _counted(forms: Forms, x: Array, sent: Deltas | None) -> dict[str, Counts]:
    if forms.graph is not None and forms.file is None:
        return count_graph(forms.graph, x, forms.dt, forms.dialect)
    return count(forms.network, forms.payload(x), sent)


def _priced(
    forms: Forms,
    chip: Chip,
    layers: Mapping[str, Counts],
    seconds: float,
    peaks: Mapping[str, int] | None,
) -> dict[str, Any]:
    used, reason = None, None
    if forms.integers is not None:
        used = cores(forms.integers, chip, forms.payload_bits)
        reason = misfit(fit(forms.integers, chip, forms.payload_bits, peaks))
    real, fast = (bill(chip, layers, seconds, base, used, reason) for base in (REAL, FAST))
    evidence = [term.evidence for term in real.terms if term.mid_j is not None]
    return {
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
        "baseline": None
        if chip.name == BASELINE or reason
        else _compared(chip, total(layers.values()), seconds),
    }


def _totals(found: Bill) -> dict[str, Any]:
    return {
        "low_j": found.low_j,
        "mid_j": found.mid_j,
        "high_j": found.high_j,
        "refused": found.refused,
    }


def _compared(chip: Chip, counts: Counts, seconds: float) -> dict[str, Any] | None:
    found = crossover(chip, counts, seconds)
    if found is None:
        return None
    return {
        **{key: list(v) if isinstance(v, tuple) else v for key, v in asdict(found).items()},
        "times": found.chip_j[1] / found.baseline_j[1],
        "verdicts": verdict(found.spikes_per_synapse),
    }
