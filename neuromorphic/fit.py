"""Whether a network fits a chip: each limit is met, exceeded, or unchecked if unpublished."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.chips.catalogue import Chip, load_chip
from neuromorphic.graphs.run import Input
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Dense, Synapse
from neuromorphic.integers.bounds import aligned, peak_sums, worst_current, worst_sums
from neuromorphic.integers.fixed_point import NEVER, Neuron
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.network import Layer, Network
from neuromorphic.integers.sigma_delta import SigmaDelta
from neuromorphic.integers.units import Units
from neuromorphic.placement import axons, place, synapse_memory, units_per_core

USED = (("cores", "cores"), ("chips", "chips_per_board"))  # as facts: the findings they come from
OK, EXCEEDED, UNCHECKED = "ok", "exceeded", "unchecked"
THIS_INPUT = "this input alone"


@dataclass(frozen=True)
class Finding:
    """One limit: what the network needs and what the chip allows (the low end of its range).

    `layer` is the one that needs the most; None if all layers share the limit.
    """

    limit: str
    needed: int | None
    allowed: float | None
    verdict: str
    kind: str
    scope: str
    layer: str | None = None

    @property
    def share(self) -> float:
        """What is needed, as a share of what is allowed; 0 if that is not known."""
        return self.needed / self.allowed if self.needed is not None and self.allowed else 0.0


def fitted(forms: Forms, chip: str, x: Input | None = None) -> dict[str, Any]:
    """Return `verdict`, `cores`, `chips`, what `binds`, the `misfit` in words, and all `findings`.

    Accumulators must hold the largest sums over all inputs, or, given `x (T, ...)`, those that `x`
    causes: `sums_hold_for` says which, and `otherwise` what inputs other than `x` would exceed. The
    verdict is ok only if every limit is known and met; it is `unchecked` if no known one is
    exceeded. Raises `ChipError` for an unknown chip.
    """
    description, bits = load_chip(chip), forms.payload_bits
    peaks = None if x is None else peak_sums(forms.network, forms.payload(x))
    worst = misfit(fit(forms.network, description, bits))
    findings = fit(forms.network, description, bits, peaks)
    exceeded, bound = misfit(findings), binding(findings)
    other = None if exceeded else worst
    all_inputs = "all inputs of " + (f"{bits} bits" if bits > 1 else "plain spikes")
    return {
        "chip": chip,
        "verdict": _verdict(findings),
        "sums_hold_for": None if exceeded else THIS_INPUT if other else all_inputs,
        "otherwise": other,
        **{name: next((f.needed for f in findings if f.limit == key), None) for name, key in USED},
        "binds": bound.limit if bound else None,
        "misfit": exceeded,
        "findings": [asdict(finding) for finding in findings],
    }


def fit(
    network: Network[Units],
    chip: Chip,
    payload_bits: int = PAYLOAD_BITS,
    peaks: Mapping[str, int] | None = None,
) -> tuple[Finding, ...]:
    """Return a finding for each limit of `chip`; an unpublished limit is never ok.

    `payload_bits` is the width of the network's input, 1 for plain spikes. `peaks` are the largest
    sums that the units of each layer must hold (`bounds.peak_sums`), by default the worst case over
    all inputs. Layers do not share cores; a network too large for one chip takes several, up to the
    largest board there is.
    """
    sums = worst_sums(network, payload_bits) if peaks is None else peaks
    needs = {
        layer.name: _needs(layer, chip, payload_bits, sums[layer.name]) for layer in network.layers
    }
    placed = place(network, chip, payload_bits)
    whole = {
        "cores": placed.cores if placed else None,
        "chips_per_board": placed.chips if placed else None,
    }
    findings = []
    for name in chip.limits:
        if name in whole:
            findings.append(_finding(chip, name, None, whole[name]))
        elif name != "cores_per_tile":  # which shapes the chip and limits nothing
            most = _most({layer: need[name] for layer, need in needs.items()})
            findings.append(_finding(chip, name, *most))
    return tuple(findings)


def misfit(findings: tuple[Finding, ...]) -> str | None:
    """Return in words which walls are exceeded; None if none is."""
    walls = [f for f in findings if f.verdict == EXCEEDED and f.kind == "wall"]
    if not walls:
        return None
    return "does not fit: " + ", ".join(
        f"units of {f.layer} subtract the threshold"
        if f.limit == "reset_by_subtraction"
        else f"{f.limit} {f.needed} > {f.allowed:g}"
        for f in walls
    )


def binding(findings: tuple[Finding, ...]) -> Finding | None:
    """Return the limit that is closest, or exceeded most; None if none could be checked.

    Only limits that grow with the network count; the width of a threshold, say, never fills up.
    """
    growing = [f for f in findings if f.share and f.scope in ("chip", "core")]
    exceeded = [f for f in findings if f.verdict == EXCEEDED]
    return max(exceeded or growing, key=lambda f: f.share, default=None)


def _verdict(findings: tuple[Finding, ...]) -> str:
    if misfit(findings):
        return EXCEEDED
    # Exceeding a budget makes it slower, not impossible.
    known = [f.verdict != UNCHECKED for f in findings]
    return OK if findings and all(known) else UNCHECKED


def _finding(chip: Chip, name: str, layer: str | None, needed: int | None) -> Finding:
    figure, allowed = chip.limits[name], chip.allowed(name)
    if name == "chips_per_board":
        allowed = chip.largest_board
    elif name == "cores" and allowed is not None:
        allowed *= chip.largest_board
    verdict = UNCHECKED
    if needed is not None and allowed is not None:
        verdict = OK if needed <= allowed else EXCEEDED
    return Finding(name, needed, allowed, verdict, figure.kind or "wall", figure.scope, layer)


def _most(needs: dict[str, int]) -> tuple[str | None, int | None]:
    layer = max(needs, key=lambda name: needs[name])
    return layer, needs[layer]


def _needs(layer: Layer[Units], chip: Chip, payload_bits: int, largest_sum: int) -> dict[str, int]:
    counts = [axons(c, chip, payload_bits) for c in layer.connections]
    exponents = [_exponent(c.synapse) for c in layer.connections]
    units = units_per_core(layer, chip, payload_bits)
    held = min(layer.units, units) if units else None
    return {
        "neurons_per_core": held or layer.units,
        "input_axons_per_core": sum(
            count * c.synapse.inputs for count, c in zip(counts, layer.connections, strict=True)
        ),
        "output_axons_per_core": held or layer.units,
        "synapse_memory_per_core": synapse_memory(layer, counts, held or 1),
        "weight_bits": max(_weight_bits(c.synapse) for c in layer.connections),
        "weight_exponent": max(
            max(abs(e), abs(e + count - 1)) for e, count in zip(exponents, counts, strict=True)
        ),
        "payload_bits": max(
            c.width(payload_bits) if count == 1 else 1
            for count, c in zip(counts, layer.connections, strict=True)
        ),
        "sum_max": aligned(layer, largest_sum),
        "state_bits": worst_current(layer, largest_sum).bit_length() + 1,
        **_unit_needs(layer.neuron),
    }


def _unit_needs(neuron: Units) -> dict[str, int]:
    named = ("bias_mantissa", "bias_exponent", "threshold", "decay", "reset_by_subtraction")
    needs = dict.fromkeys(named, 0)
    if isinstance(neuron, SigmaDelta):
        needs |= {"bias_mantissa": int(np.abs(neuron.bias).max()), "threshold": neuron.vth}
    elif isinstance(neuron, Neuron):
        threshold = int(np.max(neuron.vth))
        needs = {
            "bias_mantissa": int(np.abs(neuron.bias_mant).max()),
            "bias_exponent": neuron.bias_exp,
            "threshold": 0 if threshold == NEVER else threshold,
            "decay": int(max(np.max(neuron.du) + 1, np.max(neuron.dv))),
            "reset_by_subtraction": int(neuron.firing.subtracts),
        }
    return needs


def _exponent(synapse: Synapse) -> int:
    return synapse.weight_exp if isinstance(synapse, Dense | Sparse) else 0


def _weight_bits(synapse: Synapse) -> int:
    weight, signed = synapse.weight, True
    if isinstance(synapse, Dense) and (weight % 2).any():
        signed = bool((weight < 0).any() and (weight > 0).any())  # else they share one sign
    elif isinstance(synapse, Dense):
        weight = weight // 2  # held twice as large (`layer.chip_weights`)
    elif isinstance(synapse, Sparse) and not (weight % 2).any():
        weight = weight // 2  # even ones lose nothing in a synapse of both signs
    return int(np.abs(weight).max(initial=0)).bit_length() + int(signed)
