"""The bottleneck's bill on each chip, beside the dense baseline and the rates where spikes win."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic import fit
from neuromorphic.chips.catalogue import Chip, chip_names, load_chip
from neuromorphic.costs.counts import Counts, count, total
from neuromorphic.costs.crossover import BASELINE, crossover, verdict
from neuromorphic.costs.ledger import FAST, LAYER, REAL, Bill, network_bill
from neuromorphic.costs.sigma_delta import Deltas, count_deltas, deltas, integrated
from neuromorphic.integers.netx import read_netx
from runtime.bundle import Bundle
from runtime.events import EventMatrix

Payload = npt.NDArray[np.int8]


def energies(
    bundle: Bundle,
    payload: Payload,
    events: EventMatrix,
    name: str | None = None,
    sent: Deltas | None = None,
) -> dict[str, dict[str, Any]]:
    """Return for each chip, or for one, `low_j`, `mid_j`, `high_j` or why it is `refused`.

    The bill of computing `events (N, T)` from `payload (M, T)` in real time, static power
    included; beside it `operations_j` without static power, and the same bill for a run as
    `fast` as the chip goes; `baseline` compares the operations with dense int8 arithmetic. With
    `sent` the input arrives as deltas. Raises `ChipError` for a chip that does not exist.
    """
    layer = read_netx(bundle.file("bottleneck.net"))
    counts = count(layer, payload, events.bits) if sent is None else count_deltas(layer, sent)
    seconds = events.frames * bundle.manifest.hop / bundle.manifest.sample_rate
    names = chip_names() if name is None else (name,)
    found = {}
    for chip in map(load_chip, names):
        reason = fit.misfit(fit.fit(layer, chip, counts.peak_current))
        found[chip.name] = priced(chip, {LAYER: counts}, seconds, fit.cores(layer, chip), reason)
    return found


def sent_deltas(
    bundle: Bundle, payload: Payload, threshold: int
) -> tuple[Deltas, Payload, EventMatrix]:
    """Return the deltas that are sent for a payload, the payload that arrives, and its events."""
    sent = deltas(payload, threshold)
    arrived = integrated(sent)
    bits = read_netx(bundle.file("bottleneck.net")).spikes(arrived)
    return sent, arrived, EventMatrix.from_bits(bits)


def priced(
    chip: Chip,
    layers: Mapping[str, Counts],
    seconds: float,
    cores: int | None,
    misfit: str | None,
) -> dict[str, Any]:
    """Return the entry of one chip in `energies`, for a network of any `layers`."""
    real, fast = (network_bill(chip, layers, seconds, base, cores, misfit) for base in (REAL, FAST))
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
        if chip.name == BASELINE or misfit
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
