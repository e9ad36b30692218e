"""Does the layer fit a chip: each limit met, exceeded, or unchecked as nobody published it."""

from dataclasses import dataclass

import numpy as np

from neuromorphic.chips import Chip
from neuromorphic.counts import PAYLOAD_BITS
from neuromorphic.fixed_point import FULL_DECAY, INPUT_SHIFT, chip_weights, memoryless
from neuromorphic.integer import IntegerLayer

OK, EXCEEDED, UNCHECKED = "ok", "exceeded", "unchecked"
ROW_HEADER = 10  # bits a synapse list has beside its weights, and the word it is rounded up to;
ROW_WORD = 64  # Loihi 1, nengo-loihi 1.1 `block.py`


@dataclass(frozen=True)
class Finding:
    """One limit: what the layer needs and what the chip allows (the low end of its range)."""

    limit: str
    needed: int | None
    allowed: float | None
    verdict: str
    kind: str
    scope: str


def planes(chip: Chip) -> int:
    """Return the axons a latent takes: one, or one a bit where spikes carry less than a payload."""
    allowed = _allowed(chip, "payload_bits")
    return 1 if allowed is None or allowed >= PAYLOAD_BITS else PAYLOAD_BITS


def cores(layer: IntegerLayer, chip: Chip) -> int | None:
    """Return how many cores the layer takes; None where a figure is missing, or none would do."""
    units = _units_per_core(layer, chip)
    return -(-layer.units // units) if units else None


def fit(layer: IntegerLayer, chip: Chip, peak: int | None = None) -> tuple[Finding, ...]:
    """Return a finding for each limit of `chip`; the chip's own gaps are never ok.

    `peak` is the largest `|(weight @ payload) >> shift|` the sums must hold, such as
    `Counts.peak_current` of a recording; without it the worst case over all payloads.
    """
    needs = _needs(layer, chip, peak)
    findings = []
    for name, figure in chip.limits.items():
        needed, allowed = needs[name], _allowed(chip, name)
        verdict = UNCHECKED
        if needed is not None and allowed is not None:
            verdict = OK if needed <= allowed else EXCEEDED
        kind = figure.kind or "wall"
        findings.append(Finding(name, needed, allowed, verdict, kind, figure.scope))
    return tuple(findings)


def misfit(findings: tuple[Finding, ...]) -> str | None:
    """Return what stands in the way, in words, when a wall is exceeded; None when none is."""
    walls = [f for f in findings if f.verdict == EXCEEDED and f.kind == "wall"]
    if not walls:
        return None
    return "does not fit: " + ", ".join(f"{f.limit} {f.needed} > {f.allowed:g}" for f in walls)


def _needs(layer: IntegerLayer, chip: Chip, peak: int | None) -> dict[str, int | None]:
    low, high = layer.current_bounds()
    worst = int(np.maximum(high, -low).max())
    count = planes(chip)
    exponent = chip_weights(layer)[1]
    neuron = memoryless(layer)
    units = _units_per_core(layer, chip)
    held = min(layer.units, units) if units else None
    return {
        "cores": cores(layer, chip),
        "neurons_per_core": held if held is not None else layer.units,
        "input_axons_per_core": count * layer.inputs,
        "output_axons_per_core": held if held is not None else layer.units,
        "synapse_memory_per_core": _memory(layer, count, held if held is not None else 1),
        "weight_bits": int(np.abs(layer.weight).max()).bit_length() + 1,
        "weight_exponent": max(abs(exponent), abs(exponent + count - 1)),
        "payload_bits": PAYLOAD_BITS if count == 1 else 1,
        "sum_max": worst if peak is None else peak,
        "bias_mantissa": int(np.abs(neuron.bias_mant).max()),
        "bias_exponent": INPUT_SHIFT,
        "threshold": neuron.vth,
        "decay": FULL_DECAY,
    }


def _memory(layer: IntegerLayer, count: int, units: int) -> int:
    """Bits of the synapse lists of `units` units: one list an axon, one weight a unit."""
    row = units * PAYLOAD_BITS + ROW_HEADER
    return count * layer.inputs * -(-row // ROW_WORD) * ROW_WORD


def _units_per_core(layer: IntegerLayer, chip: Chip) -> int | None:
    """Units that one core holds by its neurons and its memory; None where a figure is missing."""
    if any(_gap(chip, name) for name in ("neurons_per_core", "synapse_memory_per_core")):
        return None
    units = float(layer.units)
    if (neurons := _allowed(chip, "neurons_per_core")) is not None:
        units = min(units, neurons)
    if (memory := _allowed(chip, "synapse_memory_per_core")) is not None:
        words = int(memory) // (planes(chip) * layer.inputs * ROW_WORD)
        units = min(units, (words * ROW_WORD - ROW_HEADER) // PAYLOAD_BITS)
    return max(0, int(units))


def _gap(chip: Chip, name: str) -> bool:
    return name in chip.limits and chip.limits[name].range() is None


def _allowed(chip: Chip, name: str) -> float | None:
    found = chip.limits[name].range() if name in chip.limits else None
    return found[0] if found else None
