"""Does a network fit a chip: each limit met, exceeded, or unchecked as nobody published it."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from neuromorphic.chips.catalogue import Chip
from neuromorphic.costs.counts import PAYLOAD_BITS
from neuromorphic.integers.bounds import worst_current, worst_sum
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.network import INPUT, Layer, Network, bottleneck
from neuromorphic.integers.synapses import Dense, Synapse, fan_out

OK, EXCEEDED, UNCHECKED = "ok", "exceeded", "unchecked"
ROW_HEADER = 10  # bits a synapse list has beside its weights, and the word it is rounded up to;
ROW_WORD = 64  # Loihi 1, nengo-loihi 1.1 `block.py`


@dataclass(frozen=True)
class Finding:
    """One limit: what the network needs and what the chip allows (the low end of its range).

    `layer` needs most of it; it is None where all layers share the limit.
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
        """What is needed of what is allowed; 0 where that is not known."""
        return self.needed / self.allowed if self.needed is not None and self.allowed else 0.0


def fit(layer: IntegerLayer, chip: Chip, peak: int | None = None) -> tuple[Finding, ...]:
    """Return a finding for each limit of `chip` that the codec's layer may meet: `fit_network`."""
    network = bottleneck(layer)
    peaks = None if peak is None else {network.layers[0].name: peak}
    return fit_network(network, chip, PAYLOAD_BITS, peaks)


def fit_network(
    network: Network[Neuron],
    chip: Chip,
    payload_bits: int = 1,
    peaks: Mapping[str, int] | None = None,
) -> tuple[Finding, ...]:
    """Return a finding for each limit of `chip`; the chip's own gaps are never ok.

    `payload_bits` are those of the network's input, 1 for plain spikes. `peaks` are the
    largest sums that the units of each layer must hold (`bounds.peak_sums`); without them the worst
    case over all inputs. A layer is spread over cores of its own.
    """
    needs = {layer.name: _needs(layer, chip, payload_bits, peaks) for layer in network.layers}
    findings = []
    for name in chip.limits:
        most = _most({layer: need[name] for layer, need in needs.items()})
        if name == "cores":
            most = None, network_cores(network, chip, payload_bits)
        findings.append(_finding(chip, name, *most))
    return tuple(findings)


def misfit(findings: tuple[Finding, ...]) -> str | None:
    """Return what stands in the way, in words, when a wall is exceeded; None when none is."""
    walls = [f for f in findings if f.verdict == EXCEEDED and f.kind == "wall"]
    if not walls:
        return None
    return "does not fit: " + ", ".join(f"{f.limit} {f.needed} > {f.allowed:g}" for f in walls)


def binding(findings: tuple[Finding, ...]) -> Finding | None:
    """Return the limit that is nearest or furthest beyond; None where nothing could be checked.

    Only those that grow with the network count: a threshold of 17 bits is full at no size.
    """
    growing = [f for f in findings if f.share and f.scope in ("chip", "core")]
    exceeded = [f for f in findings if f.verdict == EXCEEDED]
    return max(exceeded or growing, key=lambda f: f.share, default=None)


def planes(chip: Chip, payload_bits: int = PAYLOAD_BITS) -> int:
    """Return the axons an input takes: one, or one a bit where spikes carry less than a payload."""
    allowed = _allowed(chip, "payload_bits")
    return 1 if allowed is None or allowed >= payload_bits else payload_bits


def cores(layer: IntegerLayer, chip: Chip) -> int | None:
    """Return how many cores the codec's layer takes; None as in `network_cores`."""
    return network_cores(bottleneck(layer), chip, PAYLOAD_BITS)


def network_cores(network: Network[Neuron], chip: Chip, payload_bits: int = 1) -> int | None:
    """Return how many cores a network takes; None where a figure is missing, or none would do."""
    total = 0
    for layer in network.layers:
        units = _units_per_core(layer, chip, payload_bits)
        if not units:
            return None
        total += -(-layer.units // units)
    return total


def _finding(chip: Chip, name: str, layer: str | None, needed: int | None) -> Finding:
    figure, allowed = chip.limits[name], _allowed(chip, name)
    verdict = UNCHECKED
    if needed is not None and allowed is not None:
        verdict = OK if needed <= allowed else EXCEEDED
    return Finding(name, needed, allowed, verdict, figure.kind or "wall", figure.scope, layer)


def _most(needs: dict[str, int]) -> tuple[str | None, int | None]:
    layer = max(needs, key=lambda name: needs[name])
    return layer, needs[layer]


def _needs(
    layer: Layer[Neuron], chip: Chip, payload_bits: int, peaks: Mapping[str, int] | None
) -> dict[str, int]:
    worst = worst_sum(layer, payload_bits) if peaks is None else peaks[layer.name]
    counts = [_axons(c.source, chip, payload_bits) for c in layer.connections]
    graded = any(c.source == INPUT for c in layer.connections) and max(counts) == 1
    exponents = [_exponent(c.synapse) for c in layer.connections]
    neuron = layer.neuron
    units = _units_per_core(layer, chip, payload_bits)
    held = min(layer.units, units) if units else None
    return {
        "cores": 0,
        "neurons_per_core": held or layer.units,
        "input_axons_per_core": sum(
            count * c.synapse.inputs for count, c in zip(counts, layer.connections, strict=True)
        ),
        "output_axons_per_core": held or layer.units,
        "synapse_memory_per_core": _memory(layer, counts, held or 1),
        "weight_bits": max(_weight_bits(c.synapse) for c in layer.connections),
        "weight_exponent": max(
            max(abs(e), abs(e + count - 1)) for e, count in zip(exponents, counts, strict=True)
        ),
        "payload_bits": payload_bits if graded else 1,
        "sum_max": worst,
        "state_bits": worst_current(layer, worst).bit_length() + 1,
        "bias_mantissa": int(np.abs(neuron.bias_mant).max()),
        "bias_exponent": neuron.bias_exp,
        "threshold": neuron.vth,
        "decay": int(max(np.max(neuron.du) + 1, np.max(neuron.dv))),
    }


def _exponent(synapse: Synapse) -> int:
    return synapse.weight_exp if isinstance(synapse, Dense) else 0


def _weight_bits(synapse: Synapse) -> int:
    weight, signed = synapse.weight, True
    if isinstance(synapse, Dense) and (weight % 2).any():
        signed = bool((weight < 0).any() and (weight > 0).any())  # else one sign for all of them
    elif isinstance(synapse, Dense):
        weight = weight // 2  # held twice as large (`fixed_point.chip_weights`)
    return int(np.abs(weight).max()).bit_length() + int(signed)


def _axons(source: int, chip: Chip, payload_bits: int) -> int:
    return planes(chip, payload_bits) if source == INPUT else 1


def _memory(layer: Layer[Neuron], counts: list[int], units: int) -> int:
    """Bits of the synapse lists of so many units: one list an axon, a weight a target."""
    total = 0
    for count, c in zip(counts, layer.connections, strict=True):
        targets = -(-fan_out(c.synapse) * units // layer.units)
        rows = targets * PAYLOAD_BITS + ROW_HEADER
        total += count * int((-(-rows // ROW_WORD) * ROW_WORD).sum())
    return total


def _units_per_core(layer: Layer[Neuron], chip: Chip, payload_bits: int) -> int | None:
    """Units that one core holds by its neurons and its memory; None where a figure is missing."""
    if any(_gap(chip, name) for name in ("neurons_per_core", "synapse_memory_per_core")):
        return None
    units = layer.units
    if (neurons := _allowed(chip, "neurons_per_core")) is not None:
        units = min(units, int(neurons))
    if (memory := _allowed(chip, "synapse_memory_per_core")) is not None:
        counts = [_axons(c.source, chip, payload_bits) for c in layer.connections]
        sizes = range(1, units + 1)
        units = bisect_right(sizes, memory, key=lambda n: _memory(layer, counts, n))
    return units


def _gap(chip: Chip, name: str) -> bool:
    return name in chip.limits and chip.limits[name].range() is None


def _allowed(chip: Chip, name: str) -> float | None:
    found = chip.limits[name].range() if name in chip.limits else None
    return found[0] if found else None
