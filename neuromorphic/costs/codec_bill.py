"""The whole codec's bill on one recording, by part and by kind of operation."""

from collections.abc import Mapping, Sequence
from typing import Any

from neuromorphic.chips.catalogue import Chip, load_chip
from neuromorphic.costs.crossover import IDEAL
from neuromorphic.costs.ledger import Bill, Term, bill, summed
from neuromorphic.costs.operations.operators import Operator, coverage
from neuromorphic.costs.operations.prices import QUANTITIES, link_bill, moved_bytes, operators_bill
from neuromorphic.costs.operations.prices import reference as price_of
from neuromorphic.costs.operations.system import (
    BOTTLENECK,
    DIFFUSION,
    LISTENING,
    WAVEFORM,
    System,
)
from runtime.bundle import Bundle

LINK = "link"
DECODERS = (WAVEFORM, DIFFUSION, LISTENING)  # in the order in which they run
NEURON_WEIGHT = 10  # Intel's N-DNS challenge counts a neuron update as this many operations
KINDS = {  # what a part's energy goes into, by the names of its terms
    "multiply-accumulate": ("fp32_mac",),
    "other arithmetic": ("fp32_arithmetic", "fp32_function"),
    "moving data": ("fp32_byte", "link_bit"),
}
SPIKES = "spikes on the chip"


def system_report(bundle: Bundle, system: System, chip: Chip) -> dict[str, Any]:
    """Return every part's counts and energy in J, their sum, and the share that spikes affect.

    The bottleneck runs on `chip`, priced by its operations alone, since no static power is
    published for the other parts; these are priced at the baseline's reference prices.
    `power_proxy` of a part is the one of Intel's N-DNS challenge: synaptic operations plus ten
    times neuron operations per second, counting all products; `pdp_proxy` is that times the latency
    of a chunk. If something has no price, `total` is None and `refused` says why. `layers` lists
    each operator. `decoders` has the total up to each decoder: the diffusion starts from the sound
    of the waveform decoder, so it includes that.
    """
    conventional = load_chip(IDEAL)
    bills = {
        name: operators_bill(conventional, operators)
        for name, operators in system.networks.items()
        if name != BOTTLENECK
    }
    own = bill(chip, {BOTTLENECK: system.spiking}, system.seconds)
    terms = {name: found.terms for name, found in bills.items()}
    terms[BOTTLENECK] = own.operations
    terms[LINK] = link_bill(conventional, system.link_bytes).terms
    order = [name for name in (*system.networks, LINK) if name in terms]
    refused = [f"{n}: {b.refused}" for n, b in bills.items() if b.refused]
    parts = [_part(name, terms[name], system) for name in _in_order(order)]
    total = None if refused else summed(term for name in order for term in terms[name])
    model = bundle.manifest
    latency = (model.chunk_frames + model.context_frames) * model.hop / model.sample_rate
    for part in parts:
        operations = part["macs"] + NEURON_WEIGHT * part["neuron_updates"]
        part["power_proxy"] = operations / max(system.seconds, 1e-9)
        part["pdp_proxy"] = part["power_proxy"] * latency
        part["share"] = part["mid_j"] / total[1] if total and part["mid_j"] is not None else None
    if total is None and not refused:
        refused = [f"{BOTTLENECK}: {own.refused}"]
    return {
        "chip": chip.name,
        "parts": parts,
        "total": _range(total),
        "decoders": {} if refused else _by_decoder(terms, order),
        "refused": "; ".join(refused) or None,
        "seconds": system.seconds,
        "steps": system.steps,
        "coverage": coverage([op for ops in system.networks.values() for op in ops]),
        "spiking": _touched(system, parts, conventional),
        "layers": [
            {"part": name, **row} for name, found in bills.items() for row in _layers(found)
        ],
    }


def _by_decoder(
    terms: Mapping[str, Sequence[Term]], order: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    """Return the totals with the decoders up to each one, as one runs after the other."""
    shared = [name for name in order if name not in DECODERS]
    used: list[str] = []
    found = {}
    for name in (name for name in DECODERS if name in order):
        used.append(name)
        found[name] = _range(summed(t for part in (*shared, *used) for t in terms[part]))
    return found


def _in_order(names: Sequence[str]) -> list[str]:
    """Put the link where the code is transmitted: after the bottleneck."""
    rest = [name for name in names if name != LINK]
    place = rest.index(BOTTLENECK) + 1
    return [*rest[:place], LINK, *rest[place:]]


def _part(name: str, terms: Sequence[Term], system: System) -> dict[str, Any]:
    operators: tuple[Operator, ...] = () if name == LINK else system.networks[name]
    title = f"{name}, {system.steps} step{'s'[: system.steps != 1]}" if name == DIFFUSION else name
    spent = {kind: _mid(terms, names) for kind, names in KINDS.items()}
    if name == BOTTLENECK:
        operators = ()
        spent = {SPIKES: _mid(terms, [term.name for term in terms])}
    counts = {
        "macs": sum(op.macs for op in operators),
        "arithmetic": sum(op.arithmetic for op in operators),
        "functions": sum(op.functions for op in operators),
        "bytes": sum(map(moved_bytes, operators)),
        "neuron_updates": sum(op.units for op in operators),
    }
    if name == BOTTLENECK:
        # On the chip each frame is computed once, without the windows' context.
        # A byte per latent goes in, and a bit per unit comes out.
        own = system.spiking
        updates = own.driven_updates + own.idle_updates
        moved = own.inputs * own.steps + -(-own.units * own.steps // 8)
        counts |= {"macs": own.dense_macs, "arithmetic": updates, "bytes": moved}
        counts |= {"neuron_updates": updates}
    if name == LINK:
        counts["bytes"] = system.link_bytes
    return {"name": name, "title": title, **counts, **_range(summed(terms)), "spent": spent}


def _mid(terms: Sequence[Term], names: Sequence[str]) -> float | None:
    found = summed(term for term in terms if term.name in names)
    return found[1] if found else None


def _touched(system: System, parts: list[dict[str, Any]], conventional: Chip) -> dict[str, Any]:
    """Return the share of products and J in the bottleneck, the link, and the layers fed events."""
    by_name = {part["name"]: part for part in parts}
    hearing = {}
    for name, found in system.hearing.items():
        times = system.steps if name == DIFFUSION else 1
        dense, sums = (sum(getattr(a, key) for a in found) for key in ("dense", "accumulates"))
        mac, accumulate = (
            (price_of(conventional, key).range() or (0.0,) * 3)[1]
            for key in ("fp32_mac", "fp32_accumulate")
        )
        hearing[name] = {
            "passes": times,
            "dense": dense,
            "accumulates": sums,
            "dense_j": dense * mac,
            "event_j": sums * accumulate,
        }
    macs = by_name[BOTTLENECK]["macs"] + sum(h["dense"] * h["passes"] for h in hearing.values())
    shares = [by_name[name]["share"] for name in (BOTTLENECK, LINK)]
    whole = by_name[LINK]["mid_j"] / by_name[LINK]["share"] if by_name[LINK]["share"] else None
    heard_j = sum(h["dense_j"] * h["passes"] for h in hearing.values())
    return {
        "macs_share": macs / max(sum(part["macs"] for part in parts), 1),
        "joules_share": None if None in shares or not whole else sum(shares) + heard_j / whole,
        "hearing": hearing,
    }


def _layers(found: Bill) -> list[dict[str, Any]]:
    """Return a row for each layer of a bill: its counts and its (low, mid, high) J."""
    rows: dict[str, list[Term]] = {}
    for term in found.terms:
        rows.setdefault(term.layer, []).append(term)
    return [
        {
            "layer": layer,
            **{name: sum(int(t.count) for t in terms if t.name == name) for name in QUANTITIES},
            **_range(summed(terms)),
        }
        for layer, terms in rows.items()
    ]


def _range(ends: tuple[float, float, float] | None) -> dict[str, float | None]:
    return dict(zip(("low_j", "mid_j", "high_j"), ends or (None,) * 3, strict=True))
